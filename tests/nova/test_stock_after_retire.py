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

"""Nova's own tests pass on nodes that were adopted and given back.

They know to the GB what every node must hold while servers move, fail to,
are built anew elsewhere and are deleted; nothing in them is changed.
"""

from nova.tests.functional import test_servers
import pytest

from hv_sched.placement import names
from tests.nova import adopting
from tests.nova import base
from tests.nova import publish

# Of Nova's 59 tests of moves, for every day; the others are long.
EVERY_DAY = (
    'test_migrate_confirm', 'test_live_migrate_rollback_cleans_dest_node_'
    'allocations',
    'test_evacuate_clean_hypervisor', 'test_soft_delete_then_reclaim',
    'test_rescheduling_when_booting_instance')


class _GivenBack(adopting.Adopting):
    """Between Nova's own setUp and its test."""

    _clear_attrs = base.NovaCase._clear_attrs

    def setUp(self):
        self.flags(api_paste_config=base.PASTE, group='wsgi')
        super().setUp()
        nodes = tuple(sorted(self.computes))
        uuids = [self._get_provider_uuid_by_host(node) for node in nodes]
        # As large as they say: another size would be refused.
        size_gb = self._get_provider_inventory(uuids[0])['DISK_GB']['total']
        self.connect(publish.cluster('c1', {'CSV1': nodes}, size_gb))
        before = [self.own.inventories(uuid)[1] for uuid in uuids]
        self.assertEqual((), self.adopt().findings)
        self.assertNotEqual(
            before, [self.own.inventories(uuid)[1] for uuid in uuids])
        self.assertEqual((), self.retire().findings)
        self.assertEqual(
            before, [self.own.inventories(uuid)[1] for uuid in uuids])
        self.assertNotIn(names.VOLUME, self.own.all_traits())

    def refresh_computes(self):
        for compute in self.computes.values():
            compute.manager.reportclient.clear_provider_cache()
        self._run_periodics()


class Moves(_GivenBack, test_servers.ServerMovingTests):
    pass


class Reschedules(_GivenBack, test_servers.ServerRescheduleTests):
    pass


class AbortedBuilds(_GivenBack, test_servers.ServerBuildAbortTests):
    pass


class FailedUnshelves(_GivenBack, test_servers.ServerUnshelveSpawnFailTests):
    pass


class SoftDeletes(_GivenBack, test_servers.ServerSoftDeleteTests):
    pass


def _mark_the_long_ones() -> None:
    for case in (Moves, Reschedules, AbortedBuilds, FailedUnshelves,
                 SoftDeletes):
        for name in dir(case):
            if name.startswith('test_') and name not in EVERY_DAY:
                setattr(case, name, pytest.mark.long(getattr(case, name)))


_mark_the_long_ones()
