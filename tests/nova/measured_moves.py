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

"""What each operation charges, measured: of stock Nova and of hv_sched.

``python -m tests.nova.measured_moves`` measures all sides on this Nova and
writes doc/moves.json, of which ``python -m doc.generate moves`` makes the
page. What is measured is the sum of DISK_GB (and of escrow) that all
consumers hold of all providers, for one server of 300 GB, once with 500 GB
in all and, where that is refused, with 2000.
"""

import tests.nova  # noqa: F401  must be first: it patches

# isort: split

from collections.abc import Callable
import dataclasses
import json
import sys
import time
from typing import Any
import unittest

import nova.version

from doc import moves_page
from hv_sched.placement import names
from tests.nova import agent
from tests.nova import moving
from tests.nova import scripted

SIZE_GB = 300
_TIGHT_GB, _AMPLE_GB = 500, 2000
_STABLE_S = 0.4
# [GB of DISK_GB, GB of escrow]
Sum = list[int]


class Refused(Exception):
    """Nova found no host."""


@dataclasses.dataclass(frozen=True)
class Row:
    """An operation.

    :param do: given a server that runs (None when it makes its own) it does
        the operation and returns it with what was charged on the way, None
        where nothing lasts long enough to be seen
    :param keeps_disk: with [hv_sched]cold_move_keeps_disk
    """

    operation: str
    do: Callable[[Any, Any], tuple[Any, Sum | None]]
    makes_server: bool = False
    keeps_disk: bool = False


class Measured(moving.MovingCase):
    """hv_sched's side: the volume published by it, its plug-ins at work."""

    def setUp(self) -> None:
        super().setUp()
        self._seen: Sum | None = None
        self._live = self.useFixture(scripted.LiveMigrations(self._look))

    def measure(self) -> dict[str, Any]:
        return {row.operation: self._row(row) for row in ROWS
                if not row.keeps_disk or not self.STOCK}

    def _row(self, row: Row) -> dict[str, Any]:
        if not self.STOCK:
            self.flags(cold_move_keeps_disk=row.keeps_disk, group='hv_sched')
        found = self._try(row)
        admitted = found is not None
        if not admitted:
            self._size_volumes(_AMPLE_GB)
            found = self._try(row)
            self._size_volumes(_TIGHT_GB)
        return {'admitted': admitted, **(found or {})}

    def _try(self, row: Row) -> dict[str, Any] | None:
        server = None if row.makes_server else self.boot(self.big)
        try:
            server, during = row.do(self, server)
            after = self.settled_sum()
            found = {'during': during, 'after': after}
            if after[1]:
                agent.restorer(self.placement, self.api).restore(
                    full=False)
                found['restored'] = self.sum_now()
            return found
        except Refused:
            return None
        finally:
            self._clean_up()

    def _clean_up(self) -> None:
        for host in self.HOSTS:
            if self.is_down(host):
                self.come_back(host)
        for server in self.api.get_servers():
            self._delete_server(server)
        assert self.settled_sum() == [0, 0], self.all_shares()
        self.forget_snapshot()

    def _size_volumes(self, total_gb: int) -> None:
        for uuid in self.volumes.values():
            self.publisher.change_inventory(
                uuid, total=total_gb, max_unit=total_gb)

    # -- reading

    def sum_now(self) -> Sum:
        held = [resources for consumer in self.all_shares().values()
                for resources in consumer.values()]
        return [sum(one.get(rc, 0) for one in held)
                for rc in (names.DISK_GB, names.HELD_DISK_GB)]

    def settled_sum(self) -> Sum:
        """Nova ends operations a moment before it is done with them."""
        before, now = None, self.sum_now()
        while before != now:
            time.sleep(_STABLE_S)
            before, now = now, self.sum_now()
        return now

    def is_down(self, host: str) -> bool:
        return bool(self.api.get_services(
            host=host, binary='nova-compute')[0]['forced_down'])

    def other_than(self, host: str | None) -> str:
        return next(one for one in self.HOSTS if one != host)

    # -- operations

    def create(self, host: str | None = None) -> tuple[Any, None]:
        server = self.boot(self.big, host=host, state='')
        return self._alive(server), None

    def boot(self, flavor_id: str, state: str = 'ACTIVE', **kwargs: Any
             ) -> dict[str, Any]:
        if state:
            return super().boot(flavor_id, state, **kwargs)
        body = {'server': self._build_server(
            flavor_id=flavor_id, networks='none', **kwargs)}
        server = self.api.post_server(body)
        self._until_idle(server)
        return dict(server)

    def _alive(self, server: Any) -> Any:
        if self.api.get_server(server['id'])['status'] == 'ERROR':
            raise Refused
        return server

    def live(self, server: Any, end: str = 'post', named: bool = False,
             refusals: int = 0) -> tuple[Any, Sum | None]:
        host = self.host_of(server)
        self._seen = None
        self._live.expect(end, refusals)
        self.live_migrate(server, self.other_than(host) if named else None)
        if self._seen is None and not self._live.refused:
            raise Refused
        return server, self._seen

    def _look(self) -> None:
        self._seen = self.sum_now()

    def granular(self, size_gb: int = SIZE_GB) -> str:
        """A flavor that asks for its disk in a group of its own."""
        flavor = self.flavor(0)
        self.api.post_extra_spec(flavor, {'extra_specs': {
            'resources1:DISK_GB': str(size_gb)}})
        return flavor

    def on_granular(self, do: Callable[..., tuple[Any, Any]]
                    ) -> tuple[Any, Any]:
        return do(self.boot(self.granular()))

    def live_out_of_reach(self, server: Any) -> tuple[Any, Sum | None]:
        """To a named node, which does not reach the volume."""
        node = self.node(self.other_than(self.host_of(server)))
        traits = [*map(names.cut_off_trait, self.volumes.values())]
        self.publisher.add_traits(node, *traits)
        self.forget_snapshot()
        try:
            return self.live(server, named=True)
        finally:
            self.publisher.remove_traits(node, *traits)

    def resize_to(self, server: Any, flavor: str) -> tuple[Any, Sum]:
        return self.cold(server, {'resize': {'flavorRef': flavor}},
                         'confirmResize')

    def resize_to_ssd(self, server: Any) -> tuple[Any, Sum]:
        flavor = self.flavor(SIZE_GB)
        self.api.post_extra_spec(flavor, {'extra_specs': {
            f'trait:{names.MEDIUM["ssd"]}': 'required'}})
        return self.resize_to(server, flavor)

    def evacuation(self, server: Any, named: bool = False,
                   returns: bool = False) -> tuple[Any, Sum]:
        host = self.host_of(server)
        assert host
        self.crash(host)
        status = self.evacuate(server, self.other_than(host) if named
                               else None)
        if status != 'done':
            raise Refused
        during = self.settled_sum()
        if returns:
            self.come_back(host)
        return server, during

    def cold(self, server: Any, body: Any, then: str | None = None
             ) -> tuple[Any, Sum]:
        before = len(self.migrations(server))
        self.api.api_post(f'/servers/{server["id"]}/action', body,
                          check_response_status=[202, 400])
        if self.until_over(server, before) != 'finished':
            raise Refused
        during = self.settled_sum()
        if then:
            self.api.post_server_action(server['id'], {then: None})
            self.until_over(server, 0)
        return server, during

    def resize(self, server: Any, then: str) -> tuple[Any, Sum]:
        return self.cold(server, {'resize': {
            'flavorRef': self.flavor(SIZE_GB + 50)}}, then)

    def shelve(self, server: Any) -> tuple[Any, None]:
        self._shelve_server(server)
        return server, None

    def unshelve(self, server: Any, named: bool = False) -> tuple[Any, None]:
        self._shelve_server(server)
        self.api.post_server_action(server['id'], {'unshelve': {
            'host': 'h2'} if named else None})
        self._until_idle(server)
        if self.host_of(server) is None:
            raise Refused
        return server, None

    def rebuild(self, server: Any) -> tuple[Any, None]:
        self._rebuild_server(server, moving.base.IMAGE)
        return server, None

    def delete(self, server: Any) -> tuple[Any, None]:
        self._delete_server(server)
        return server, None

    def _until_idle(self, server: Any) -> None:
        self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None}, max_retries=60)


class HandPublished(Measured):
    """Stock Nova; the volume is a sharing provider, put in Placement by
    hand, and the nodes' own disks are closed by their ratio."""

    STOCK = True


class OwnDisks(Measured):
    """Stock Nova as it comes: each node reports the volume as its disk."""

    STOCK = True
    CLUSTERS = ()


MIGRATE = {'migrate': None}
ROWS = (
    Row('create', lambda cloud, _: cloud.create(), makes_server=True),
    Row('create on a named host', lambda cloud, _: cloud.create('h2'),
        makes_server=True),
    Row('live migration', Measured.live),
    Row('live migration to a named host',
        lambda cloud, server: cloud.live(server, named=True)),
    Row('live migration, first destination refuses',
        lambda cloud, server: cloud.live(server, refusals=1)),
    Row('live migration, every destination refuses',
        lambda cloud, server: cloud.live(server, refusals=9)),
    Row('live migration, rolled back',
        lambda cloud, server: cloud.live(server, 'error')),
    Row('live migration, aborted',
        lambda cloud, server: cloud.live(server, 'cancelled')),
    Row('live migration of a disk in a group of its own',
        lambda cloud, _: cloud.on_granular(cloud.live), makes_server=True),
    Row('live migration to a node that does not reach the volume',
        Measured.live_out_of_reach),
    Row('evacuation', Measured.evacuation),
    Row('evacuation, then the source returns',
        lambda cloud, server: cloud.evacuation(server, returns=True)),
    Row('evacuation to a named host',
        lambda cloud, server: cloud.evacuation(server, named=True)),
    Row('evacuation of a disk in a group of its own',
        lambda cloud, _: cloud.on_granular(cloud.evacuation),
        makes_server=True),
    Row('cold migration, confirmed',
        lambda cloud, server: cloud.cold(server, MIGRATE, 'confirmResize')),
    Row('cold migration, reverted',
        lambda cloud, server: cloud.cold(server, MIGRATE, 'revertResize')),
    Row('resize to 350 GB, confirmed',
        lambda cloud, server: cloud.resize(server, 'confirmResize')),
    Row('resize to 350 GB, reverted',
        lambda cloud, server: cloud.resize(server, 'revertResize')),
    *(Row(f'{row}, disk kept', do, keeps_disk=True) for row, do in (
        ('cold migration, confirmed', lambda cloud, server: cloud.cold(
            server, MIGRATE, 'confirmResize')),
        ('cold migration, reverted', lambda cloud, server: cloud.cold(
            server, MIGRATE, 'revertResize')),
        ('resize to 350 GB, confirmed',
         lambda cloud, server: cloud.resize(server, 'confirmResize')),
        ('resize to 350 GB, reverted',
         lambda cloud, server: cloud.resize(server, 'revertResize')))),
    Row('resize of a disk in a group of its own to 350 GB, disk kept',
        lambda cloud, _: cloud.on_granular(
            lambda server: cloud.resize_to(
                server, cloud.granular(SIZE_GB + 50))),
        makes_server=True, keeps_disk=True),
    Row('resize to a medium its volume is not of, disk kept',
        Measured.resize_to_ssd, keeps_disk=True),
    Row('shelve', Measured.shelve),
    Row('unshelve', Measured.unshelve),
    Row('unshelve to a named host',
        lambda cloud, server: cloud.unshelve(server, named=True)),
    Row('rebuild', Measured.rebuild),
    Row('delete', Measured.delete),
)
SIDES = {'own disks': OwnDisks, 'published by hand': HandPublished,
         'hv_sched': Measured}


def measure(side: str) -> dict[str, Any]:
    """Measure a side in a harness of its own."""
    found: dict[str, Any] = {}

    class Case(SIDES[side]):  # type: ignore[misc]
        def runTest(self) -> None:
            found.update(self.measure())

    result = unittest.TestResult()
    Case().run(result)
    for _, trace in (*result.errors, *result.failures):
        raise AssertionError(trace)
    return found


def main(sides: list[str]) -> int:
    """:param sides: those to measure again, all when none is named"""
    found = (json.loads(moves_page.RECORD.read_text()) if sides
             else {'nova': nova.version.version_string()})
    for side in sides or SIDES:
        found[side] = measure(side)
        moves_page.RECORD.write_text(json.dumps(found, indent=1) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
