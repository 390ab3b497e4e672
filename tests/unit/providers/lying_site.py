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

"""Two clusters with real disks, and what may be said of them.

The disks are the truth: their size, the foreign files and the servers' disks
on them. An answer is the truth at a time, or a lie about it that can be told
from the truth without the disk.
"""

from collections.abc import Callable
import dataclasses
import datetime
import uuid

from hv_sched import model
from hv_sched.model import Section
from hv_sched.model import SectionReport

GIB = model.GIB
SIZE_GB = 500
CLUSTERS = {'hvc1': (('hv01', 'hv02', 'hv03'), ('Volume1', 'Volume2')),
            'hvc2': (('hv11', 'hv12'), ('Volume1',))}
NODES = tuple(node for nodes, _volumes in CLUSTERS.values() for node in nodes)
_SECTIONS = (Section.CLUSTER, Section.NODES, Section.VOLUMES,
             Section.VOLUME_STATES, Section.GROUPS)


def guid(*names: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, '/'.join(names)))


@dataclasses.dataclass
class Disk:
    """A simulated volume; its servers' disks are written in full.

    :ivar servers: GB by consumer
    :ivar cut_off: names of nodes that cannot reach it
    """

    cluster: str
    name: str
    foreign_gb: int = 0
    servers: dict[str, int] = dataclasses.field(default_factory=dict)
    state: model.CsvState = model.CsvState.ONLINE
    maintenance: bool = False
    cut_off: set[str] = dataclasses.field(default_factory=set)

    @property
    def guid(self) -> str:
        return guid(self.cluster, self.name)

    @property
    def free_gb(self) -> int:
        return SIZE_GB - self.foreign_gb - sum(self.servers.values())

    def volume(self) -> model.Volume:
        return model.Volume(
            self.guid, self.name, SIZE_GB * GIB, state=self.state,
            free_bytes=self.free_gb * GIB,
            resource_id=guid(self.cluster, self.name, 'resource'),
            file_system='ntfs', medium='ssd', reserve_gb=0,
            maintenance=self.maintenance, accepts_new_disks=True,
            cut_off_nodes=tuple(sorted(self.cut_off)), redirected_nodes=(),
            cached_images=(), image_cache_bytes=0)


class Site:
    """:ivar paused: names of nodes that are paused in their cluster
    :ivar absent: names of nodes that left their cluster
    :ivar cards_mb: video memory of each card, by the name of its node
    :ivar mute: names of nodes whose cards nobody can list
    """

    def __init__(self) -> None:
        self.disks = [Disk(cluster, name)
                      for cluster, (_nodes, names) in CLUSTERS.items()
                      for name in names]
        self.paused: set[str] = set()
        self.absent: set[str] = set()
        self.cards_mb: dict[str, tuple[int, ...]] = dict.fromkeys(NODES, ())
        self.mute: set[str] = set()

    def answer(self, now: datetime.datetime) -> model.Facts:
        """The whole truth, dated now."""
        return model.Facts(tuple(self._cluster(name, now)
                                 for name in CLUSTERS))

    def _cluster(self, name: str, now: datetime.datetime) -> model.Cluster:
        report = SectionReport(now)
        disks = [disk for disk in self.disks if disk.cluster == name]
        nodes = tuple(
            self._node(node, disks[place % len(disks)].guid, report)
            for place, node in enumerate(CLUSTERS[name][0])
            if node not in self.absent)
        return model.Cluster(
            guid(name), name, nodes, tuple(disk.volume() for disk in disks),
            functional_level=9, placement_chooses_volume=False,
            vms=tuple(_vm(disk, consumer) for disk in disks
                      for consumer in disk.servers),
            collected_at=now, sections=dict.fromkeys(_SECTIONS, report))

    def _node(self, name: str, home: str, report: SectionReport
              ) -> model.Node:
        state = (model.NodeState.PAUSED if name in self.paused
                 else model.NodeState.UP)
        return model.Node(
            name, build=14393, state=state, home=home,
            cpu_vendor=model.CpuVendor.INTEL, cpu_features=('VMX',),
            sections=dict.fromkeys(sorted(
                model.NODE_SECTIONS, key=lambda each: each.value), report),
            **dict.fromkeys(model.capability_fields(), True),
            gpus=None if name in self.mute else tuple(
                model.Gpu(f'card{number}', card_mb)
                for number, card_mb in enumerate(self.cards_mb[name])))


def _vm(disk: Disk, consumer: str) -> model.Vm:
    size = disk.servers[consumer] * GIB
    return model.Vm(consumer, disks=(model.VmDisk(disk.guid, size, size),))


# -- what can be told of the truth that is not true

Lie = Callable[[model.Cluster, model.Cluster], model.Cluster | None]


def _first_volume(cluster: model.Cluster, **fields: object) -> model.Cluster:
    first, *others = cluster.volumes
    return dataclasses.replace(cluster, volumes=(
        dataclasses.replace(first, **fields), *others))


def _four_times_the_size(cluster: model.Cluster, other: model.Cluster
                         ) -> model.Cluster:
    return _first_volume(cluster, size_bytes=4 * SIZE_GB * GIB,
                         free_bytes=4 * SIZE_GB * GIB)


def _another_disk_of_that_name(cluster: model.Cluster, other: model.Cluster
                               ) -> model.Cluster:
    return _first_volume(cluster, guid=guid(cluster.name, 'another'))


def _no_volumes(cluster: model.Cluster, other: model.Cluster
                ) -> model.Cluster:
    return dataclasses.replace(cluster, volumes=(), vms=())


def _no_last_volume(cluster: model.Cluster, other: model.Cluster
                    ) -> model.Cluster:
    return dataclasses.replace(cluster, volumes=cluster.volumes[:-1])


def _no_nodes(cluster: model.Cluster, other: model.Cluster) -> model.Cluster:
    return dataclasses.replace(cluster, nodes=())


def _no_last_node(cluster: model.Cluster, other: model.Cluster
                  ) -> model.Cluster:
    return dataclasses.replace(cluster, nodes=cluster.nodes[:-1])


def _a_node_of_the_other(cluster: model.Cluster, other: model.Cluster
                         ) -> model.Cluster:
    return dataclasses.replace(
        cluster, nodes=(*cluster.nodes, *other.nodes[:1]))


def _no_homes(cluster: model.Cluster, other: model.Cluster) -> model.Cluster:
    return dataclasses.replace(cluster, nodes=tuple(
        dataclasses.replace(node, home=None) for node in cluster.nodes))


def _failed_volumes(cluster: model.Cluster, other: model.Cluster
                    ) -> model.Cluster:
    failed = SectionReport(cluster.collected_at, 'the provider failed')
    return dataclasses.replace(cluster, volumes=(), sections={
        **cluster.sections, Section.VOLUMES: failed})


def _unstated_space(cluster: model.Cluster, other: model.Cluster
                    ) -> model.Cluster:
    return dataclasses.replace(
        _first_volume(cluster, size_bytes=None, free_bytes=None), vms=None)


def _of_tomorrow(cluster: model.Cluster, other: model.Cluster
                 ) -> model.Cluster:
    """With all space free that will be."""
    assert cluster.collected_at is not None
    ahead = cluster.collected_at + datetime.timedelta(days=1)
    return dataclasses.replace(
        _first_volume(cluster, free_bytes=SIZE_GB * GIB),
        collected_at=ahead, sections=dict.fromkeys(
            cluster.sections, SectionReport(ahead)))


def _not_described(cluster: model.Cluster, other: model.Cluster) -> None:
    return None


LIES: tuple[Lie, ...] = (
    _four_times_the_size, _another_disk_of_that_name, _no_volumes,
    _no_last_volume, _no_nodes, _no_last_node, _a_node_of_the_other,
    _no_homes, _failed_volumes, _unstated_space, _of_tomorrow,
    _not_described)


def lie_about(facts: model.Facts, number: int, lie: Lie) -> model.Facts:
    """The facts, with a lie about the cluster of that number."""
    clusters = list(facts.clusters)
    other = clusters[1 - number]
    told = lie(clusters[number], other)
    # What two clusters claim never comes out of a source; see claims.py.
    claimed = {node.name for node in told.nodes} if told else ()
    clusters[1 - number] = dataclasses.replace(other, nodes=tuple(
        node for node in other.nodes if node.name not in claimed))
    clusters[number:number + 1] = [told] if told else []
    return dataclasses.replace(facts, clusters=tuple(clusters))
