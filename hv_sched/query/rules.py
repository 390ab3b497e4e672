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

"""What hv_sched changes in a question of Nova's, rule by rule. Pure."""

from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
import dataclasses

from hv_sched import features
from hv_sched import requirements
from hv_sched.placement import disk_moves
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.snapshot import volumes

DISK_SUFFIX = '_HV_SCHED_DISK'
GPU_SUFFIX = '_HV_SCHED_GPU'
ISOLATE, NO_POLICY = 'isolate', 'none'


def unmarked(node: str | None, snapshot: volumes.Snapshot | None,
             otherwise: requirements.Hypervisor, on_volume: bool = False
             ) -> requirements.Hypervisor:
    """For whom an image is that does not say: a server stays with the
    hypervisor it has.

    :param node: name of the compute node the server is on, if any
    :param otherwise: [hv_sched]unmarked_images
    :param on_volume: its disk is on a volume of Hyper-V: the node may have
        left its cluster since
    """
    if node is None or snapshot is None or not snapshot.nodes or (
            names.HYPERV not in snapshot.traits):
        return otherwise
    is_hyperv = on_volume or any(
        name == node and uuid not in snapshot.without_hyperv
        for uuid, name in snapshot.nodes.items())
    return (requirements.Hypervisor.HYPERV if is_hyperv
            else requirements.Hypervisor.OTHER)


def for_server(rules: requirements.Rules, node: str | None,
               snapshot: volumes.Snapshot | None, on_volume: bool = False
               ) -> requirements.Rules:
    """An operator's rules for a server that may be on a node already.

    :param node: name of the compute node the server is on, if any
    :param on_volume: its disk is on a published volume
    """
    return dataclasses.replace(rules, unmarked=unmarked(
        node, snapshot, rules.unmarked, on_volume))


def unknown(demands: requirements.Requirements, traits: Container[str]
            ) -> list[str]:
    """The traits that are required and that no node has ever had.

    Placement answers 400 to a trait it does not know.
    """
    needed = demands.required | (
        {features.REMOTEFX.trait} if demands.gpu else frozenset())
    return [trait for trait in sorted(needed) if trait not in traits]


def never_shown(demands: requirements.Requirements, missing: Iterable[str]
                ) -> str:
    """The refusal of a server that requires unknown traits."""
    return 'no node has ever had ' + ', '.join(
        f'{trait} (asked by {_setting(demands, trait)})' for trait in missing)


def feature_names(demands: requirements.Requirements, traits: Iterable[str]
                  ) -> list[str]:
    """Features by the names users know, and what asks for each."""
    return [f'{_feature_name(trait)} ({_setting(demands, trait)})'
            for trait in traits]


def _feature_name(trait: str) -> str:
    if trait == names.HYPERV:
        return 'Hyper-V'
    feature = features.by_trait(trait)
    return feature.name if feature else trait


def _setting(demands: requirements.Requirements, trait: str) -> str:
    return demands.asked_by(trait) or 'flavor os:resolution'


def disk_needs_group(snapshot: volumes.Snapshot | None, bound: bool,
                     volume_traits: Collection[str]) -> bool:
    """Whether Placement would find no volume unless the disk is in a group.

    :param bound: the request names a host or an aggregate
    """
    if snapshot is not None and not snapshot.volumes:
        return False
    return bound or bool(volume_traits)


def disk_group_harms(snapshot: volumes.Snapshot | None,
                     hosts: AbstractSet[str], policy: str | None,
                     groups: int) -> bool:
    """Whether a host with a disk of its own is named and groups isolated.

    ``group_policy=isolate`` forbids one provider to serve two groups, so a
    group on the host itself could not stand beside the disk's. A host that
    is in no cluster needs no group for its disk.

    :param groups: suffixed groups beside the disk's
    """
    return (policy == ISOLATE and groups > 1 and snapshot is not None
            and bool(hosts) and hosts.isdisjoint(snapshot.nodes.values()))


def policy_beside_disk(policy: str | None, groups: int) -> str | None:
    """The group policy once the disk has a group of its own.

    A request's only group was isolated from nothing, so ``isolate`` must not
    keep it off the disk's provider.

    :param groups: suffixed groups beside the disk's
    """
    return NO_POLICY if groups == 1 else policy


def home_aggregates(snapshot: volumes.Snapshot | None,
                    hosts: Container[str]) -> list[str]:
    """Aggregates of the homes of named hosts; empty: not known."""
    if snapshot is None:
        return []
    return sorted({
        ids.home_aggregate(home) for node, name in snapshot.nodes.items()
        if name in hosts for home in snapshot.homes.get(node, ())})


def volumes_of_clusters(on: Iterable[str],
                        snapshot: volumes.Snapshot) -> list[str]:
    """All volumes of the clusters these volumes belong to."""
    clusters = {snapshot.volumes[volume].cluster for volume in on}
    return [uuid for uuid, volume in snapshot.volumes.items()
            if volume.cluster in clusters]


def cold_moves_keep_disk(on: Iterable[str], snapshot: volumes.Snapshot,
                         otherwise: bool) -> bool:
    """Whether a cold move leaves a disk on its volumes, as one copy.

    :param on: provider uuids of the volumes
    :param otherwise: [hv_sched]cold_move_keeps_disk
    """
    return all(disk_moves.cold_keeps_disk(
        snapshot.volumes[uuid].traits, otherwise) for uuid in on)


def stays_home(on: Iterable[str], snapshot: volumes.Snapshot,
               is_live: bool) -> bool:
    """Whether nodes of other homes cannot use a disk that is kept."""
    return any(disk_moves.stays_home(snapshot.volumes[uuid].traits, is_live)
               for uuid in on)


def reached_from(on: Iterable[str], snapshot: volumes.Snapshot,
                 is_live: bool) -> list[str]:
    """The volumes whose nodes can use a disk that is kept on these."""
    on = sorted(on)
    return (on if stays_home(on, snapshot, is_live)
            else volumes_of_clusters(on, snapshot))


def cut_off_traits(on: Iterable[str], traits: Container[str]
                   ) -> frozenset[str]:
    """What no node has that reaches these volumes.

    The publisher makes the name known with the volume: Placement answers 400
    to one it does not know, and then nobody has it.

    :param on: provider uuids of the volumes
    :param traits: those Placement knows
    """
    return frozenset(trait for trait in map(names.cut_off_trait, on)
                     if trait in traits)


def cut_off_refusal(hosts: Container[str], on: Iterable[str],
                    snapshot: volumes.Snapshot) -> str:
    """Which of the named hosts does not reach which volume; empty: none."""
    return '; '.join(
        f'{name} does not reach volume {snapshot.volumes[uuid].name}'
        for uuid in sorted(on)
        for node, name in sorted(snapshot.nodes.items())
        if name in hosts and not snapshot.reaches(node, uuid))


def older_builds(source_traits: Iterable[str], traits: Iterable[str]
                 ) -> set[str]:
    """Traits of the builds a server cannot move to from a node.

    Hyper-V runs a virtual machine on the same or a newer build only.

    :param source_traits: of the node; one that shows no build may be left for
        any other
    """
    least = max(map(_build, source_traits), default=0)
    return {trait for trait in traits if 0 < _build(trait) < least}


def has_one_build(snapshot: volumes.Snapshot) -> bool:
    """Whether its nodes can all be left for each other, as far as it knows.

    Placement keeps the name of a build no node has any more: then it says
    no, and the builds are read.
    """
    return sum(_build(trait) > 0 for trait in snapshot.traits) <= 1


def _build(trait: str) -> int:
    number = trait.removeprefix(names.BUILD_PREFIX)
    return int(number) if number != trait and number.isdecimal() else 0
