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

"""Traits and resource classes of hv_sched that nothing uses any longer."""

from collections.abc import Callable
import contextlib

from hv_sched import exception
from hv_sched.placement import names
from hv_sched.placement.client import Placement

# Names that belong to one cluster's past, and those of hv_sched as a whole.
_PAST = (names.FORMER_RATIO_PREFIX, names.IMAGE_PREFIX, *names.HOME_PREFIXES,
         names.DISK_PREFIX, names.RESERVE_PREFIX, names.UNCOVERED_PREFIX,
         names.FLOOR_PERCENT_PREFIX, names.FLOOR_GB_PREFIX,
         names.OVERCOMMITTED_PREFIX, names.CUT_OFF_PREFIX)
_OURS = (names.CSV_PREFIX, names.HYPERV)
_OUR_CLASSES = (names.CSV_PREFIX, names.REMOTEFX_PREFIX)


def delete(client: Placement) -> None:
    """Delete names nobody uses; all of ours with the last cluster.

    While a cluster is left the scheduler's queries name some of them, and
    are refused where one does not exist. So two answers have to agree that
    none is left, and two that a volume is gone.
    """
    known = client.all_traits()
    in_use = client.all_traits(associated=True)
    volumes = [provider.uuid for provider in client.list_providers()
               if provider.name.startswith(names.VOLUME_NAME_PREFIX)]
    last = not (volumes or in_use & {names.VOLUME, *names.CLUSTERED_MARKS})
    needed = frozenset(map(names.cut_off_trait, volumes))
    for trait in sorted(known - in_use - needed):
        if trait.startswith(_PAST) or last and trait.startswith(_OURS):
            if not _is_of_a_volume(client, trait):
                _forget(client.delete_trait, trait)
    if last:
        for rc in sorted(client.resource_classes()):
            if rc.startswith(_OUR_CLASSES):
                _forget(client.delete_resource_class, rc)


def _is_of_a_volume(client: Placement, trait: str) -> bool:
    """Whether it says who does not reach a volume that there is."""
    if not trait.startswith(names.CUT_OFF_PREFIX):
        return False
    try:
        client.provider(names.volume_of(trait))
    except (ValueError, exception.PlacementNotFound):
        return False
    return True


def _forget(delete: Callable[[str], None], name: str) -> None:
    # Used again, or already gone: both are fine.
    with contextlib.suppress(exception.PlacementRefused):
        delete(name)
