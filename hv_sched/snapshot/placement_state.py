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

"""Reads the cloud as Placement has it, in few requests."""

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Set
import dataclasses
from typing import Any

import os_traits

from hv_sched import exception
from hv_sched import features
from hv_sched import parallel
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import node_capacity
from hv_sched.placement import ownership
from hv_sched.placement.client import Placement
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.node_capacity import NodeCapacity
from hv_sched.placement.observed import Listed
from hv_sched.snapshot import reader
from hv_sched.snapshot import volumes

_UEFI: str = os_traits.COMPUTE_SECURITY_UEFI_SECURE_BOOT
_SECURE_BOOT = features.SECURE_BOOT.trait
# What a volume must have to be one; the rest is health.
_OF_VOLUMES = (names.VOLUME, names.SHARING)
_AGGREGATES_A_REQUEST = 150


@dataclasses.dataclass(frozen=True)
class PlacementState:
    """The cloud as Placement has it.

    :param version: the newest microversion it speaks
    :param snapshot: see hv_sched.snapshot.volumes
    :param compute_nodes: names by provider uuid
    :param capacities: the clustered nodes by provider uuid
    :param unmarked: names of nodes that are in a volume's home aggregate but
        lack our traits
    :param unnamed: names of nodes in such an aggregate that no volume's
        traits name
    :param volume_names: all providers named like a volume, by uuid
    :param wiped: those of them without a DISK_GB inventory
    :param hidden: GB in shares on those of them that no node reaches, as an
        adopt or a retire that was interrupted leaves them
    :param unshared: those of them that lack a trait of volumes, with it
    :param foreign_members: names of nodes that reach a volume by an aggregate
        which is not its home: by volume name, then aggregate
    :param no_secure_boot: names of nodes with CUSTOM_HYPERV_SECURE_BOOT that
        Nova does not ask for secure boot
    :param limit: candidates a request gets at most
    :param offered: candidates of a small request, at most limit
    :param offered_hosts: how many hosts these are on
    """

    version: tuple[int, int]
    snapshot: volumes.Snapshot
    compute_nodes: Mapping[str, str]
    capacities: Mapping[str, NodeCapacity]
    unmarked: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    volume_names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    wiped: tuple[str, ...] = ()
    hidden: Mapping[str, int] = dataclasses.field(default_factory=dict)
    unshared: Mapping[str, str] = dataclasses.field(default_factory=dict)
    foreign_members: Mapping[str, Mapping[str, tuple[str, ...]]] = (
        dataclasses.field(default_factory=dict))
    no_secure_boot: tuple[str, ...] = ()
    limit: int = 1000
    offered: int = 0
    offered_hosts: int = 0


@dataclasses.dataclass(frozen=True)
class Sample:
    """What is ours at one moment: (provider name, what) -> value."""

    values: Mapping[tuple[str, str], str]


def snapshot(placement: Placement,
             types_of: reader.TypesOf = lambda uuids: {}
             ) -> volumes.Snapshot:
    """The volumes, without changing anything.

    :param types_of: see SnapshotReader; without it all escrow is owed
    """
    return reader.SnapshotReader(
        placement, lambda trait: False, types_of).read()


def read(placement: Placement, limit: int, workers: int) -> PlacementState:
    """One or two requests a volume, and about twenty more.

    :param limit: [scheduler]max_placement_results
    :raises PlacementError: Placement does not answer
    """
    return _StateReader(placement, workers).read(limit)


def sample(placement: Placement, labels: Mapping[str, str]) -> Sample:
    """What is ours on volumes and nodes now, in two requests.

    :param labels: names of providers by uuid
    """
    values = {}
    for uuid, summary in _summaries(placement, names.HELD_DISK_GB,
                                    names.VOLUME).items():
        disk = summary['resources'].get(names.DISK_GB, {})
        values[uuid, 'capacity_gb'] = str(disk.get('capacity', 0))
        _add_traits(values, uuid, summary['traits'])
    for uuid, summary in _clustered(placement).items():
        disk = summary['resources'].get(names.DISK_GB, {})
        values[uuid, 'own disk'] = (
            'open' if disk.get('capacity', 0) else 'closed')
        _add_traits(values, uuid, ownership.node_traits(summary['traits']))
    return Sample({(labels.get(uuid, uuid), field): value
                   for (uuid, field), value in values.items()})


def _add_traits(values: dict[tuple[str, str], str], uuid: str,
                traits: Collection[str]) -> None:
    for trait in traits:
        values[uuid, trait] = 'present'


def _summaries(placement: Placement, resource_class: str, trait: str
               ) -> Mapping[str, Mapping[str, Any]]:
    """Summaries of the providers with a trait that have a unit left."""
    return {uuid: summary for uuid, summary in _summaries_of(
        placement, resource_class, trait).items()
        if trait in summary['traits']}


def _summaries_of(placement: Placement, resource_class: str, required: str
                  ) -> Mapping[str, Mapping[str, Any]]:
    """All summaries of an answer, those of sharing providers, too."""
    try:
        candidates = placement.allocation_candidates(
            resources=f'{resource_class}:1', required=required)
    except exception.PlacementRefused:  # the trait or class is not there
        return {}
    return dict(candidates['provider_summaries'])


def _clustered(placement: Placement) -> Mapping[str, Mapping[str, Any]]:
    """Summaries of the nodes whose own disk is closed.

    Placement refuses a name that it does not know: one is older than this
    release, the other no Hyper-V cluster ever brought.
    """
    for marks in (names.CLUSTERED_MARKS, *(
            (mark,) for mark in reversed(names.CLUSTERED_MARKS))):
        summaries = _summaries_of(
            placement, node_capacity.MEMORY_MB, names.clustered_query(marks))
        if summaries:
            return {uuid: summary for uuid, summary in summaries.items()
                    if names.is_clustered(summary['traits'])}
    return {}


def _sorted_names(compute_nodes: Mapping[str, str], providers: Set[str]
                  ) -> tuple[str, ...]:
    """Names of those that are compute nodes."""
    return tuple(sorted(compute_nodes[uuid]
                        for uuid in providers & compute_nodes.keys()))


class _StateReader:
    def __init__(self, placement: Placement, workers: int) -> None:
        self._placement = placement
        self._workers = workers

    def read(self, limit: int) -> PlacementState:
        providers = self._placement.list_providers()
        traits = self._placement.all_traits()
        compute_nodes = {provider.uuid: provider.name for provider
                         in self._owners(names.COMPUTE_NODE)}
        published = snapshot(self._placement)
        labels = {provider.uuid: provider.name for provider in providers
                  if provider.name.startswith(names.VOLUME_NAME_PREFIX)}
        at_home = self._at_home(sorted(labels))
        doubtful = self._inventories(labels, at_home, published)
        offered, hosts = self._offered(limit, compute_nodes)
        return PlacementState(
            version=self._placement.newest_version(), snapshot=published,
            compute_nodes=compute_nodes,
            capacities=node_capacity.read(self._placement, self._workers),
            unmarked=_sorted_names(compute_nodes,
                                   at_home - published.nodes.keys()),
            unnamed=_sorted_names(
                compute_nodes, self._unnamed(at_home, labels, published)),
            volume_names=labels,
            wiped=tuple(uuid for uuid, inventories in doubtful.items()
                        if names.DISK_GB not in inventories),
            hidden=self._hidden(doubtful, at_home),
            unshared=self._unshared(at_home & labels.keys(), traits),
            foreign_members=self._foreign_members(labels, compute_nodes),
            no_secure_boot=self._no_secure_boot(traits),
            limit=limit, offered=offered, offered_hosts=hosts)

    def _offered(self, limit: int, compute_nodes: Mapping[str, str]
                 ) -> tuple[int, int]:
        """What the smallest request gets, as the scheduler asks."""
        candidates = self._placement.allocation_candidates(
            resources=f'VCPU:1,MEMORY_MB:1,{names.DISK_GB}:1',
            limit=str(limit))['allocation_requests']
        hosts = {provider for candidate in candidates
                 for provider in candidate['allocations']
                 if provider in compute_nodes}
        return len(candidates), len(hosts)

    def _inventories(self, labels: Collection[str], at_home: Collection[str],
                     published: volumes.Snapshot
                     ) -> dict[str, Mapping[str, Inventory]]:
        """Of volumes that the bulk answer does not show to be in order."""
        doubtful = sorted(uuid for uuid in labels
                          if uuid not in at_home
                          or uuid not in published.volumes
                          or not published.volumes[uuid].capacity_gb)
        read_in_full = parallel.in_parallel(
            self._workers, self._placement.inventories, doubtful)
        return {uuid: inventories for uuid, (_generation, inventories)
                in zip(doubtful, read_in_full, strict=True)}

    def _hidden(self, doubtful: Mapping[str, Mapping[str, Inventory]],
                at_home: Collection[str]) -> dict[str, int]:
        """Only ours have room for escrow, whatever else is called so."""
        hidden = [uuid for uuid, inventories in doubtful.items()
                  if uuid not in at_home
                  and names.HELD_DISK_GB in inventories]
        usages = parallel.in_parallel(
            self._workers, self._placement.usages, hidden)
        return {uuid: used.get(names.DISK_GB, 0)
                for uuid, (_generation, used)
                in zip(hidden, usages, strict=True)}

    def _unshared(self, used: Collection[str], traits: frozenset[str]
                  ) -> dict[str, str]:
        """Volumes that lack a trait of volumes.

        :param used: those in their home aggregate, the last step of
            publishing
        """
        owners = {trait: {provider.uuid for provider in self._owners(trait)}
                  if trait in traits else set() for trait in _OF_VOLUMES}
        return {uuid: trait for uuid in sorted(used)
                for trait in _OF_VOLUMES if uuid not in owners[trait]}

    def _at_home(self, uuids: list[str]) -> set[str]:
        """Volumes and nodes that are in some volume's home aggregate."""
        members: set[str] = set()
        for start in range(0, len(uuids), _AGGREGATES_A_REQUEST):
            part = uuids[start:start + _AGGREGATES_A_REQUEST]
            homes = ','.join(map(ids.home_aggregate, part))
            members |= self._members(f'in:{homes}')
        return members

    def _unnamed(self, at_home: Collection[str], labels: Collection[str],
                 published: volumes.Snapshot) -> set[str]:
        """Users of volumes that could be read, whom none of those names."""
        doubtful = set(at_home) - published.homes.keys()
        readable = [uuid for uuid in sorted(labels)
                    if uuid in published.volumes]
        if doubtful and len(readable) < len(labels):
            doubtful &= self._at_home(readable)
        return doubtful

    def _owners(self, trait: str) -> list[Listed]:
        return self._placement.list_providers(required=trait)

    def _members(self, aggregates: str) -> set[str]:
        """:param aggregates: one, or several as ``in:…``"""
        return {provider.uuid for provider
                in self._placement.list_providers(member_of=aggregates)}

    def _foreign_members(self, labels: Mapping[str, str],
                         compute_nodes: Mapping[str, str]
                         ) -> dict[str, dict[str, tuple[str, ...]]]:
        """Who reaches a volume by another aggregate than its home."""
        foreign_members: dict[str, dict[str, tuple[str, ...]]] = {}
        members: dict[str, set[str]] = {}
        uuids = sorted(labels)
        read_in_full = parallel.in_parallel(
            self._workers, self._placement.aggregates, uuids)
        for uuid, (_generation, aggregates) in zip(
                uuids, read_in_full, strict=True):
            home = ids.home_aggregate(uuid)
            for aggregate in sorted(aggregates - {home}):
                for key in (aggregate, home):
                    if key not in members:
                        members[key] = self._members(key)
                reaching = _sorted_names(
                    compute_nodes, members[aggregate] - members[home])
                if reaching:
                    foreign_members.setdefault(labels[uuid], {})[
                        aggregate] = reaching
        return foreign_members

    def _no_secure_boot(self, traits: frozenset[str]) -> tuple[str, ...]:
        if not {_UEFI, _SECURE_BOOT} <= traits:
            return ()
        return tuple(sorted(provider.name for provider in self._owners(
            f'{_SECURE_BOOT},!{_UEFI}')))
