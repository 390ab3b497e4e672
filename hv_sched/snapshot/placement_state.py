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

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
from typing import Any

from hv_sched import exception
from hv_sched import parallel
from hv_sched.doctor.evidence import PlacementState
from hv_sched.doctor.evidence import Sample
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import node_capacity
from hv_sched.placement import ownership
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import Listed
from hv_sched.snapshot import reader
from hv_sched.snapshot import volumes

_UEFI = 'COMPUTE_SECURITY_UEFI_SECURE_BOOT'
_SECURE_BOOT = 'CUSTOM_HYPERV_SECURE_BOOT'
# What a volume must have to be one; the rest is health.
_OF_VOLUMES = (names.VOLUME, names.SHARING)
_AGGREGATES_A_REQUEST = 150


def snapshot(placement: Placement,
             servers_among: Callable[[list[str]], Collection[str]]
             ) -> volumes.Snapshot:
    """The volumes, without changing anything."""
    return reader.SnapshotReader(
        placement, lambda trait: False, servers_among).read()


def read(placement: Placement, limit: int, workers: int) -> PlacementState:
    """One or two requests a volume, about twenty besides.

    :param limit: [scheduler]max_placement_results
    :raises PlacementError: Placement does not answer
    """
    return _Reader(placement, workers).read(limit)


def sample(placement: Placement, called: Mapping[str, str]) -> Sample:
    """What is ours on volumes and nodes now, in two requests.

    :param called: names of providers by uuid
    """
    values = {}
    for uuid, summary in _summaries(placement, names.HELD_DISK_GB,
                                    names.VOLUME).items():
        disk = summary['resources'].get(names.DISK_GB, {})
        values[uuid, 'capacity_gb'] = str(disk.get('capacity', 0))
        _add_traits(values, uuid, summary['traits'])
    for uuid, summary in _summaries(placement, node_capacity.MEMORY_MB,
                                    names.CLUSTERED).items():
        disk = summary['resources'].get(names.DISK_GB, {})
        values[uuid, 'own disk'] = (
            'open' if disk.get('capacity', 0) else 'closed')
        _add_traits(values, uuid, ownership.node_traits(summary['traits']))
    return Sample({(called.get(uuid, uuid), what): value
                   for (uuid, what), value in values.items()})


def _add_traits(values: dict[tuple[str, str], str], uuid: str,
                traits: Collection[str]) -> None:
    for trait in traits:
        values[uuid, trait] = 'present'


def _summaries(placement: Placement, resource_class: str, trait: str
               ) -> Mapping[str, Mapping[str, Any]]:
    """Summaries of the providers with a trait that have a unit left."""
    try:
        found = placement.allocation_candidates(
            resources=f'{resource_class}:1', required=trait)
    except exception.PlacementRefused:  # the trait or class is not there
        return {}
    return {uuid: summary
            for uuid, summary in found['provider_summaries'].items()
            if trait in summary['traits']}


def _names(compute: Mapping[str, str], some: Collection[str]
           ) -> tuple[str, ...]:
    """Of those that are compute nodes."""
    return tuple(sorted(compute[uuid] for uuid in some if uuid in compute))


class _Reader:
    def __init__(self, placement: Placement, workers: int) -> None:
        self._placement = placement
        self._workers = workers

    def read(self, limit: int) -> PlacementState:
        everyone = self._placement.list_providers()
        known = self._placement.all_traits()
        compute = {one.uuid: one.name for one in
                   self._placement.list_providers(
                       required=names.COMPUTE_NODE)}
        found = snapshot(self._placement, set)
        called = {one.uuid: one.name for one in everyone
                  if one.name.startswith(names.VOLUME_NAME_PREFIX)}
        at_home = self._at_home(sorted(called))
        offered, hosts = self._offered(limit, compute)
        return PlacementState(
            version=self._version(), snapshot=found, compute_nodes=compute,
            rooms=node_capacity.read(self._placement, self._workers),
            unmarked=_names(compute, at_home - found.nodes.keys()),
            unnamed=_names(compute, self._unnamed(at_home, called, found)),
            volume_names=called,
            wiped=self._wiped(called, found),
            unshared=self._unshared(at_home & called.keys(), known),
            strangers=self._strangers(called, compute),
            no_secure_boot=self._no_secure_boot(known),
            limit=limit, offered=offered, offered_hosts=hosts)

    def _version(self) -> tuple[int, int]:
        versions = self._placement.read('/')['versions']
        newest = max((each.get('max_version') or '1.0' for each in versions),
                     key=lambda text: tuple(map(int, text.split('.'))))
        major, minor = newest.split('.')
        return int(major), int(minor)

    def _offered(self, limit: int, compute: Mapping[str, str]
                 ) -> tuple[int, int]:
        """What the smallest request gets, as the scheduler asks."""
        found = self._placement.read(
            '/allocation_candidates?resources=VCPU:1,MEMORY_MB:1,'
            f'{names.DISK_GB}:1&limit={limit}')['allocation_requests']
        hosts = {provider for one in found for provider in one['allocations']
                 if provider in compute}
        return len(found), len(hosts)

    def _wiped(self, called: Mapping[str, str], found: volumes.Snapshot
               ) -> tuple[str, ...]:
        """Those with an inventory stand in the bulk answer."""
        doubtful = sorted(uuid for uuid in called
                          if uuid not in found.volumes
                          or not found.volumes[uuid].capacity_gb)
        read_in_full = parallel.in_parallel(
            self._workers, self._placement.inventories, doubtful)
        return tuple(uuid for uuid, (_generation, inventories)
                     in zip(doubtful, read_in_full, strict=True)
                     if names.DISK_GB not in inventories)

    def _unshared(self, used: Collection[str], known: frozenset[str]
                  ) -> dict[str, str]:
        """Volumes that lack a trait of volumes.

        :param used: those in their home aggregate, the last step of
            publishing
        """
        owners = {trait: {one.uuid for one in self._owners(trait)}
                  if trait in known else set() for trait in _OF_VOLUMES}
        return {uuid: trait for uuid in sorted(used)
                for trait in _OF_VOLUMES if uuid not in owners[trait]}

    def _at_home(self, called: list[str]) -> set[str]:
        """Volumes and nodes that are in some volume's home aggregate."""
        found: set[str] = set()
        for start in range(0, len(called), _AGGREGATES_A_REQUEST):
            part = called[start:start + _AGGREGATES_A_REQUEST]
            homes = ','.join(map(ids.home_aggregate, part))
            found.update(one.uuid for one in self._placement.list_providers(
                member_of=f'in:{homes}'))
        return found

    def _unnamed(self, at_home: Collection[str], called: Collection[str],
                 found: volumes.Snapshot) -> set[str]:
        """Users of volumes that could be read, whom none of those names."""
        doubtful = set(at_home) - found.homes.keys()
        readable = [uuid for uuid in sorted(called) if uuid in found.volumes]
        if doubtful and len(readable) < len(called):
            doubtful &= self._at_home(readable)
        return doubtful

    def _owners(self, trait: str) -> list[Listed]:
        return self._placement.list_providers(required=trait)

    def _strangers(self, called: Mapping[str, str],
                   compute: Mapping[str, str]
                   ) -> dict[str, dict[str, tuple[str, ...]]]:
        """Who reaches a volume by another aggregate than its home."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        members: dict[str, set[str]] = {}
        every = sorted(called)
        read_in_full = parallel.in_parallel(
            self._workers, self._placement.aggregates, every)
        for uuid, (_generation, aggregates) in zip(
                every, read_in_full, strict=True):
            home = ids.home_aggregate(uuid)
            for aggregate in sorted(aggregates - {home}):
                strangers = self._members(aggregate, members) - (
                    self._members(home, members))
                if strangers & compute.keys():
                    found.setdefault(called[uuid], {})[aggregate] = tuple(
                        sorted(compute[one] for one
                               in strangers & compute.keys()))
        return found

    def _members(self, aggregate: str, known: dict[str, set[str]]
                 ) -> set[str]:
        if aggregate not in known:
            known[aggregate] = {one.uuid for one in
                                self._placement.list_providers(
                                    member_of=aggregate)}
        return known[aggregate]

    def _no_secure_boot(self, known: frozenset[str]) -> tuple[str, ...]:
        if not {_UEFI, _SECURE_BOOT} <= known:
            return ()
        return tuple(sorted(one.name for one in self._owners(
            f'{_SECURE_BOOT},!{_UEFI}')))
