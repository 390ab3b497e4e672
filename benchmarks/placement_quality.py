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

"""How well servers are placed: one trace, several ways to schedule it.

Real scheduler manager, filters, weighers, Placement and databases in one
process; a cluster of 16 nodes with four volumes. A trace of
``benchmarks.trace`` is placed on the same nodes by each policy, and
``benchmarks.ledger`` knows what the disks really hold::

    python -m benchmarks.placement_quality --output doc/quality.json

``stock``: Nova alone; each node reports its volume as its own disk.
``sharing``: volumes are sharing providers, written as hv_sched writes them;
Nova's filters and weighers alone. ``hv_sched``: nova.conf as in README.rst.
``bound``: computed, see ``benchmarks.score.pooled``.

Kind to Nova: each nova-compute has reported before each request what is free
on its volume (compute-hyperv's ``disk_available_least``), as if all disks
were full. Kind to hv_sched: no facts are stale, and an agent has published
the cached images a simulated minute after they were fetched. All policies
are asked for features by traits of the flavor.
"""

import tests.nova  # noqa: F401  must be first: it patches

# isort: split

import copy
import logging
import random
import sys
from typing import Any
import uuid

from nova import context as nova_context
from nova import objects
from nova.db.main import api as main_db
from nova.db.main import models
from nova.scheduler import manager
from nova.scheduler import request_filter
import oslo_messaging as messaging
from oslo_utils import uuidutils

from benchmarks import circumstances
from benchmarks import harness
from benchmarks import ledger
from benchmarks import score
from benchmarks import select_destinations
from benchmarks import trace
from hv_sched.placement import names
from tests.nova import base
from tests.nova import publish

CLUSTERS, NODES_A_CLUSTER, VOLUMES_A_CLUSTER = 1, 16, 4
VOLUME_GB, VCPUS, MEMORY_MB = 8000, 128, 384 * 1024
# Share of the nodes, feature, trait of node and flavor.
KINDS = ((0.10, 'guarded', 'CUSTOM_HYPERV_SHIELDED_VM'),
         (0.25, 'nesting', 'CUSTOM_HYPERV_NESTED_VIRT'))
COMMON = ('CUSTOM_HYPERV', 'CUSTOM_HYPERV_GEN1', 'CUSTOM_HYPERV_GEN2')
# Of the nodes' kinds, not of the trace.
KIND_SEED = 1
SNAPSHOT_HOURS = 1 / 60
POLICIES = ('stock', 'sharing', 'hv_sched')
SETTINGS: dict[str, Any] = {
    'policies': list(POLICIES), 'seeds': [1, 2, 3],
    'standing': 0.8, 'peak': 1.2, 'hours': 12.0}
RESULT: dict[str, Any] = {}


def image_id(number: int) -> str:
    return str(uuid.UUID(int=0x1000 + number))


class PlacementQuality(select_destinations.SelectDestinations):
    """Not a test: the harness is the cloud that is measured."""

    FILTERS = ('HyperVFeatureFilter', 'SharedVolumeFilter')

    def runTest(self) -> None:
        self.flags(max_placement_results=1000, group='scheduler')
        logging.getLogger().setLevel(logging.ERROR)
        self._with_ours = list(request_filter.ALL_REQUEST_FILTERS)
        self._flavors: dict[tuple[trace.Size, str | None], str] = {}
        self._nodes = _nodes()
        self._create_hosts(list(self._nodes))
        self._equip()
        self._register_images()
        runs: list[dict[str, Any]] = []
        RESULT.update(circumstances.of_this_run(), **SETTINGS, runs=runs)
        for policy in sorted(SETTINGS['policies'], key=POLICIES.index):
            if policy != 'stock' and not self.volumes:
                self._publish_clusters()
            for seed in SETTINGS['seeds']:
                runs.append({'policy': policy, 'seed': seed,
                             **self._run(policy, seed)})
                print(runs[-1], file=sys.stderr, flush=True)
        runs += [{'policy': 'bound', 'seed': seed,
                  **_bound(self._nodes.values(), seed)}
                 for seed in SETTINGS['seeds']]

    # -- the cloud

    def _equip(self) -> None:
        for node in self._nodes.values():
            uuid_ = self.publisher.provider(node.name)
            path = f'/resource_providers/{uuid_}/inventories'
            now = self.placement.get(path, version='1.39').body
            now['inventories'] = {
                'VCPU': {'total': VCPUS}, 'MEMORY_MB': {'total': MEMORY_MB},
                'DISK_GB': {'total': VOLUME_GB}}
            self.placement.put(path, now, version='1.39')
            self.publisher.add_traits(uuid_, *COMMON, *(
                trait for _share, kind, trait in KINDS
                if kind in node.features))

    def _register_images(self) -> None:
        """hv_sched asks Glance for the image of several servers at once."""
        for number in range(trace.IMAGES):
            image = copy.deepcopy(self.glance.images[base.IMAGE])
            image.update(id=image_id(number), properties={})
            self.glance.images[image['id']] = image

    def _publish_clusters(self) -> None:
        for cluster in range(CLUSTERS):
            homes: dict[str, tuple[str, ...]] = {}
            for node in self._nodes.values():
                if node.volume.startswith(f'c{cluster}-'):
                    homes[node.volume] = (*homes.get(node.volume, ()),
                                          node.name)
            self.volumes.update(self.publisher.publish(publish.cluster(
                f'c{cluster}', homes, sizes_gb=VOLUME_GB)))

    def _choose(self, policy: str) -> Any:
        """A scheduler of that policy."""
        is_ours = policy == 'hv_sched'
        weighers = ['nova.scheduler.weights.all_weighers']
        self.flags(
            enabled_filters=[*base.STOCK_FILTERS,
                             *(self.FILTERS if is_ours else ())],
            weight_classes=weighers + (
                ['hv_sched.weighers.all_weighers'] if is_ours else []),
            disk_weight_multiplier=0.0 if is_ours else 1.0,
            group='filter_scheduler')
        request_filter.ALL_REQUEST_FILTERS[:] = [
            each for each in self._with_ours
            if is_ours or not each.__module__.startswith('hv_sched')]
        return manager.SchedulerManager()

    # -- a trace

    def _run(self, policy: str, seed: int) -> dict[str, Any]:
        scheduler = self._choose(policy)
        cloud = ledger.Ledger(self._nodes.values(), _capacity_gb())
        scorer = score.Scorer(cloud)
        self._published: set[tuple[str, int]] = set()
        self._read_hours = -1.0
        self._report(cloud, self._nodes)
        for deployment in _trace(seed):
            scorer.pass_time(deployment.at_hours)
            self._delete(cloud, deployment.at_hours)
            if policy == 'hv_sched':
                self._agent_and_snapshot(cloud, deployment.at_hours)
            hosts = self._create(scheduler, deployment)
            if hosts is None:
                scorer.refused(deployment)
                continue
            scorer.placed(deployment, cloud.place(deployment, hosts))
            self._report(cloud, hosts.values())
        scorer.pass_time(SETTINGS['hours'])
        self._clean(cloud)
        return scorer.score.figures()

    def _create(self, scheduler: Any, deployment: trace.Deployment
                ) -> dict[str, str] | None:
        """The host of each server, None when the request is refused."""
        uuids = [uuidutils.generate_uuid()
                 for _ in range(deployment.servers)]
        spec = self.request_spec(
            uuids[0], self._flavor_of(deployment), num_instances=len(uuids),
            image=objects.ImageMeta(id=image_id(deployment.image),
                                    properties=objects.ImageMetaProps()))
        try:
            selections = scheduler.select_destinations(
                nova_context.get_admin_context(), spec_obj=spec,
                instance_uuids=uuids, return_objects=True,
                return_alternates=False)
        except messaging.ExpectedException as exc:  # as RPC would tell it
            if exc.exc_info[0].__name__ != 'NoValidHost':
                raise
            return None
        return {server: selection.service_host for server, (selection,)
                in zip(uuids, selections, strict=True)}

    def _flavor_of(self, deployment: trace.Deployment) -> str:
        key = deployment.size, deployment.feature
        if key not in self._flavors:
            traits = {f'trait:{trait}': 'required' for _share, kind, trait
                      in KINDS if kind == deployment.feature}
            self._flavors[key] = self.flavor(
                deployment.size.disk_gb, vcpu=deployment.size.vcpus,
                memory_mb=deployment.size.memory_mb,
                **({'extra_spec': traits} if traits else {}))
        return self._flavors[key]

    def _delete(self, cloud: ledger.Ledger, now_hours: float) -> None:
        over = cloud.end(now_hours)
        for server, _placed in over:
            self.placement.delete(f'/allocations/{server}')
        self._report(cloud, {placed.node.name for _server, placed in over})

    def _report(self, cloud: ledger.Ledger, hosts: Any) -> None:
        """What the nova-computes of the hosts' volumes report."""
        volumes = {self._nodes[host].volume for host in hosts}
        with nova_context.target_cell(
                nova_context.get_admin_context(),
                self.cell_mappings['cell1']) as cell:
            _save(cell, {node.name: _reported(cloud, node)
                         for node in self._nodes.values()
                         if node.volume in volumes})

    def _agent_and_snapshot(self, cloud: ledger.Ledger,
                            now_hours: float) -> None:
        """A minute has passed, or what stands first came in its own time."""
        if now_hours and now_hours - self._read_hours < SNAPSHOT_HOURS:
            return
        self._read_hours = now_hours
        for volume, provider in self.volumes.items():
            images = {(volume, image) for image in cloud.images_on(volume)}
            fetched = images - self._published
            if fetched:
                self.publisher.add_traits(provider, *(
                    names.image_trait(image_id(image))
                    for _volume, image in fetched))
                self._published |= fetched
        self.forget_snapshot()

    def _clean(self, cloud: ledger.Ledger) -> None:
        """Leave the nodes and volumes as they were."""
        for server in list(cloud.servers):
            self.placement.delete(f'/allocations/{server}')
        for volume, image in self._published:
            self.publisher.remove_traits(
                self.volumes[volume], names.image_trait(image_id(image)))
        self.forget_snapshot()


def _reported(cloud: ledger.Ledger, node: ledger.Node) -> dict[str, int]:
    """The fields of a compute node's record."""
    _count, vcpus, memory_mb = cloud.used_of(node)
    free_gb = max(0, cloud.free_gb(node.volume))
    return {'vcpus': node.vcpus, 'vcpus_used': vcpus,
            'memory_mb': node.memory_mb, 'memory_mb_used': memory_mb,
            'free_ram_mb': node.memory_mb - memory_mb,
            'local_gb': VOLUME_GB, 'local_gb_used': VOLUME_GB - free_gb,
            'free_disk_gb': free_gb, 'disk_available_least': free_gb}


@main_db.pick_context_manager_writer
def _save(context: Any, fields: dict[str, dict[str, int]]) -> None:
    """One transaction for all nodes: it is not what is measured."""
    for host, values in fields.items():
        context.session.query(models.ComputeNode).filter_by(
            host=host).update(values)


def _nodes() -> dict[str, ledger.Node]:
    """Their kinds are dealt at random, the same for every trace."""
    count = CLUSTERS * NODES_A_CLUSTER
    kinds = [frozenset({kind}) for share, kind, _trait in KINDS
             for _ in range(round(share * count))]
    kinds += [frozenset()] * (count - len(kinds))
    random.Random(KIND_SEED).shuffle(kinds)
    return {node.name: node for node in (
        ledger.Node(f'hv{number:04}',
                    f'c{number // NODES_A_CLUSTER}-'
                    f'CSV{number % VOLUMES_A_CLUSTER}',
                    VCPUS, MEMORY_MB, kinds[number])
        for number in range(count))}


def _capacity_gb() -> dict[str, int]:
    return {node.volume: VOLUME_GB for node in _nodes().values()}


def _trace(seed: int) -> list[trace.Deployment]:
    return trace.deployments(trace.Plan(
        seed, sum(_capacity_gb().values()), SETTINGS['standing'],
        SETTINGS['peak'], SETTINGS['hours']))


def _bound(nodes: Any, seed: int) -> dict[str, Any]:
    return score.pooled(nodes, sum(_capacity_gb().values()),
                        _trace(seed)).figures()


def main() -> int:
    parser = harness.parser(__doc__, SETTINGS)
    parser.add_argument('--policies', nargs='+', choices=POLICIES,
                        default=SETTINGS['policies'])
    parser.add_argument('--seeds', type=int, nargs='+',
                        default=SETTINGS['seeds'])
    for name in ('standing', 'peak', 'hours'):
        parser.add_argument(f'--{name}', type=float, default=SETTINGS[name])
    return harness.main(parser, PlacementQuality, SETTINGS, RESULT)


if __name__ == '__main__':
    sys.exit(main())
