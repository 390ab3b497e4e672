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

"""From the names people use to the question: flavor, image, zone, server."""

from collections.abc import Mapping
import dataclasses
from typing import Any

from oslo_config import cfg

from hv_sched import exception
from hv_sched.compute import flavors
from hv_sched.compute import lookups
from hv_sched.compute.servers import OPEN_STATUSES
from hv_sched.conf import nova_conf
from hv_sched.conf import plugins
from hv_sched.explain.explanation import Context
from hv_sched.placement import consumers
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.query import build
from hv_sched.query import from_nova
from hv_sched.query import rules
from hv_sched.query.candidates_query import joined
from hv_sched.snapshot import placement_state
from hv_sched.snapshot import volumes

_OWNER_NOVA = 'OWNER_NOVA'
_EVALUATED = (plugins.VOLUME_FILTER, plugins.FEATURE_FILTER)


@dataclasses.dataclass(frozen=True)
class Question:
    """What the operator asks, in the operator's words."""

    flavor: str | None = None
    image: str | None = None
    zone: str | None = None
    host: str | None = None
    server: str | None = None


class Asking:
    """:param conf: Nova's options, see ``nova_conf``"""

    def __init__(self, placement: Placement, nova: lookups.Nova,
                 glance: lookups.Glance, conf: cfg.ConfigOpts) -> None:
        self._placement = placement
        self._nova = nova
        self._glance = glance
        self._conf = conf
        self._not_evaluated: list[str] = []
        self._places: dict[str, str] = {}
        self._leaving: frozenset[str] = frozenset()

    def ask(self, question: Question) -> tuple[build.BuiltQuery, Context]:
        """The question as it will reach Placement, and what goes with it.

        :raises InvalidConfig: something named is not there
        :raises ServiceError: Nova does not tell the flavor or server
        :raises PlacementError: Placement cannot be read
        """
        known = self._snapshot()
        nodes = {one.uuid: one.name for one in
                 self._placement.list_providers(required=names.COMPUTE_NODE)}
        wanted = self._wanted(question, known, nodes)
        built = build.build(
            wanted, known, self._owner_nova(), build.Switches.from_conf(
                self._conf.hv_sched))
        self._name_what_nova_adds(wanted)
        return built, Context(
            known, nodes, self._places, self._leaving,
            self._conf.scheduler.max_placement_results,
            tuple(self._not_evaluated))

    def _snapshot(self) -> volumes.Snapshot:
        return placement_state.snapshot(self._placement,
                                        self._servers_among)

    def _servers_among(self, some: list[str]) -> set[str]:
        """Unknown counts as a server: that gives less room away."""
        try:
            return set(some) - self._nova.open_migrations(OPEN_STATUSES)
        except exception.ServiceError as exc:
            self._not_evaluated.append(
                f'which escrow is a migration\'s, not a server\'s: {exc}')
            return set(some)

    def _owner_nova(self) -> bool:
        """Nova 34 asks for its own providers once all nodes say they are.

        Where all are, asking changes nothing; where some are not, Nova does
        not ask yet.
        """
        traits = self._placement.all_traits(name=f'in:{_OWNER_NOVA}')
        return bool(traits) and not self._placement.list_providers(
            required=f'{names.COMPUTE_NODE},!{_OWNER_NOVA}')

    def _wanted(self, question: Question, known: volumes.Snapshot,
                nodes: Mapping[str, str]) -> build.ServerRequest:
        server = self._server(question.server)
        flavor, image, from_volume = self._built_of(question, server)
        aggregates = self._aggregates(question.zone or (server or {}).get(
            'pinned_availability_zone'))
        wanted = build.ServerRequest(
            flavor, image, from_volume, aggregates,
            self._host(question.host, nodes, known))
        held = server and self._placement.consumer(server['id'])
        if not held:
            return wanted
        return self._moving(wanted, held, known, nodes,
                            resized=question.flavor is not None)

    def _moving(self, wanted: build.ServerRequest, held: consumers.Consumer,
                known: volumes.Snapshot, nodes: Mapping[str, str],
                resized: bool) -> build.ServerRequest:
        """A live migration, or with another flavor a resize."""
        source = sorted(held.held.keys() & nodes)
        self._leaving = frozenset(nodes[node] for node in source)
        on = frozenset(
            provider for provider in held.held if provider in known.volumes)
        if resized:
            on = on if self._conf.hv_sched.cold_move_keeps_disk else (
                frozenset())
        elif self._conf.hv_sched.live_migration_scope == 'prefer':
            self._not_evaluated.append(
                '[hv_sched]live_migration_scope=prefer: when no host is left '
                'here, Nova looks outside the cluster')
        self._places[joined(build.cluster_homes(on, known))] = (
            'in the cluster of its volume')
        traits = {trait for node in source
                  for trait in self._placement.traits(node)[1]}
        return dataclasses.replace(
            wanted, keeps_disk_on=on, runs_already=not resized,
            on_node=next(iter(self._leaving), None),
            source_traits=frozenset(traits))

    # -- what is named

    def _server(self, wanted: str | None) -> Mapping[str, Any] | None:
        if wanted is None:
            return None
        server = self._nova.server(wanted)
        if server is None:
            raise exception.InvalidConfig(f'Nova knows no server {wanted}')
        return server

    def _built_of(self, question: Question, server: Mapping[str, Any] | None
                  ) -> tuple[Mapping[str, Any], Mapping[str, Any], bool]:
        """Flavor, image properties, and whether it boots from a volume."""
        if question.flavor:
            flavor = self._flavor(question.flavor)
        else:
            flavor = self._part_of(server, 'flavor')
        embedded = None if question.image or server is None else (
            self._part_of(server, 'image'))
        if embedded == '':
            self._not_evaluated.append(
                'properties of the image its boot volume was made from '
                '(Cinder)')
            return flavors.sizes(flavor), {}, True
        if embedded and embedded.get('properties'):
            return flavors.sizes(flavor), embedded['properties'], False
        return flavors.sizes(flavor), self._image(
            embedded['id'] if embedded else question.image), False

    def _part_of(self, server: Mapping[str, Any] | None, key: str) -> Any:
        if server is None:
            raise exception.InvalidConfig(
                'say what is asked for: --flavor and --image, or --server')
        if key not in server or server[key] is None:
            raise exception.InvalidConfig(
                f'Nova does not tell the {key} of server {server["id"]} '
                f'(status {server.get("status")}: its cell does not answer): '
                f'give --{key} as well')
        return server[key]

    def _flavor(self, wanted: str) -> Mapping[str, Any]:
        found = self._nova.flavor(wanted)
        if found is None:
            raise exception.InvalidConfig(f'Nova knows no flavor {wanted}')
        if 'extra_specs' not in found:
            self._not_evaluated.append(
                'extra specs of the flavor: these credentials may not see '
                'them')
        return found

    def _image(self, wanted: str | None) -> Mapping[str, Any]:
        if wanted is None:
            return {}
        try:
            found = self._glance.image(wanted)
        except exception.ServiceError as exc:
            self._not_evaluated.append(
                f'everything image {wanted} asks for: {exc}')
            return {}
        if found is None:
            raise exception.InvalidConfig(f'Glance knows no image {wanted}')
        return found

    def _aggregates(self, zone: str | None) -> frozenset[str]:
        """Uuids of the host aggregates that make an availability zone."""
        if not zone:
            return frozenset()
        try:
            aggregates = self._nova.aggregates()
        except exception.ServiceError as exc:
            self._not_evaluated.append(f'availability zone {zone}: {exc}')
            return frozenset()
        found = frozenset(aggregate.uuid for aggregate in aggregates
                          if aggregate.availability_zone == zone)
        if not found:
            self._not_evaluated.append(
                f'availability zone {zone}: no host aggregate makes it, so '
                'Nova asks Placement for none')
        self._places[joined(found)] = f'in availability zone {zone}'
        return found

    def _host(self, wanted: str | None, nodes: Mapping[str, str],
              known: volumes.Snapshot) -> tuple[str, str] | None:
        if wanted is None:
            return None
        found = [uuid for uuid, name in nodes.items() if name == wanted]
        found = found or self._nova.nodes_of_host(wanted)
        if len(found) != 1:
            raise exception.InvalidConfig(
                f'host {wanted} has {len(found)} compute nodes in Nova and '
                'Placement, not one')
        self._places[found[0]] = f'host {wanted}'
        homes = rules.home_aggregates(known, {wanted})
        self._places[joined(homes)] = f'on a home of host {wanted}'
        return wanted, found[0]

    # -- what is not told

    def _name_what_nova_adds(self, wanted: build.ServerRequest) -> None:
        found = self._not_evaluated
        found += [f'{key}, with which Nova asks for more' for key in
                  from_nova.beyond(wanted.flavor, wanted.image)]
        found += [f'Nova\'s request filter of [scheduler]{option}'
                  for option in nova_conf.NOVA_REQUEST_FILTERS
                  if self._conf.scheduler[option]]
        found += [f'filter {name}' for name in
                  self._conf.filter_scheduler.enabled_filters
                  if name not in _EVALUATED]
        found.append('ports, PCI devices, accelerators and further disks '
                     'the server asks for, scheduler hints')
