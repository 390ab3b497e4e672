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

"""Whether the size of a volume agrees with what its nodes report. Pure.

A node reports the disk its ``instances_path`` is on, which is the volume
that is its home: a size in another unit differs by far more than two. One
with its disks in Ceph reports the raw bytes of the whole cluster, of which a
pool with two or more replicas can store half at most.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses

from hv_sched import model
from hv_sched.drivers import Reported
from hv_sched.placement import disk_moves
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.providers.layout import Layout

# A volume is not believed to be so much larger or smaller than its nodes say.
_FACTOR = 2


def voters(layout: Layout, uuid: str) -> frozenset[str]:
    """The nodes that may say how large a volume is."""
    if layout.volumes[uuid].maintenance:
        return frozenset()
    return frozenset(
        node for node in layout.members[uuid]
        if layout.nodes[node].state in (None, model.NodeState.UP))


def is_new(uuid: str, providers: Mapping[str, Provider], overview: Overview
           ) -> bool:
    """Whether Placement has no size of a volume.

    It is not there, or a first publishing ended before it was filled.
    """
    provider = providers.get(uuid)
    return uuid not in overview.listed or (
        provider is not None and names.DISK_GB not in provider.inventories)


def witnesses(layout: Layout, uuid: str, is_new: bool
              ) -> tuple[frozenset[str], ...]:
    """Groups of nodes whose reports judge a size, the first that has any.

    A volume that is new is compared with what its nodes reported last, where
    none may vote: once it is published, nothing grows when they are back, and
    nobody would be asked any more.
    """
    if is_new:
        return voters(layout, uuid), frozenset(layout.members[uuid])
    return (voters(layout, uuid),)


def confirms(layout: Layout, uuid: str, reported_gb: int) -> bool:
    """Whether what a node reports fits the size the source gives a volume."""
    volume = layout.volumes[uuid]
    return volume.total_gb is not None and agree(
        volume.total_gb, reported_gb, layout.cluster.driver.reported,
        volume.raw_percent)


def agree(volume_gb: int, reported_gb: int, reported: Reported,
          raw_percent: int | None = None) -> bool:
    """Whether a volume's size fits what a node reports.

    :param reported: what the node reports, as its driver's row says
    :param raw_percent: raw bytes for each 100 that are stored; None where
        nobody said: two replicas at least
    """
    if reported is Reported.RAW_CLUSTER:
        return volume_gb * (raw_percent or 100 * _FACTOR) <= reported_gb * 100
    return (volume_gb <= reported_gb * _FACTOR
            and reported_gb <= volume_gb * _FACTOR)


def objection(reported: Reported, raw_percent: int | None = None) -> str:
    """What speaks against a size that does not agree."""
    if reported is Reported.RAW_CLUSTER:
        return (f'with {raw_percent or 100 * _FACTOR} raw bytes for each 100 '
                'stored (raw_percent) that is more than the raw bytes of the '
                'whole Ceph cluster, which the nodes whose home it is report')
    return ('the nodes whose home it is report less than half or more than '
            'twice as much')


def remedy(reported: Reported) -> str:
    """What to do about it, for the start of a sentence."""
    return ('Check the source and the raw_percent of the pool' if (
        reported is Reported.RAW_CLUSTER) else 'Check the source')


@dataclasses.dataclass(frozen=True)
class Contradiction:
    """A published size that no node confirms, in GB."""

    volume: str
    total_gb: int
    reported_gb: tuple[int, ...]


def contradictions(observed: Observed, facts: model.Facts
                   ) -> Iterator[Contradiction]:
    """The volumes whose home nodes all report another size.

    Where Placement chooses the volume, a node's own disk is none of them.

    :param facts: they may say how many raw bytes a pool takes
    """
    raw_percents = {
        ids.volume_uuid(cluster.guid, volume.guid): volume.raw_percent
        for cluster in facts.clusters for volume in cluster.volumes
        if volume.guid}
    for uuid, provider in sorted(observed.providers.items()):
        disk = provider.inventories.get(names.DISK_GB)
        if names.VOLUME not in provider.traits or disk is None:
            continue
        reported = tuple(sorted({
            own.total for node in _users(uuid, observed)
            if (own := observed.providers[node].inventories.get(
                names.DISK_GB)) is not None}))
        driver = disk_moves.driver_of(provider.traits)
        if reported and not any(
                agree(disk.total, own_gb, driver.reported,
                      raw_percents.get(uuid)) for own_gb in reported):
            yield Contradiction(provider.name, disk.total, reported)


def _users(uuid: str, observed: Observed) -> Iterator[str]:
    """The nodes of which this volume is the only home."""
    overview = observed.overview
    for node in overview.members.get(ids.home_aggregate(uuid), frozenset()):
        homes = [volume for volume in overview.volumes if node in
                 overview.members.get(ids.home_aggregate(volume), ())]
        if node in overview.compute_nodes & observed.providers.keys() and (
                homes == [uuid]):
            yield node
