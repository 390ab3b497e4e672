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

"""A cloud is taken through every state of the table of shares."""

from typing import Any

import fixtures
from nova import exception

from hv_sched.drivers import Leftover
from hv_sched.drivers import Reach
from tests.nova import share_table
from tests.nova.kvm import case
from tests.nova.kvm import cells
from tests.nova.kvm.cells import Cell
from tests.nova.kvm.cells import Copies
from tests.nova.kvm.cells import LARGE_GB
from tests.nova.kvm.cells import SIZE_GB


class Story(cells.CellCase):
    """Each story has a server of its own."""

    def tell(self) -> dict[str, Cell]:
        for story in (self.created, self.live, self.live_elsewhere,
                      self.live_fails, self.cold, self.cold_reverted,
                      self.cold_elsewhere, self.grown, self.grown_reverted,
                      self.finish_fails, self.evacuated,
                      self.evacuated_elsewhere, self.shelved):
            story()
        return self.cells

    def created(self) -> None:
        server, table = self.new()
        self.see('created', server, table)
        self._rebuild_server(server, case.base.IMAGE)
        self.see('rebuilt', server, table)
        self.over(server)
        table.offloaded()
        self.see('deleted', server, table)

    def live(self) -> None:
        server, table = self.new()
        moving = share_table.Pending(
            'n1', SIZE_GB, {'A': SIZE_GB}, True, 'A', None)
        self.see_during('live migrating', server, moving, table)
        assert self.live_migrate(server, 'n2') == 'completed'
        table.live_migrated('n2')
        self.see('live migrated', server, table)
        self.over(server)

    def live_elsewhere(self) -> None:
        server, table = self.new()
        if self.driver.live_move_reach is Reach.CLUSTER:
            moving = share_table.Pending(
                'n1', SIZE_GB, {'A': SIZE_GB}, True, 'A', None)
            dest = table
        else:
            moving = share_table.Pending(
                'n1', SIZE_GB, {'A': SIZE_GB}, False, 'A', None)
            dest = share_table.Server(SIZE_GB)
            dest.built('n3', 'B')
        self.see_during('live migrating to another home', server, moving,
                        dest)
        assert self.live_migrate(server, 'n3') == 'completed'
        dest.live_migrated('n3')
        self.see('live migrated to another home', server, dest)
        self.over(server)
        left = (self.copies_gb(server) if self.driver.evacuation
                is Leftover.KEPT else {})
        dest.offloaded()
        self.see('deleted in another home', server, dest, leftover=left)

    def live_fails(self) -> None:
        server, table = self.new()
        with fixtures.MonkeyPatch(
                'nova.tests.fixtures.libvirt.Domain.migrateToURI3',
                lambda domain, *_args: domain.fail_job()):
            assert self.live_migrate(server, 'n2') != 'completed'
        table.live_migration_failed()
        self.see('live migration rolled back', server, table)
        self.restored()
        table.restored()
        self.see('restored after a rollback', server, table)
        self.over(server)

    def _moved(self, table: share_table.Server, host: str, gb: int) -> None:
        if self.driver.cold_move_keeps_disk:
            table.cold_moved_in_place(host, gb)
        else:
            table.cold_moved(host, self.KVM[host] or '', gb)

    def cold(self) -> None:
        server, table = self.new()
        self.migrate(server, 'n2')
        self._moved(table, 'n2', SIZE_GB)
        self.see('cold migrated', server, table)
        self.confirm(server)
        table.confirmed()
        self.see('cold migration confirmed', server, table)
        self.over(server)

    def cold_reverted(self) -> None:
        server, table = self.new()
        self.migrate(server, 'n2')
        self._moved(table, 'n2', SIZE_GB)
        self.revert(server)
        table.reverted()
        self.see('cold migration reverted', server, table)
        self.restored()
        table.restored()
        self.see('restored after a revert', server, table)
        self.over(server)

    def cold_elsewhere(self) -> None:
        """Where it cannot take its disk, it is refused and nothing moves."""
        server, table = self.new()
        if self.driver.cold_move_reach is Reach.HOME:
            self.api.api_post(f'/servers/{server["id"]}/action',
                              {'migrate': {'host': 'n3'}},
                              check_response_status=[202, 400])
            self.until_over(server, 0)
            self.see('cold migration to another home refused', server,
                     table)
            self.over(server)
            return
        self.migrate(server, 'n3')
        self._moved(table, 'n3', SIZE_GB)
        self.see('cold migrated to another home', server, table)
        self.confirm(server)
        table.confirmed()
        self.see('cold migration to another home confirmed', server, table)
        self.over(server)

    def _grow(self) -> tuple[Any, share_table.Server]:
        server, table = self.new()
        with self.none_elsewhere():
            self.resize(server, self._flavor(LARGE_GB))
        self._moved(table, 'n2', LARGE_GB)
        return server, table

    def grown(self) -> None:
        server, table = self._grow()
        self.see('resized', server, table)
        self.confirm(server)
        table.confirmed()
        self.see('resize confirmed', server, table)
        self.over(server)

    def grown_reverted(self) -> None:
        server, table = self._grow()
        self.revert(server)
        table.reverted()
        self.see('resize reverted', server, table)
        self.restored()
        table.restored()
        self.see('restored after a reverted resize', server, table)
        self.over(server)

    def finish_fails(self) -> None:
        """After the disk was made larger; the server is in ERROR."""
        server, table = self.new()
        with self._no_guests(), self.none_elsewhere():
            self.api.post_server_action(server['id'], {'resize': {
                'flavorRef': self._flavor(LARGE_GB)}})
            self._wait_for_state_change(server, 'ERROR')
        self._moved(table, 'n2', LARGE_GB)
        # Nova drops what the migration holds; the files set aside stay.
        set_aside = ({} if self.driver.cold_move_keeps_disk
                     else {'A': [SIZE_GB]})
        table.confirmed()
        self.see('resize failed to finish', server, table,
                 leftover=set_aside)
        self.over(server)
        # It takes only one of two folders away, and then neither.
        left = {} if self.driver.cold_move_keeps_disk else {
            'A': [SIZE_GB, LARGE_GB]}
        self.see_left('deleted after that', server, left)

    @staticmethod
    def _no_guests() -> Any:
        def fail(*_args: Any, **_kwargs: Any) -> None:
            raise exception.VirtualInterfaceCreateException

        return fixtures.MonkeyPatch(
            'nova.virt.libvirt.driver.LibvirtDriver.'
            '_create_guest_with_network', fail)

    def evacuated(self) -> None:
        server, table = self.new()
        self.crash('n1')
        assert self.evacuate(server, 'n2') == 'done'
        table.evacuated('n2', 'A')
        self.see('evacuated', server, table)
        self.come_back('n1')
        table.came_back('n1')
        self.see('evacuated, the source is back', server, table)
        self.over(server)

    def evacuated_elsewhere(self) -> None:
        server, table = self.new()
        self.crash('n1')
        assert self.evacuate(server, 'n3') == 'done'
        table.evacuated('n3', 'B')
        self.see('evacuated to another home', server, table)
        self.come_back('n1')
        table.came_back('n1')
        is_kept = self.driver.evacuation is Leftover.KEPT
        self.see('evacuated to another home, the source is back', server,
                 table, cleaned='' if is_kept else 'A')
        self.restored()
        if not is_kept:
            table.settled()
        self.see('evacuated to another home, and audited', server, table)
        self.over(server)
        left = {'A': [SIZE_GB]} if is_kept else {}
        self.see_left('deleted after an evacuation to another home', server,
                      left)

    def see_left(self, name: str, server: Any, left: Copies) -> None:
        self.see(name, server, share_table.Server(0), leftover=left)

    def shelved(self) -> None:
        server, table = self.new()
        self._shelve_server(server)
        table.offloaded()
        self.see('shelved', server, table)
        self.api.post_server_action(server['id'],
                                    {'unshelve': {'host': 'n2'}})
        self._wait_for_state_change(server, 'ACTIVE')
        table.built('n2', 'A')
        self.see('unshelved', server, table)
        self.over(server)
