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

"""Where the time of select_destinations goes, with Nova alone and with ours.

Real scheduler manager; a real Placement in processes of its own, on MariaDB,
with a large cloud seeded in the databases. Nova's filters and weighers alone
and the same with hv_sched's take turns on the same cloud. Each part is timed
by the clock and by the processor time of its thread: the second is what our
Python costs, on a busy machine, too::

    python -m benchmarks.scheduling --output result.json
"""

import tests.nova  # noqa: F401  must be first: it patches

# isort: split

from collections.abc import Callable
import contextlib
import logging
import os
import pathlib
import statistics
import sys
import tempfile
import threading
import time
from typing import Any

from nova import context as nova_context
from nova import objects
from nova.db.api import api as api_db
from nova.db.api import models as api_models
from nova.db.main import api as main_db
from nova.db.main import models
from nova.scheduler import request_filter
from nova.scheduler import utils as scheduler_utils
from nova.scheduler.client import report
from oslo_utils import uuidutils

from benchmarks import circumstances
from benchmarks import harness
from benchmarks import placement_rows
from benchmarks import seeded_placement
from benchmarks import select_destinations
from hv_sched.placement import names
from hv_sched.snapshot import cache
from tests.functional import mariadb
from tests.functional import placement_process

SETTINGS: dict[str, Any] = {
    'hosts': 1000, 'volumes': [4], 'rounds': 15, 'at_once': 8,
    'workers': 2}
RESULT: dict[str, Any] = {}
# Parts of hv_sched, and of Nova what both sides have.
OURS = ('request filters', 'filters', 'weighers')
SHARED = ('candidates', 'claim')
SIDES = ('stock', 'hv_sched')
Parts = dict[str, list[float]]


class Stopwatch:
    """Seconds of the clock and of the processor, by part."""

    def __init__(self) -> None:
        self.parts: Parts = {}

    def timed(self, part: str, function: Callable[..., Any]
              ) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            begun, cpu = time.perf_counter(), time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent = self.parts.setdefault(part, [0.0, 0.0])
                spent[0] += time.perf_counter() - begun
                spent[1] += time.thread_time() - cpu
        return call

    def take(self) -> Parts:
        """Those since the last call."""
        taken, self.parts = self.parts, {}
        return taken


class Scheduling(select_destinations.SelectDestinations):
    """Not a test: the harness is the cloud that is measured."""

    FILTERS = ('HyperVFeatureFilter', 'SharedVolumeFilter')

    def setUp(self) -> None:
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        folder = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory()))
        address, self._url = stack.enter_context(placement_process.endpoint(
            folder, mariadb, SETTINGS['workers']))
        super().setUp()
        # Nova's client and the publisher's, both by the fixture.
        self.placement.fixture.endpoint = address

    def runTest(self) -> None:
        self.flags(max_placement_results=1000, group='scheduler')
        logging.getLogger().setLevel(logging.ERROR)
        self._flavor = self.flavor(10)
        self._seed()
        self._watch = Stopwatch()
        self._sides = self._make_sides()
        RESULT.update(circumstances.of_this_run(), **{
            **SETTINGS, 'volumes': SETTINGS['volumes'][0]},
            **self._measure_parts(), at_once_ms=self._measure_at_once())

    # -- the cloud

    def _seed(self) -> None:
        for name in (names.NO_NEW_DISKS, names.PAUSED):
            self._put(f'/traits/{name}')
        self._put(f'/resource_classes/{names.HELD_DISK_GB}')
        for trait in ('CUSTOM_HYPERV_GEN1', 'CUSTOM_HYPERV_GEN2'):
            self._put(f'/traits/{trait}')
        cloud = seeded_placement.cloud(SETTINGS['hosts'],
                                       SETTINGS['volumes'][0])
        seeded_placement.write(cloud, placement_rows.Database(self._url))
        self._start_compute('model')
        self.publisher.change_inventory(self.node('model'), reserved=500)
        with nova_context.target_cell(
                nova_context.get_admin_context(),
                self.cell_mappings['cell1']) as cell:
            _write_nodes(cell, cloud.nodes)
        _write_mappings(nova_context.get_admin_context(), cloud.nodes,
                        self.cell_mappings['cell1'].id)
        self.forget_snapshot()

    def _put(self, path: str) -> None:
        found = self.placement.put(path, None, version='1.39')
        assert found.status in (201, 204), found.body

    # -- the two sides

    def _make_sides(self) -> dict[str, tuple[Any, list[Any]]]:
        """A manager and its request filters, each part timed."""
        ours = self.scheduler_service.manager
        every = list(request_filter.ALL_REQUEST_FILTERS)
        stock = self._stock_manager()
        for manager in (ours, stock):
            for kind, objects_, method in (
                    ('filters', manager.host_manager.enabled_filters,
                     'filter_all'),
                    ('weighers', manager.host_manager.weighers,
                     'weigh_objects')):
                for each in objects_:
                    if type(each).__module__.startswith('hv_sched'):
                        setattr(each, method, self._watch.timed(
                            kind, getattr(each, method)))
        client = report.SchedulerReportClient
        self.stub_out('nova.scheduler.client.report.SchedulerReportClient.'
                      'get_allocation_candidates', self._watch.timed(
                          'candidates', client.get_allocation_candidates))
        self.stub_out('nova.scheduler.utils.claim_resources',
                      self._watch.timed(
                          'claim', scheduler_utils.claim_resources))
        is_ours = [each.__module__.startswith('hv_sched') for each in every]
        return {'stock': (stock, [each for each, mine in zip(
                    every, is_ours, strict=True) if not mine]),
                'hv_sched': (ours, [
                    self._watch.timed('request filters', each) if mine
                    else each for each, mine in zip(
                        every, is_ours, strict=True)])}

    # -- measures

    def _measure_parts(self) -> dict[str, Any]:
        for side in SIDES:
            self._once(side)  # fills Nova's caches
        cache.get()
        rows: dict[str, list[dict[str, Any]]] = {side: [] for side in SIDES}
        for number in range(SETTINGS['rounds']):
            for side in SIDES if number % 2 else SIDES[::-1]:
                rows[side].append(self._once(side))
        return {side: _summary(some) for side, some in rows.items()} | {
            'added': _added(rows)}

    def _once(self, side: str) -> dict[str, Any]:
        """Milliseconds of one request, by part; its servers' too."""
        scheduler, filters = self._sides[side]
        request_filter.ALL_REQUEST_FILTERS[:] = filters
        self._watch.take()
        before, begun = len(self.observed.requests), time.perf_counter()
        cpu, servers = time.thread_time(), servers_cpu_seconds()
        server = self._select(scheduler)
        row = {'ms': (time.perf_counter() - begun) * 1000,
               'cpu_ms': (time.thread_time() - cpu) * 1000,
               'placement_cpu_ms': (servers_cpu_seconds() - servers) * 1000,
               'requests': len(self.observed.requests) - before,
               'parts': {part: [each * 1000 for each in spent] for
                         part, spent in self._watch.take().items()}}
        self.placement.delete(f'/allocations/{server}')
        return row

    def _select(self, scheduler: Any) -> str:
        server = uuidutils.generate_uuid()
        found = scheduler.select_destinations(
            nova_context.get_admin_context(),
            spec_obj=self.request_spec(server, self._flavor),
            instance_uuids=[server], return_objects=True,
            return_alternates=True)
        assert found[0][0].service_host.startswith('hv'), found
        return server

    def _measure_at_once(self) -> dict[str, Any]:
        """Each of some requests that are made at the same time."""
        figures: dict[str, Any] = {}
        for side in SIDES:
            scheduler, filters = self._sides[side]
            request_filter.ALL_REQUEST_FILTERS[:] = filters
            rows: list[float] = []
            begun = time.perf_counter()

            def serve(scheduler: Any = scheduler,
                      rows: list[float] = rows) -> None:
                start = time.perf_counter()
                server = self._select(scheduler)
                rows.append((time.perf_counter() - start) * 1000)
                self.placement.delete(f'/allocations/{server}')

            threads = [threading.Thread(target=serve)
                       for _ in range(SETTINGS['at_once'])]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            figures[side] = {
                'served': len(rows), 'p50': round(statistics.median(rows)),
                'p99': round(max(rows)), 'all': round(
                    (time.perf_counter() - begun) * 1000)}
        return figures


@main_db.pick_context_manager_writer
def _write_nodes(context: Any, nodes: dict[str, str]) -> None:
    """Records as those nodes' nova-computes would make them."""
    pattern = {column.name: getattr(row, column.name) for row in (
        context.session.query(models.ComputeNode).first(),)
        for column in models.ComputeNode.__table__.columns}
    for name in ('id', 'created_at', 'updated_at', 'service_id'):
        pattern.pop(name)
    context.session.execute(models.Service.__table__.insert(), [
        {'host': name, 'binary': 'nova-compute', 'topic': 'compute',
         'report_count': 1, 'disabled': False, 'forced_down': False,
         'deleted': 0, 'version': objects.service.SERVICE_VERSION,
         'uuid': uuidutils.generate_uuid(), 'last_seen_up': None}
        for name in nodes])
    context.session.execute(models.ComputeNode.__table__.insert(), [
        {**pattern, 'host': name, 'hypervisor_hostname': name, 'uuid': uuid}
        for name, uuid in nodes.items()])


@api_db.context_manager.writer
def _write_mappings(context: Any, nodes: dict[str, str], cell: int) -> None:
    context.session.execute(api_models.HostMapping.__table__.insert(), [
        {'host': name, 'cell_id': cell} for name in nodes])


def servers_cpu_seconds() -> float:
    """Processor time of Placement's and MariaDB's processes so far."""
    parents: dict[int, tuple[int, float]] = {}
    tick = os.sysconf('SC_CLK_TCK')
    for entry in pathlib.Path('/proc').iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / 'stat').read_text().rpartition(
                    ')')[2].split()
                parents[int(entry.name)] = int(fields[1]), (
                    int(fields[11]) + int(fields[12])) / tick
    return sum(seconds for pid, (_parent, seconds) in parents.items()
               if pid != os.getpid() and _descends(pid, parents))


def _descends(pid: int, parents: dict[int, tuple[int, float]]) -> bool:
    while pid in parents:
        if pid == os.getpid():
            return True
        pid = parents[pid][0]
    return False


def _summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """p50 and p99 of the clock, medians of the rest."""
    clock = sorted(row['ms'] for row in rows)
    return {'p50_ms': round(statistics.median(clock), 1),
            'p99_ms': round(clock[-1], 1),
            'cpu_ms': _median(rows, 'cpu_ms'),
            'placement_cpu_ms': round(statistics.fmean(
                row['placement_cpu_ms'] for row in rows), 1),
            'requests': _median(rows, 'requests'),
            'parts': {part: _part(rows, part) for part in (*OURS, *SHARED)
                      if any(part in row['parts'] for row in rows)}}


def _part(rows: list[dict[str, Any]], part: str) -> dict[str, float]:
    spent = [row['parts'].get(part, [0.0, 0.0]) for row in rows]
    return {'p50_ms': round(statistics.median(
                clock for clock, _cpu in spent), 2),
            'cpu_ms': round(statistics.median(
                cpu for _clock, cpu in spent), 2)}


def _median(rows: list[dict[str, Any]], name: str) -> float:
    return round(statistics.median(row[name] for row in rows), 1)


def _added(rows: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """Ratios to Nova alone, all of it: the scheduler and Placement."""
    ours = [sum(cpu for part, (_clock, cpu) in row['parts'].items()
                if part in OURS) for row in rows['hv_sched']]
    stock = statistics.median(row['cpu_ms'] for row in rows['stock'])
    servers = {side: statistics.fmean(
        row['placement_cpu_ms'] for row in rows[side]) for side in SIDES}
    return {'our_python_cpu_ms': round(statistics.median(ours), 2),
            'our_python_of_stock': round(
                statistics.median(ours) / (stock + servers['stock']), 4),
            'our_python_of_stock_scheduler': round(
                statistics.median(ours) / stock, 4),
            'ratio_of_pairs': round(statistics.median(
                mine['ms'] / nova['ms'] for mine, nova in zip(
                    rows['hv_sched'], rows['stock'], strict=True)), 3),
            'ratio_of_processor_time': round(
                (statistics.median(row['cpu_ms'] for row in rows['hv_sched'])
                 + servers['hv_sched']) / (stock + servers['stock']), 3)}


def main() -> int:
    parser = harness.parser(__doc__, SETTINGS, 'hosts', 'rounds', 'at_once',
                            'workers')
    parser.add_argument('--volumes', type=int, nargs=1,
                        default=SETTINGS['volumes'],
                        help='of each cluster of 16 nodes')
    return harness.main(parser, Scheduling, SETTINGS, RESULT)


if __name__ == '__main__':
    sys.exit(main())
