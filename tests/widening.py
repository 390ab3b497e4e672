# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""What widens, by a judge that knows nothing of the package's own gate."""

from hv_sched.features import catalogue
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import changes
from hv_sched.providers.changes import Step

CLOSERS = (names.NO_NEW_DISKS, names.PAUSED, names.REDIRECTED,
           *(reason.trait for reason in names.Closed))
OFFERS = (*(f.trait for f in catalogue.ON_NODE), 'HW_CPU_X86_VMX',
          names.build_trait(14393), 'STORAGE_DISK_SSD', names.SHARING)


def widens(change):
    """Whether more can be placed after a change. Knows nothing of gate.py.

    Capacity up, reserved down, a closing trait gone, something offered that
    was not, an aggregate joined, a node out of its cluster, a provider gone.
    """
    if isinstance(change, changes.SetInventories):
        return any(_roomier(change.before.get(rc), after)
                   for rc, after in change.after.items()
                   if rc != 'CUSTOM_CSV_HELD_DISK_GB')
    if isinstance(change, changes.SetTraits):
        gained = change.after - change.before
        lost = change.before - change.after
        return bool(lost & {*CLOSERS, 'CUSTOM_HYPERV_CLUSTERED'}
                    or gained & set(OFFERS)
                    or any(trait.startswith('CUSTOM_CSV_CUT_OFF_')
                           for trait in lost))
    if isinstance(change, changes.SetAggregates):
        return bool(change.after - change.before) or (
            ids.home_aggregate(change.uuid)
            in change.before - change.after) or (
            change.step == Step.LEAVE_CLUSTER
            and change.after != change.before)
    return isinstance(change, changes.DeleteProvider)


def _roomier(before, after):
    if before is None:
        return int((after.total - after.reserved)
                   * after.allocation_ratio) > 0
    return (int((after.total - after.reserved) * after.allocation_ratio)
            > int((before.total - before.reserved) * before.allocation_ratio)
            or after.max_unit > before.max_unit)
