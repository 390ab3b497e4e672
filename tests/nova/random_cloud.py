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

"""A cloud that random operations are done on, judged by the share table.

Each operation is done to its end; what Nova decided (which host, done or
not) is taken from Nova, what Placement must say then from share_table.
"""

import random
import time
from typing import Any

from tests.nova import agent
from tests.nova import base
from tests.nova import moving
from tests.nova import scripted
from tests.nova import share_table

ONE_VOLUME: dict[str, tuple[str, ...]] = {'CSV1': ('h1', 'h2', 'h3', 'h4')}
TWO_HOMES: dict[str, tuple[str, ...]] = {
    'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')}
# A live migration's end -> whether it is one.
ENDS = {'post': 'completed', 'error': 'error', 'cancelled': 'cancelled'}


class Cloud(moving.MovingCase):
    """Brought up by ``up`` and taken down by ``down``: it is no test."""

    HOSTS = ('h1', 'h2', 'h3', 'h4')

    def runTest(self) -> None:
        """unittest asks for one."""

    @classmethod
    def up(cls, layout: str, keeps_disk: bool) -> 'Cloud':
        homes = {'one volume': ONE_VOLUME}.get(layout, TWO_HOMES)
        chooses = layout == 'placement chooses'
        case = type(cls.__name__, (cls,), {
            'CLUSTERS': (homes,), 'CHOOSES': chooses,
            'OPTIONS': {'cold_move_keeps_disk': keeps_disk}})()
        # oslo.db names its databases at random, and hypothesis begins each
        # example with the same seed.
        random.seed()
        try:
            case.setUp()
        except BaseException:
            case.doCleanups()
            raise
        case.keeps_disk = keeps_disk
        case.table = share_table.Volumes({
            host: tuple(volume for volume, nodes in homes.items()
                        if chooses or host in nodes)
            for host in cls.HOSTS})
        return case

    def down(self) -> None:
        self.tearDown()
        assert self.doCleanups()

    def setUp(self) -> None:
        super().setUp()
        self.keeps_disk = False
        self.table = share_table.Volumes({})
        self.states: dict[str, str] = {}
        self.is_down: set[str] = set()
        self._flavors: dict[int, str] = {}
        self._during: base.Shares = {}
        self.live = self.useFixture(scripted.LiveMigrations(self._look))

    def _look(self) -> None:
        self._during = self._on_volumes()

    # -- which servers an operation is legal for

    def servers(self, *states: str, down: bool = False) -> list[str]:
        """Those in one of the states, on nodes that are up, or down.

        A resize to be confirmed needs its old node, too.
        """
        return [uuid for uuid, server in self.table.servers.items()
                if (not states or self.states[uuid] in states)
                and bool({server.host, server.pending and server.pending.host}
                         & self.is_down) is down]

    def to_evacuate(self) -> list[str]:
        return self.servers('ACTIVE', 'SHUTOFF', down=True)

    def to_resize(self) -> list[str]:
        """Two copies left by an evacuation are healed before."""
        return [uuid for uuid in self.servers('ACTIVE', 'SHUTOFF')
                if len(self.table.servers[uuid].copies) == 1]

    # -- operations

    def create(self, gb: int) -> None:
        fits = self.table.fits_on(self._up(), gb)
        found = self.boot(self._flavor_of(gb),
                          state='ACTIVE' if fits else 'ERROR')
        if not fits:
            self._delete_server(found)
            return
        server = share_table.Server(gb)
        self._built(found['id'], server)
        self.table.servers[found['id']] = server

    def migrate_live(self, uuid: str, end: str, refusals: int = 0) -> None:
        """:param end: how it ends on the node that does not refuse"""
        server = self.table.servers[uuid]
        others = self._up() - {server.host}
        self.live.expect(end, refusals)
        status = self.live_migrate({'id': uuid})
        if refusals >= len(others):
            assert status == 'error', status
            server.live_migration_failed()
            return
        assert status == ENDS[end], (status, self._why(uuid))
        self._check_during(uuid, server)
        if end == 'post':
            server.live_migrated(self._host(uuid))
        else:
            server.live_migration_failed()

    def _check_during(self, uuid: str, server: share_table.Server) -> None:
        """One share, and the same amount as escrow of the migration."""
        migration = self.migrations({'id': uuid})[-1].uuid
        for consumer, rc in ((uuid, share_table.DISK),
                             (migration, share_table.HELD)):
            assert self._during[consumer] == {
                volume: {rc: gb} for volume, gb in server.copies.items()
            }, self._during

    def move_cold(self, uuid: str, more_gb: int = 0) -> None:
        """Cold migrate, or resize by some GB."""
        server = self.table.servers[uuid]
        gb = server.gb + more_gb
        fits = self._cold_fits(server, gb)
        before = len(self.migrations({'id': uuid}))
        body = {'resize': {'flavorRef': self._flavor_of(gb)}} if more_gb else (
            {'migrate': None})
        self.api.api_post(f'/servers/{uuid}/action', body,
                          check_response_status=[202, 400])
        status = self.until_over({'id': uuid}, before)
        assert (status == 'finished') is fits, (status, self._why(uuid))
        if not fits:
            return
        if self.keeps_disk:
            server.cold_moved_in_place(self._host(uuid), gb)
        else:
            host = self._host(uuid)
            server.cold_moved(host, self._volume(uuid, host), gb)

    def _cold_fits(self, server: share_table.Server, gb: int) -> bool:
        if self.keeps_disk:
            return all(self.table.room_gb(volume) >= gb - old_gb
                       for volume, old_gb in server.copies.items())
        return self.table.fits_on(self._up() - {server.host}, gb)

    def confirm(self, uuid: str) -> None:
        self._end_resize(uuid, 'confirmResize', 'confirmed')
        self.table.servers[uuid].confirmed()

    def revert(self, uuid: str) -> None:
        self._end_resize(uuid, 'revertResize', 'reverted')
        self.table.servers[uuid].reverted()

    def _end_resize(self, uuid: str, action: str, status: str) -> None:
        self.api.post_server_action(uuid, {action: None})
        ended = self.until_over({'id': uuid}, 0)
        assert ended == status, (ended, self._why(uuid))

    def evacuate_one(self, uuid: str) -> None:
        server = self.table.servers[uuid]
        stays = self.table.homes_nodes(server.copies) & self._up()
        fits = bool(stays) or self.table.fits_on(self._up(), server.gb)
        status = self.evacuate({'id': uuid})
        assert status == ('done' if fits else 'error'), (
            status, self._why(uuid))
        if not fits:
            # Nova gives it up; an administrator says that it is not lost.
            self.api.post_server_action(
                uuid, {'os-resetState': {'state': 'active'}})
            return
        host = self._host(uuid)
        assert not stays or host in stays, (host, stays)
        server.evacuated(host, self._taken_up(host, server) if stays
                         else self._volume(uuid, host, set(server.copies)))

    def _taken_up(self, host: str, server: share_table.Server) -> str:
        """Which copy a node finds; the one it ran from if it finds both."""
        found = set(self.table.reach[host]) & set(server.copies)
        if server.at in found:
            return str(server.at)
        volume, = found
        return volume

    def crash_one(self, host: str) -> None:
        self.crash(host)
        self.is_down.add(host)

    def come_back_one(self, host: str) -> None:
        self.come_back(host)
        self.is_down.discard(host)
        for server in self.table.servers.values():
            server.came_back(host)

    def shelve(self, uuid: str) -> None:
        self._shelve_server({'id': uuid})
        self.table.servers[uuid].offloaded()

    def unshelve(self, uuid: str) -> None:
        server = self.table.servers[uuid]
        fits = self.table.fits_on(self._up(), server.gb)
        self.api.post_server_action(uuid, {'unshelve': None})
        self._until_idle(uuid)
        state = self.api.get_server(uuid)['status']
        assert (state != 'SHELVED_OFFLOADED') is fits, self._why(uuid)
        if fits:
            self._built(uuid, server)

    def rebuild(self, uuid: str) -> None:
        self.api.post_server_action(uuid, {'rebuild': {
            'imageRef': base.IMAGE}})
        self._until_idle(uuid)

    def stop_or_start(self, uuid: str) -> None:
        action = 'os-stop' if self.states[uuid] == 'ACTIVE' else 'os-start'
        self.api.post_server_action(uuid, {action: None})
        self._until_idle(uuid)

    def to_delete(self) -> list[str]:
        """Nova confirms a resize first, which the former host has to do."""
        return sorted(uuid for uuid, server in self.table.servers.items()
                      if not server.pending
                      or server.pending.host not in self.is_down)

    def delete(self, uuid: str) -> None:
        self._delete_server({'id': uuid})
        del self.table.servers[uuid], self.states[uuid]

    def for_the_agent(self, full: bool) -> bool:
        """Whether a pass has something to do."""
        return any(server.held or (full and (
            len(server.copies) > 1 or {*server.copies.values()} - {
                server.gb})) for server in self.table.servers.values())

    def agent_passes(self, full: bool) -> None:
        """What evacuations and smaller sizes left is for a full one."""
        restorer = agent.restorer(self.placement, self.api, self.keeps_disk)
        # Of two copies the wrong one goes first, then the size is seen to.
        for _pass in range(2 if full else 1):
            result = restorer.restore(full=full)
            assert result.findings == (), result.findings
        for server in self.table.servers.values():
            if full:
                server.settled()
            else:
                server.restored()

    def delete_all(self) -> None:
        """Nodes come back, servers go: nothing is left."""
        for host in sorted(self.is_down):
            self.come_back_one(host)
        for uuid in list(self.table.servers):
            self.delete(uuid)
        self.check()
        assert self._soon(self.all_shares, {}) == {}

    # -- what must be so

    def check(self) -> None:
        """Placement says what the table says, to the GB."""
        self.forget_snapshot()
        for uuid in self.table.servers:
            found = self.api.get_server(uuid)
            self.states[uuid] = found['status']
            assert found['OS-EXT-SRV-ATTR:host'] == (
                self.table.servers[uuid].host), found
        wanted = self._wanted()
        found = self._soon(self._on_volumes, wanted)
        assert found == wanted, f'Placement says {found}, not {wanted}'
        for volume in self.volumes:
            assert self.table.room_gb(volume) >= 0, (volume, found)

    def _wanted(self) -> base.Shares:
        wanted = {}
        for uuid, server in self.table.servers.items():
            wanted[uuid] = server.shares()
            if server.pending:
                migration = self.migrations({'id': uuid})[-1].uuid
                wanted[migration] = server.migrations_shares()
        return {uuid: shares for uuid, shares in wanted.items() if shares}

    def _on_volumes(self) -> base.Shares:
        found = {uuid: {provider: amounts
                        for provider, amounts in held.items()
                        if provider in self.volumes}
                 for uuid, held in self.all_shares().items()}
        return {uuid: shares for uuid, shares in found.items() if shares}

    # -- details

    def _soon(self, read: Any, wanted: Any) -> Any:
        """Nova ends operations a moment before it is done with them."""
        end = time.monotonic() + base.PATIENCE_SECONDS
        while (found := read()) != wanted and time.monotonic() < end:
            time.sleep(0.1)
        return found

    def _until_idle(self, uuid: str) -> None:
        self._wait_for_server_parameter(
            {'id': uuid}, {'OS-EXT-STS:task_state': None}, max_retries=60)

    def _built(self, uuid: str, server: share_table.Server) -> None:
        host = self._host(uuid)
        server.built(host, self._volume(uuid, host))

    def _volume(self, uuid: str, host: str,
                without: set[str] | None = None) -> str:
        """Where a new disk is: one the host may use, as Placement says."""
        volume, = self.disk_of(uuid).keys() - (without or set())
        assert volume in self.table.reach[host], (volume, host)
        return str(volume)

    def _host(self, uuid: str) -> str:
        host = self.host_of({'id': uuid})
        assert host, self.api.get_server(uuid)
        return host

    def _up(self) -> set[str]:
        return set(self.HOSTS) - self.is_down

    def _flavor_of(self, gb: int) -> str:
        if gb not in self._flavors:
            self._flavors[gb] = self.flavor(gb)
        return self._flavors[gb]

    def _why(self, uuid: str) -> tuple[str, list[str]]:
        return (self.fault_of({'id': uuid}),
                self.logged('is refused|No valid host|Traceback')[-5:])
