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

"""Reads what a plan needs from Placement, in bulk where that suffices."""

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses

from hv_sched import exception
from hv_sched import model
from hv_sched import printable
from hv_sched.compute import hypervisors
from hv_sched.parallel import in_parallel
from hv_sched.placement import bulk_read
from hv_sched.placement import names
from hv_sched.placement import provider_read
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.placement.observed import Provider
from hv_sched.providers import drift
from hv_sched.providers import scope as scoping
from hv_sched.providers import sections
from hv_sched.providers import sizes
from hv_sched.providers.freshness import Moment
from hv_sched.providers.layout import Layout
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings

LOG = printable.logger(__name__)


class Observer:
    """Observes what stands in Placement about a source.

    It remembers the volumes it read: while nobody writes to one, they tell
    more than its summary does. And whose the traits and aggregates were, by
    the generations of the providers.
    """

    def __init__(self, client: Placement, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._memory: dict[str, Provider] = {}
        self._bulk = bulk_read.OwnersMemory()

    def overview(self, facts: model.Facts, moment: Callable[[], Moment],
                 full: bool = True) -> tuple[Scope, Overview]:
        """The source laid over what few bulk requests contain.

        :param moment: asked after the first answer, which tells the time
        :param full: ask again for what was remembered, too
        """
        if full:
            self._bulk.forget()
        known_traits = self._client.all_traits()
        listed = self._client.list_providers()
        now = moment()
        facts = dataclasses.replace(facts, clusters=tuple(
            sections.believed(cluster, now, self._settings)
            for cluster in facts.clusters))
        overview = bulk_read.read_overview(
            self._client, bulk_read.Names(
                known_traits, listed,
                scoping.bundled_aggregates(facts.clusters, listed)),
            self._settings.workers, self._bulk)
        # Others add to it at the same time: a copy of its keys. One that
        # comes back is read in full before anything is planned of it.
        for uuid in set(self._memory) - overview.volumes.keys():
            self._memory.pop(uuid, None)
        scope = scoping.scope_of(facts, overview, self._settings.allow)
        if scoping.has_many_newcomers(scope, overview):
            overview = dataclasses.replace(
                overview, newcomers=bulk_read.read_newcomers(
                    self._client, overview.traits_in_use))
        return scope, overview

    def sketches(self, scope: Scope, overview: Overview, moment: Moment
                 ) -> drift.Sketches:
        """The providers concerned, as far as the overview contains them."""
        return drift.Sketcher(scope, overview, self._settings,
                              self._memory).sketches(moment)

    def reads_more(self, scope: Scope, overview: Overview) -> bool:
        """Whether ``read`` reads something even where nothing is in doubt.
        """
        return bool(scoping.users_of_new_volumes(scope, overview)
                    or scoping.nodes_to_weigh(
                        scope, overview, self._settings.allow)
                    or any(growing(scope, {}, overview)))

    def read(self, scope: Scope, overview: Overview,
             uuids: frozenset[str]) -> Observed:
        """Read these providers in full, as far as they are there."""
        return self.read_more(scope, Observed(
            overview, {}, self._node_shares_gb(scoping.nodes_to_weigh(
                scope, overview, self._settings.allow), overview)), uuids)

    def read_more(self, scope: Scope, observed: Observed,
                  uuids: frozenset[str]) -> Observed:
        """Read these too, and what has to be known about them."""
        overview = observed.overview
        providers = provider_read.read_providers(
            self._client, [overview.listed[uuid] for uuid in sorted(
                uuids & overview.listed.keys())],
            scoping.volumes_with_vms(scope), self._settings.workers,
            overview.newcomers)
        self._memory |= {uuid: provider for uuid, provider
                         in providers.items() if uuid in overview.volumes}
        providers = {**observed.providers, **providers}
        return dataclasses.replace(
            observed, providers=providers,
            reported_gb=self._reported_gb(scope, providers, overview))

    def _reported_gb(self, scope: Scope, providers: Mapping[str, Provider],
                     overview: Overview) -> dict[str, int]:
        """What nodes report whose home a new or growing volume is."""
        reported: dict[str, int] = {}
        for layout, uuid in growing(scope, providers, overview):
            for nodes in sizes.witnesses(
                    layout, uuid, sizes.is_new(uuid, providers, overview)):
                heard = self._heard_gb(layout, uuid, nodes, providers)
                reported |= heard
                if heard:
                    break
        return reported

    def _heard_gb(self, layout: Layout, uuid: str, nodes: Iterable[str],
                  providers: Mapping[str, Provider]) -> dict[str, int]:
        """One that confirms the size is enough: no more are asked then."""
        heard: dict[str, int] = {}
        for node in sorted(nodes):
            total_gb = self._total_gb(node, providers)
            if total_gb is None:
                continue  # no disk at all: it says nothing of a size
            heard[node] = total_gb
            if sizes.confirms(layout, uuid, total_gb):
                break
        return heard

    def _total_gb(self, node: str, providers: Mapping[str, Provider]
                  ) -> int | None:
        inventories = (providers[node].inventories if node in providers
                       else self._client.inventories(node)[1])
        disk = inventories.get(names.DISK_GB)
        return disk.total if disk else None

    def _node_shares_gb(self, volumes: Mapping[str, frozenset[str]],
                        overview: Overview) -> dict[str, dict[str, int]]:
        """What servers on nodes hold of volumes.

        :param volumes: by node
        """
        listed = sorted(overview.listed.keys() & {
            *volumes, *frozenset().union(*volumes.values())})
        shares = dict(zip(listed, in_parallel(
            self._settings.workers, self._client.allocations_on, listed),
            strict=True))
        return {node: {volume: held_gb for volume in shares.keys() & others
                       if (held_gb := _held_gb(shares[volume], shares[node]))}
                for node, others in volumes.items()}


def _held_gb(on_volume: Mapping[str, Mapping[str, int]],
             on_node: Container[str]) -> int:
    """What the consumers on a node hold of a volume, escrow among it."""
    return sum(resources.get(rc, 0)
               for consumer, resources in on_volume.items()
               if consumer in on_node
               for rc in (names.DISK_GB, names.HELD_DISK_GB))


def growing(scope: Scope, providers: Mapping[str, Provider],
            overview: Overview) -> Iterator[tuple[Layout, str]]:
    """The volumes that are new or have grown, each with its cluster."""
    for layout in scope.planned:
        for uuid, volume in layout.volumes.items():
            provider = providers.get(uuid)
            disk = provider and provider.inventories.get(names.DISK_GB)
            if volume.total_gb is None:
                continue
            if sizes.is_new(uuid, providers, overview) or (
                    disk and volume.total_gb > disk.total):
                yield layout, uuid


def with_hypervisors(observed: Observed, nodes: Mapping[str, str],
                     nova: hypervisors.HypervisorTypes) -> Observed:
    """The same, with which of the nodes are no Hyper-V hosts.

    Nova may be away: then nobody knows, and a sync works without it.

    :param nodes: names by the uuid of the provider
    """
    try:
        types = hypervisors.not_hyperv(nova, nodes)
    except exception.HvSchedError as exc:
        LOG.warning('Nova does not report the hypervisors of the nodes: %s',
                    exc)
        return observed
    return dataclasses.replace(observed, other_hypervisors={
        uuid: types[name] for uuid, name in nodes.items() if name in types})
