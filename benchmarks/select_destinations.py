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

"""What hv_sched adds to the time of select_destinations.

Real scheduler manager, Placement and databases in one process; 1000 hosts,
clusters of 16 nodes with 4 volumes each. Nova's filters and weighers alone
and the same with hv_sched's take turns on the same cloud::

    python -m benchmarks.select_destinations --output result.json
"""

import tests.nova  # noqa: F401  must be first: it patches

# isort: split

from collections.abc import Callable
import logging
import statistics
import sys
import time
from typing import Any

from nova import context as nova_context
from nova import objects
from nova.scheduler import manager
from nova.scheduler import request_filter
from oslo_utils import uuidutils

from benchmarks import harness
from hv_sched import model
from hv_sched.snapshot import cache
from tests.nova import base
from tests.nova import publish

NODES_A_CLUSTER = 16
SETTINGS: dict[str, Any] = {
    'hosts': 1000, 'volumes': 4, 'rounds': 15, 'chooses': False,
    'limit': 1000}
RESULT: dict[str, Any] = {}


class SelectDestinations(base.NovaCase):
    """Not a test: the harness is the cloud that is measured."""

    # A refresh is measured by itself and must not fall into the rounds.
    OPTIONS = {'snapshot_ttl': 3600}

    def setUp(self) -> None:
        # Before the scheduler starts; nobody reports for the hosts.
        self.flags(service_down_time=10 ** 6)
        super().setUp()

    def runTest(self) -> None:
        self.flags(max_placement_results=SETTINGS['limit'],
                   group='scheduler')
        logging.getLogger().setLevel(logging.WARNING)
        self._flavor = self.flavor(10)
        names = [f'hv{number:04}' for number in range(SETTINGS['hosts'])]
        self._create_hosts(names)
        self._publish(names)
        RESULT.update(self._measure())

    def _create_hosts(self, names: list[str]) -> None:
        """Records as nova-compute would make them, without the services."""
        self._start_compute('model')
        context = nova_context.get_admin_context()
        cell = self.cell_mappings['cell1']
        with nova_context.target_cell(context, cell) as target:
            pattern = objects.ComputeNodeList.get_all(target)[0]
            self.publisher.change_inventory(
                self.node('model'), reserved=500)
            for name in names:
                self._create_host(target, cell, pattern, name)

    def _create_host(self, context: Any, cell: Any, pattern: Any,
                     name: str) -> None:
        objects.Service(context=context, host=name, binary='nova-compute',
                        topic='compute', report_count=1).create()
        fields = {field: getattr(pattern, field)
                  for field in pattern.fields if field in pattern
                  and field not in ('id', 'uuid', 'host', 'created_at',
                                    'updated_at', 'deleted_at', 'deleted',
                                    'hypervisor_hostname', 'service_id',
                                    'pci_device_pools')}
        node = objects.ComputeNode(
            context=context, host=name, hypervisor_hostname=name,
            uuid=uuidutils.generate_uuid(), **fields)
        node.create()
        objects.HostMapping(context=nova_context.get_admin_context(),
                            host=name, cell_mapping=cell).create()
        self.placement.post('/resource_providers', {
            'name': name, 'uuid': node.uuid}, version='1.39')
        self.placement.put(
            f'/resource_providers/{node.uuid}/inventories',
            {'resource_provider_generation': 0, 'inventories': {
                'VCPU': {'total': 100}, 'MEMORY_MB': {'total': 819200},
                'DISK_GB': {'total': 500}}}, version='1.39')
        self.publisher.add_traits(
            node.uuid, 'COMPUTE_NODE', 'COMPUTE_IMAGE_TYPE_RAW',
            'COMPUTE_IMAGE_TYPE_QCOW2', 'OWNER_NOVA')

    def _publish(self, names: list[str]) -> None:
        for start in range(0, len(names), NODES_A_CLUSTER):
            nodes = names[start:start + NODES_A_CLUSTER]
            self.publisher.publish(self._cluster(f'c{start}', nodes))
        self.forget_snapshot()

    def _cluster(self, name: str, nodes: list[str]) -> model.Cluster:
        count = SETTINGS['volumes']
        return publish.cluster(
            name, {f'CSV{number}': tuple(nodes[number::count])
                   for number in range(count)},
            sizes_gb=4000, placement_chooses_volume=SETTINGS['chooses'])

    def _measure(self) -> dict[str, Any]:
        ours = self.scheduler_service.manager
        with_ours = list(request_filter.ALL_REQUEST_FILTERS)
        stock = self._stock_manager()
        without = [one for one in with_ours
                   if not one.__module__.startswith('hv_sched')]
        sides: dict[str, Callable[[], float]] = {
            'stock': lambda: self._schedule(stock, without),
            'hv_sched': lambda: self._schedule(ours, with_ours)}
        for side in sides.values():
            side()  # fills Nova's caches
        refresh = self._measure_refresh()
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        requests = {name: 0 for name in sides}
        for _ in range(SETTINGS['rounds']):
            for name, side in sides.items():
                before = len(self.observed.requests)
                seconds[name].append(side())
                requests[name] += len(self.observed.requests) - before
        return {**self._report(seconds, requests), **refresh}

    def _measure_refresh(self) -> dict[str, float]:
        self.forget_snapshot()
        before = len(self.observed.requests)
        start = time.perf_counter()
        assert cache.get() is not None
        return {'refresh_seconds': time.perf_counter() - start,
                'refresh_requests': len(self.observed.requests) - before}

    def _stock_manager(self) -> Any:
        self.flags(enabled_filters=base.STOCK_FILTERS,
                   weight_classes=['nova.scheduler.weights.all_weighers'],
                   disk_weight_multiplier=1.0, group='filter_scheduler')
        return manager.SchedulerManager()

    def _schedule(self, side: Any, request_filters: list[Any]) -> float:
        request_filter.ALL_REQUEST_FILTERS[:] = request_filters
        server = uuidutils.generate_uuid()
        spec = self.request_spec(server, self._flavor)
        context = nova_context.get_admin_context()
        start = time.perf_counter()
        found = side.select_destinations(
            context, spec_obj=spec, instance_uuids=[server],
            return_objects=True, return_alternates=True)
        seconds = time.perf_counter() - start
        assert found[0][0].service_host.startswith('hv'), found
        self.placement.delete(f'/allocations/{server}')
        return seconds

    def _report(self, seconds: dict[str, list[float]],
                requests: dict[str, int]) -> dict[str, Any]:
        medians = {name: statistics.median(some)
                   for name, some in seconds.items()}
        rounds = SETTINGS['rounds']
        return {
            **SETTINGS, 'seconds': seconds,
            'median_seconds': medians,
            'ratio': medians['hv_sched'] / medians['stock'],
            'ratio_of_pairs': statistics.median(
                ours / stock for ours, stock in
                zip(seconds['hv_sched'], seconds['stock'], strict=True)),
            'added_requests': (
                requests['hv_sched'] - requests['stock']) / rounds}


def main() -> int:
    parser = harness.parser(__doc__, SETTINGS, 'hosts', 'volumes', 'rounds')
    parser.add_argument('--limit', type=int, default=SETTINGS['limit'],
                        help='[scheduler]max_placement_results')
    parser.add_argument('--chooses', action='store_true',
                        help='all nodes use all volumes of their cluster')
    return harness.main(parser, SelectDestinations, SETTINGS, RESULT)


if __name__ == '__main__':
    sys.exit(main())
