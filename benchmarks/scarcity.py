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

"""How many servers that need a feature are served when plain ones came first.

Real scheduler manager, weighers, Placement and databases in one process. One
trace, first plain servers until so much of the cloud is full, then servers
that need a rare feature, is placed twice on the same nodes: with Nova's
weighers alone and with FeatureScarcityWeigher besides. hv_sched's request
filters ask for the features both times::

    python -m benchmarks.scarcity --output result.json
"""

import tests.nova  # noqa: F401  must be first: it patches

# isort: split

from collections.abc import Iterator
import logging
import random
import sys
import time
from typing import Any

from nova import context as nova_context
from nova import objects
from nova.scheduler import manager
import oslo_messaging as messaging
from oslo_utils import uuidutils

from benchmarks import harness
from benchmarks import select_destinations

# Node kinds: share of the nodes, traits besides GEN1 and GEN2.
KINDS = (('guarded', 0.10, ('CUSTOM_HYPERV_VTPM',
                            'CUSTOM_HYPERV_SHIELDED_VM')),
         ('nesting', 0.25, ('CUSTOM_HYPERV_NESTED_VIRT',)),
         ('plain', 0.65, ()))
COMMON = ('CUSTOM_HYPERV', 'CUSTOM_HYPERV_GEN1', 'CUSTOM_HYPERV_GEN2')
# What the second part of the trace asks for, by kind.
ASKED = {'guarded': 'CUSTOM_HYPERV_SHIELDED_VM',
         'nesting': 'CUSTOM_HYPERV_NESTED_VIRT'}
SLOTS = 5  # servers a node holds
REFRESHED = 5  # servers for which a snapshot serves
MEMORY_MB = 512  # of a server
SIDES = {'stock': None, 'scarcity x1': 1.0, 'scarcity x5': 5.0}
SETTINGS: dict[str, Any] = {
    'hosts': 20, 'fill': (0.6, 0.85), 'demand': 0.8, 'seed': 1}
RESULT: dict[str, Any] = {}


class Scarcity(select_destinations.SelectDestinations):
    """Not a test: the harness is the cloud that is measured."""

    def runTest(self) -> None:
        self.flags(max_placement_results=1000, group='scheduler')
        logging.getLogger().setLevel(logging.WARNING)
        self._used: dict[str, int] = {}
        self._names = [f'hv{n:04}' for n in range(SETTINGS['hosts'])]
        self._create_hosts(self._names)
        self._publish(self._names)
        self._kinds = dict(zip(self._names, self._shuffled(), strict=True))
        for name, kind in self._kinds.items():
            self._equip(name, kind)
        self._flavors = {None: self._flavor_of(None), **{
            kind: self._flavor_of(trait) for kind, trait in ASKED.items()}}
        RESULT.update(SETTINGS, results=[
            self._place(side, fill) for fill in SETTINGS['fill']
            for side in SIDES])

    def _create_host(self, context: Any, cell: Any, pattern: Any,
                     name: str) -> None:
        super()._create_host(context, cell, pattern, name)
        node = objects.ComputeNode.get_by_host_and_nodename(
            context, name, name)
        node.vcpus, node.memory_mb = SLOTS, SLOTS * MEMORY_MB
        node.vcpus_used, node.free_ram_mb = 0, node.memory_mb
        node.save()

    def _shuffled(self) -> list[str]:
        kinds = [kind for kind, share, _traits in KINDS
                 for _ in range(round(share * SETTINGS['hosts']))]
        random.Random(SETTINGS['seed']).shuffle(kinds)
        return kinds

    def _equip(self, name: str, kind: str) -> None:
        uuid = self.publisher.provider(name)
        traits, = (traits for one, _share, traits in KINDS if one == kind)
        self.publisher.add_traits(uuid, *COMMON, *traits)
        path = f'/resource_providers/{uuid}/inventories'
        now = self.placement.get(path, version='1.39').body
        now['inventories']['VCPU'] = {'total': SLOTS}
        self.placement.put(path, now, version='1.39')

    def _flavor_of(self, trait: str | None) -> str:
        return self.flavor(1, **(
            {'extra_spec': {f'trait:{trait}': 'required'}} if trait else {}))

    def _place(self, side: str, fill: float) -> dict[str, Any]:
        """One trace with one set of weighers, on the empty cloud."""
        self._choose(side)
        scheduler = manager.SchedulerManager()
        placed: list[str] = []
        served: dict[str, list[bool]] = {'plain': [], **{
            kind: [] for kind in ASKED}}
        start = time.perf_counter()
        for number, kind in enumerate(self._trace(fill)):
            if number % REFRESHED == 0:
                self.forget_snapshot()
            server = self._create(scheduler, self._flavors[kind])
            served[kind or 'plain'].append(server is not None)
            placed += [server] if server else []
        seconds = time.perf_counter() - start
        for server in placed:
            self.placement.delete(f'/allocations/{server}')
        for name in self._names:
            self._report_use(name, 0)
        bound = [one for kind in ASKED for one in served[kind]]
        return {
            'weighers': side, 'fill': fill, 'servers': len(placed),
            'asked': {kind: len(some) for kind, some in served.items()},
            'served': {kind: sum(some) for kind, some in served.items()},
            'feature_bound_served': round(sum(bound) / len(bound), 3),
            'milliseconds_a_server': round(
                1000 * seconds / sum(map(len, served.values())), 1)}

    def _choose(self, side: str) -> None:
        multiplier = SIDES[side]
        self.flags(
            weight_classes=['nova.scheduler.weights.all_weighers'] + (
                [] if multiplier is None else [
                    'hv_sched.weighers.feature_scarcity.'
                    'FeatureScarcityWeigher']), group='filter_scheduler')
        if multiplier is not None:
            self.flags(feature_scarcity_weight_multiplier=multiplier,
                       group='hv_sched')

    def _trace(self, fill: float) -> Iterator[str | None]:
        """Plain servers, then those that need a feature, mixed."""
        slots = SETTINGS['hosts'] * SLOTS
        yield from (None for _ in range(round(slots * fill)))
        bound = [kind for kind, share, _traits in KINDS if kind in ASKED
                 for _ in range(round(
                     slots * share * SETTINGS['demand']))]
        random.Random(SETTINGS['seed']).shuffle(bound)
        yield from bound

    def _create(self, scheduler: Any, flavor: str) -> str | None:
        server = uuidutils.generate_uuid()
        try:
            (selected,), = scheduler.select_destinations(
                nova_context.get_admin_context(),
                spec_obj=self.request_spec(server, flavor),
                instance_uuids=[server], return_objects=True,
                return_alternates=False)
        except messaging.ExpectedException as exc:  # as RPC would tell it
            if exc.exc_info[0].__name__ != 'NoValidHost':
                raise
            return None
        host = selected.service_host
        self._report_use(host, self._used.get(host, 0) + 1)
        return server

    def _report_use(self, host: str, servers: int) -> None:
        """What nova-compute reports once a server is claimed there."""
        self._used[host] = servers
        with nova_context.target_cell(
                nova_context.get_admin_context(),
                self.cell_mappings['cell1']) as cell:
            node = objects.ComputeNode.get_by_host_and_nodename(
                cell, host, host)
            node.vcpus_used = servers
            node.free_ram_mb = node.memory_mb - servers * MEMORY_MB
            node.save()


def main() -> int:
    parser = harness.parser(__doc__, SETTINGS, 'hosts', 'seed')
    parser.add_argument('--fill', type=float, nargs='+',
                        default=SETTINGS['fill'],
                        help='share of all slots that plain servers take')
    parser.add_argument('--demand', type=float, default=SETTINGS['demand'],
                        help='feature-bound servers, as a share of the slots '
                             'of the nodes that can run them')
    return harness.main(parser, Scarcity, SETTINGS, RESULT)


if __name__ == '__main__':
    sys.exit(main())
