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

from collections.abc import Iterable
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
from hv_sched.explain.question import NO_FLAVOR
from hv_sched.explain.question import Question
from hv_sched.placement import consumers
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import MIGRATION
from hv_sched.query import build
from hv_sched.query import candidate_rules
from hv_sched.query import from_nova
from hv_sched.query import rules
from hv_sched.query.candidates_query import joined
from hv_sched.snapshot import placement_state
from hv_sched.snapshot import volumes

_OWNER_NOVA = 'OWNER_NOVA'
_EVALUATED = (plugins.VOLUME_FILTER, plugins.FEATURE_FILTER)


class QuestionBuilder:
    """:param conf: Nova's options, see ``nova_conf``"""

    def __init__(self, placement: Placement, nova: lookups.Nova,
                 glance: lookups.Glance, conf: cfg.ConfigOpts) -> None:
        self._placement = placement
        self._nova = nova
        self._glance = glance
        self._conf = conf
        self._not_evaluated: list[str] = []
        self._is_partial = False
        self._places: dict[str, str] = {}
        self._source_hosts: frozenset[str] = frozenset()
        self._unreaching: dict[str, str] = {}

    def ask(self, question: Question) -> tuple[build.BuiltQuery, Context]:
        """The question as it will reach Placement, and what goes with it.

        :raises InvalidConfig: something named is not there
        :raises ServiceError: Nova does not return the flavor or server
        :raises PlacementError: Placement cannot be read
        """
        if question.host and question.forced_host:
            raise exception.InvalidConfig(
                'give the host with --host or in the availability zone')
        snapshot = self._snapshot()
        nodes = {provider.uuid: provider.name for provider in
                 self._placement.list_providers(required=names.COMPUTE_NODE)}
        request = self._request(question, snapshot, nodes)
        built = build.build(
            request, snapshot, self._owner_nova(),
            build.Switches.from_conf(self._conf.hv_sched))
        self._name_what_nova_adds(request, question.forced_host)
        return built, Context(
            snapshot, nodes, self._places, self._source_hosts,
            self._conf.scheduler.max_placement_results,
            tuple(self._not_evaluated), self._unreaching,
            self._is_partial, self._conf.hv_sched.scheduler_enabled)

    def _could_not_read(self, subject: str, exc: exception.ServiceError
                        ) -> None:
        """The answer is given without it."""
        self._not_evaluated.append(f'{subject}: {exception.told(exc)}')
        self._is_partial = True

    def _snapshot(self) -> volumes.Snapshot:
        return placement_state.snapshot(self._placement, self._types_of)

    def _types_of(self, uuids: Iterable[str]) -> dict[str, str]:
        """Unknown, it counts as owed: that gives less room away."""
        try:
            migrations = self._nova.open_migrations(OPEN_STATUSES)
        except exception.ServiceError as exc:
            self._could_not_read(
                'which escrow is a migration\'s, not a server\'s', exc)
            return {}
        return {uuid: MIGRATION for uuid in uuids if uuid in migrations}

    def _owner_nova(self) -> bool:
        """Nova 34 asks for its own providers once all nodes say they are.

        Where all are, asking changes nothing; where some are not, Nova does
        not ask yet.
        """
        traits = self._placement.all_traits(name=f'in:{_OWNER_NOVA}')
        return bool(traits) and not self._placement.list_providers(
            required=f'{names.COMPUTE_NODE},!{_OWNER_NOVA}')

    def _request(self, question: Question, snapshot: volumes.Snapshot,
                 nodes: Mapping[str, str]) -> build.ServerRequest:
        server = self._server(question.server)
        flavor, image, from_volume = self._built_of(question, server)
        flavor = question.added_to(flavor)
        aggregates = self._aggregates(question.zone_name or (server or {}).get(
            'pinned_availability_zone'))
        request = build.ServerRequest(
            flavor, image, from_volume, aggregates,
            self._host(question.host or question.forced_host, nodes,
                       snapshot))
        held = server and self._placement.consumer(server['id'])
        if not held:
            return request
        return self._moving(request, held, snapshot, nodes,
                            resized=question.flavor is not None)

    def _moving(self, request: build.ServerRequest, held: consumers.Consumer,
                snapshot: volumes.Snapshot, nodes: Mapping[str, str],
                resized: bool) -> build.ServerRequest:
        """A live migration, or with another flavor a resize."""
        source = sorted(held.held.keys() & nodes)
        self._source_hosts = frozenset(nodes[node] for node in source)
        on = frozenset(
            provider for provider in held.held if provider in snapshot.volumes)
        if resized:
            on = on if rules.cold_moves_keep_disk(
                on, snapshot, self._conf.hv_sched.cold_move_keeps_disk
            ) else frozenset()
        elif self._conf.hv_sched.live_migration_scope == 'prefer':
            self._not_evaluated.append(
                '[hv_sched]live_migration_scope=prefer: when no host is left '
                'here, Nova looks outside the cluster')
        self._places[joined(build.kept_homes(
            on, snapshot, is_live=not resized))] = (
            'with its volume as home'
            if rules.stays_home(on, snapshot, is_live=not resized)
            else 'in the cluster of its volume')
        self._name_reach(on, snapshot)
        traits = {trait for node in source
                  for trait in self._placement.traits(node)[1]}
        return dataclasses.replace(
            request, keeps_disk_on=on, runs_already=not resized,
            on_node=next(iter(self._source_hosts), None),
            source_traits=frozenset(traits))

    def _name_reach(self, on: frozenset[str], snapshot: volumes.Snapshot
                    ) -> None:
        for uuid in on:
            self._places[names.cut_off_trait(uuid)] = (
                f'reaching volume {snapshot.volumes[uuid].name}')
        if not self._conf.hv_sched.scheduler_enabled:
            return
        self._unreaching = {
            snapshot.nodes[node]: refusal for node in snapshot.nodes
            if (refusal := candidate_rules.reach_refusal(node, on, snapshot))}

    # -- what is named

    def _server(self, name: str | None) -> Mapping[str, Any] | None:
        if name is None:
            return None
        server = self._nova.server(name)
        if server is None:
            raise exception.InvalidConfig(f'Nova has no server {name}')
        return server

    def _built_of(self, question: Question, server: Mapping[str, Any] | None
                  ) -> tuple[Mapping[str, Any], Mapping[str, Any], bool]:
        """Flavor, image properties, and whether it boots from a volume."""
        if question.flavor:
            flavor = self._flavor(question.flavor)
        elif server is None and question.resources:
            flavor = NO_FLAVOR
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
            embedded['id'] if embedded else question.image), (
                question.boots_from_volume)

    def _part_of(self, server: Mapping[str, Any] | None, key: str) -> Any:
        if server is None:
            raise exception.InvalidConfig(
                'give what is requested: --flavor and --image, --resource, or '
                '--server')
        if key not in server or server[key] is None:
            raise exception.InvalidConfig(
                f'Nova does not tell the {key} of server {server["id"]} '
                f'(status {server.get("status")}: its cell does not answer): '
                f'give --{key} as well')
        return server[key]

    def _flavor(self, name: str) -> Mapping[str, Any]:
        flavor = self._nova.flavor(name)
        if flavor is None:
            raise exception.InvalidConfig(f'Nova has no flavor {name}')
        if 'extra_specs' not in flavor:
            self._not_evaluated.append(
                'extra specs of the flavor: these credentials may not read '
                'them')
        return flavor

    def _image(self, name: str | None) -> Mapping[str, Any]:
        if name is None:
            return {}
        try:
            image = self._glance.image(name)
        except exception.ServiceError as exc:
            self._could_not_read(f'everything image {name} asks for', exc)
            return {}
        if image is None:
            raise exception.InvalidConfig(f'Glance has no image {name}')
        return image

    def _aggregates(self, zone: str | None) -> frozenset[str]:
        """Uuids of the host aggregates that make an availability zone."""
        if not zone:
            return frozenset()
        try:
            aggregates = self._nova.aggregates()
        except exception.ServiceError as exc:
            self._could_not_read(f'availability zone {zone}', exc)
            return frozenset()
        uuids = frozenset(aggregate.uuid for aggregate in aggregates
                          if aggregate.availability_zone == zone)
        if not uuids:
            self._not_evaluated.append(
                f'availability zone {zone}: no host aggregate defines it, so '
                'Nova does not restrict its query')
        self._places[joined(uuids)] = f'in availability zone {zone}'
        return uuids

    def _host(self, name: str | None, nodes: Mapping[str, str],
              snapshot: volumes.Snapshot) -> tuple[str, str] | None:
        if name is None:
            return None
        uuids = [uuid for uuid, node_name in nodes.items()
                 if node_name == name]
        uuids = uuids or self._nova.nodes_of_host(name)
        if len(uuids) != 1:
            raise exception.InvalidConfig(
                f'host {name} has {len(uuids)} compute nodes in Nova and '
                'Placement, not one')
        self._places[uuids[0]] = f'host {name}'
        homes = rules.home_aggregates(snapshot, {name})
        self._places[joined(homes)] = f'on a home of host {name}'
        return name, uuids[0]

    # -- what is not reported

    def _name_what_nova_adds(self, request: build.ServerRequest,
                             forced_host: str | None) -> None:
        parts = self._not_evaluated
        if not self._conf.hv_sched.scheduler_enabled:
            parts.append('hv_sched itself, for [hv_sched]scheduler_enabled is '
                         'off in nova.conf')
        parts += [f'{key}, with which Nova asks for more' for key in
                  from_nova.beyond(request.flavor, request.image)]
        parts += [f'Nova\'s request filter of [scheduler]{option}'
                  for option in nova_conf.NOVA_REQUEST_FILTERS
                  if self._conf.scheduler[option]]
        # For a forced host Nova runs none; what hv_sched's filters say of
        # its volume, the request filters say then.
        parts += [] if forced_host else [
            f'filter {name}' for name in
            self._conf.filter_scheduler.enabled_filters
            if name not in _EVALUATED]
        parts.append('ports, PCI devices, accelerators and further disks '
                     'the server asks for, scheduler hints')
