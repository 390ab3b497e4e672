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

"""What list, show and status say of a volume: each rule once. Pure."""

from collections.abc import Mapping
import dataclasses

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Provider
from hv_sched.providers import reserved_space
from hv_sched.providers import settings
from hv_sched.sources import decisions

_KEPT = 'kept for files of which the source does not tell whose they are'


@dataclasses.dataclass(frozen=True)
class Described:
    """What the source adds to what Placement says.

    :param volumes: cluster and volume by provider uuid
    :param clusters: names of the clusters it tells of, usable or not
    :param drift: provider uuids a sync would change
    :param decisions: who decided what an operator may decide
    """

    volumes: Mapping[str, tuple[model.Cluster, model.Volume]]
    clusters: frozenset[str]
    drift: frozenset[str] = frozenset()
    decisions: tuple[model.Decision, ...] = ()


def described(facts: model.Facts) -> Described:
    """What a source states, without asking what a sync would change."""
    return Described({
        ids.volume_uuid(cluster.guid, volume.guid): (cluster, volume)
        for cluster in facts.clusters for volume in cluster.volumes
        if volume.guid},
        frozenset((*(cluster.name for cluster in facts.clusters),
                   *(problem.cluster or '' for problem in facts.problems))),
        decisions=decisions.of(facts))


def state(provider: Provider) -> str:
    """One word for what a scheduler may do with the volume."""
    if (names.SHARING not in provider.traits
            or ids.home_aggregate(provider.uuid) not in provider.aggregates):
        return 'hidden'
    if names.NO_NEW_DISKS in provider.traits:
        return 'closed'
    free = free_gb(provider)
    if free < 0:
        return 'over-full'
    if not free:
        return 'full'
    return 'low' if names.LOW_SPACE in provider.traits else 'open'


def free_gb(provider: Provider) -> int:
    """What new disks may have; negative when over-full.

    What is held is owed to its servers, so nobody else gets it.
    """
    disk = provider.inventories.get(names.DISK_GB)
    capacity = disk.capacity if disk else 0
    over_full_gb = min(0, capacity - provider.used(names.DISK_GB))
    return over_full_gb or max(0, capacity - provider.owed.total_gb)


def is_ours(provider: Provider) -> bool:
    """Whether it is a volume, published or not, and not just called so."""
    return (names.VOLUME in provider.traits
            or names.HELD_DISK_GB in provider.inventories)


def reserved_gb(provider: Provider, cluster: model.Cluster,
                volume: model.Volume, options: settings.Settings
                ) -> dict[str, float]:
    """Where a volume's reserved space comes from, in GiB."""
    covered = reserved_space.covered(
        volume, cluster, provider.copies_gb, provider.owed.covering_gb)
    parts = reserved_space.reserved_parts(volume, covered.at_most)
    sizes_gb = {part.label: part.size_bytes / model.GIB for part in parts}
    disk = provider.inventories.get(names.DISK_GB)
    if disk and volume.free_bytes is not None:
        sizes_gb[_KEPT] = reserved_space.kept_gb(
            parts, reserved_space.Before(
                disk, provider.traits, covered.at_most - covered.at_least),
            options.reserved_step_gb)
    return {label: size_gb for label, size_gb in sizes_gb.items() if size_gb}
