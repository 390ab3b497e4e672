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

"""Reads all volumes from Placement in a few requests, without nova.

Eight, however many hosts and volumes there are; one more once a node had
redirected access, and one where clusters do not run Hyper-V; up to eight while
servers move inside their volume, or such a move failed, and up to eight while
nodes are cut off from volumes.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import contextlib
import dataclasses
from typing import Any

from hv_sched import printable
from hv_sched.placement import names
from hv_sched.placement import owed
from hv_sched.placement.client import Placement
from hv_sched.snapshot import homes
from hv_sched.snapshot import volumes

LOG = printable.logger(__name__)

# Volumes with escrow whose consumers are read, a request for each.
_ESCROW_READS = 8
# Volumes some node is cut off from whose nodes are read, a request for each.
_CUT_OFF_READS = 8
# Those that requests forbid.
_FORBIDDEN = (names.NO_NEW_DISKS, names.PAUSED)
_MARKS = (names.VOLUME, *names.CLUSTERED_MARKS, names.REDIRECTED)

TypesOf = Callable[[Iterable[str]], Mapping[str, str]]


class SnapshotReader:
    """Reads what filters and weighers know.

    :param ensure_trait: makes a trait known; whether it is
    :param types_of: the types of consumers, as far as they are known
    """

    def __init__(self, placement: Placement,
                 ensure_trait: Callable[[str], bool],
                 types_of: TypesOf
                 ) -> None:
        self._placement = placement
        self._ensure_trait = ensure_trait
        self._types_of = types_of

    def read(self) -> volumes.Snapshot:
        """All volumes, however many hosts there are."""
        traits = self._traits()
        if names.VOLUME not in traits:
            return volumes.Snapshot({}, {}, {}, traits)
        published = self._volumes()
        without_hyperv = self._without_hyperv(published, traits)
        return volumes.Snapshot(
            volumes=published, homes=homes.read_homes(published),
            nodes={**(self._owners(names.CLUSTERED)
                      if names.CLUSTERED in traits else {}), **without_hyperv},
            without_hyperv=frozenset(without_hyperv),
            redirected=(frozenset(self._owners(names.REDIRECTED))
                        if names.REDIRECTED in traits else frozenset()),
            traits=traits, cut_off=self._cut_off(traits))

    def read_volume(self, uuid: str, name: str) -> volumes.VolumeState | None:
        """One volume as it is now: a request, with escrow on it one more.

        :param name: its provider's
        :returns: None when it is no published volume any more
        """
        # in_tree names the volume itself: its summary has all its resources
        # and traits.
        summary = self._placement.allocation_candidates(
            resources=f'{names.HELD_DISK_GB}:1', in_tree=uuid,
        )['provider_summaries'].get(uuid)
        if summary is None or names.VOLUME not in summary['traits']:
            return None
        volume = _volume(uuid, name, summary)
        return self._owing(volume) if volume.held_gb else volume

    def _traits(self) -> frozenset[str]:
        """Our traits that Placement knows, made known if they were not.

        A query that names an unknown trait is refused, and a volume may be
        closed by a trait created a moment ago.
        """
        traits = self._placement.all_traits(
            name=f'in:{",".join((*_FORBIDDEN, *_MARKS))}')
        traits |= self._placement.all_traits(
            name=f'startswith:{names.HYPERV}')
        if names.VOLUME in traits:
            traits |= {trait for trait in _FORBIDDEN
                       if trait not in traits and self._ensure_trait(trait)}
            traits |= self._placement.all_traits(
                name=f'startswith:{names.CUT_OFF_PREFIX}')
        return traits

    def _without_hyperv(self, published: Mapping[str, volumes.VolumeState],
                traits: frozenset[str]) -> dict[str, str]:
        """Nodes of clusters that do not run Hyper-V, by provider uuid."""
        if names.CSV_CLUSTERED not in traits or all(
                volume.is_hyperv for volume in published.values()):
            return {}
        return self._owners(','.join((
            names.CSV_CLUSTERED,
            *((f'!{names.HYPERV}',) if names.HYPERV in traits else ()))))

    def _cut_off(self, traits: frozenset[str]) -> dict[str, frozenset[str]]:
        """The nodes that do not reach a volume, by the volume.

        For what is reported, and as a safety net: queries forbid the trait
        whether or not anybody has it. While nobody has, one request says so.
        """
        if not any(trait.startswith(names.CUT_OFF_PREFIX)
                   for trait in traits):
            return {}
        in_use = sorted(self._placement.all_traits(
            name=f'startswith:{names.CUT_OFF_PREFIX}', associated=True))
        cut_off = {}
        for trait in in_use[:_CUT_OFF_READS]:
            # One not of our making says nothing.
            with contextlib.suppress(ValueError):
                cut_off[names.volume_of(trait)] = frozenset(
                    self._owners(trait))
        return cut_off

    def _owners(self, trait: str) -> dict[str, str]:
        return {provider.uuid: provider.name for provider
                in self._placement.list_providers(required=trait)}

    def _volumes(self) -> dict[str, volumes.VolumeState]:
        # Asked for the escrow class, which never runs out: a full volume
        # would be absent if asked for its DISK_GB.
        summaries = self._placement.allocation_candidates(
            resources=f'{names.HELD_DISK_GB}:1', required=names.VOLUME,
        )['provider_summaries']
        titles = self._owners(names.VOLUME)
        published = {uuid: _volume(uuid, titles.get(uuid, uuid), summary)
                     for uuid, summary in summaries.items()
                     if names.VOLUME in summary['traits']}
        return published | self._without_migrations(published)

    def _without_migrations(self, published: Mapping[str, volumes.VolumeState],
                            ) -> dict[str, volumes.VolumeState]:
        """Volumes with escrow, of which that of migrations does not count.

        The fullest first, where it decides; of those beyond the number of
        reads all escrow counts, which gives less room away.
        """
        escrowed = sorted((volume for volume in published.values()
                           if volume.held_gb),
                          key=lambda volume: volume.room_gb)
        if len(escrowed) > _ESCROW_READS:
            LOG.info('%s volumes hold escrow; of all but the %s fullest that '
                     'of running migrations counts as taken, too',
                     len(escrowed), _ESCROW_READS)
        return {volume.uuid: self._owing(volume)
                for volume in escrowed[:_ESCROW_READS]}

    def _owing(self, volume: volumes.VolumeState) -> volumes.VolumeState:
        """A volume with what it owes, all of it told by one answer.

        Of two answers the older may miss a share and the newer the escrow
        it was restored from.
        """
        allocations = self._placement.allocations_on(volume.uuid)
        holders = [consumer for consumer, resources in allocations.items()
                   if resources.get(names.HELD_DISK_GB)]
        due = owed.owed(
            sum(resources.get(names.DISK_GB, 0)
                for resources in allocations.values()),
            owed.escrows_of(allocations, self._types_of(holders)
                            if holders else {}))
        return dataclasses.replace(volume, used_gb=due.disk_gb,
                                   held_gb=due.held_gb)


def _volume(uuid: str, title: str,
            summary: Mapping[str, Any]) -> volumes.VolumeState:
    """A volume all of whose escrow counts as owed."""
    resources = summary['resources']
    disk = resources.get(names.DISK_GB, {'capacity': 0, 'used': 0})
    return volumes.VolumeState(
        uuid=uuid, name=title, capacity_gb=disk['capacity'],
        used_gb=disk['used'], traits=frozenset(summary['traits']),
        held_gb=resources[names.HELD_DISK_GB]['used'])
