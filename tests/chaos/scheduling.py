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

"""Our part of nova-scheduler over a real Placement, with faults on its way.

A request is served as Nova serves it: request filters, the query, filters
and weighers. The plug-ins ask through Nova's report client; the query is
Nova's own and meets no fault. Of Nova's databases there is one answer each.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import json
import math
import typing
import uuid

import fixtures
from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from nova import context as nova_context
from nova import exception
from nova import objects
import nova.conf
from nova.scheduler import host_manager
from nova.scheduler import utils
from nova.scheduler import weights
from nova.scheduler.client import report

from hv_sched import filters
from hv_sched import request_filters
from hv_sched import weighers
from hv_sched.placement import consumers
from hv_sched.request_filters import instance_record
from hv_sched.request_filters import operation
from hv_sched.snapshot import cache
from tests.chaos import edge
from tests.chaos import other_region
from tests.chaos import placement_rows
from tests.chaos import remembered_placement
from tests.chaos import services
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import published_cloud

CONF = nova.conf.CONF
DISK_GB = 20
_ENDPOINT = edge.endpoint_of('Placement') + services.PATHS['Placement']
# By request: the kind of move; None for a server that is being created.
REQUESTS: dict[str, str | None] = {
    'create': None, 'create in a group': None,
    'live migration': operation.LIVE, 'migration': operation.COLD,
    'resize': operation.RESIZE, 'evacuation': operation.EVACUATION,
    'rebuild': None}
Offer = frozenset[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class Served:
    """What became of a request.

    :ivar refused: Nova's own refusal, '' for none
    :ivar offer: each host with each of its candidates
    :ivar wrong: what else left a plug-in
    """

    refused: str
    offer: Offer
    wrong: tuple[str, ...]
    end: placement_rows.State


class Scheduler(fixtures.Fixture):
    """A cluster of three nodes and two volumes, one of which is closed.

    :param request: of REQUESTS
    """

    has_own_client = True

    def __init__(self, placement: base.Placement, request: str) -> None:
        super().__init__()
        self._request = request
        self._server = str(uuid.uuid4())
        self._service = placement.service
        base.application().empty()
        self._cloud = _cluster(placement)
        self._place()
        self._copy = base.application().copy()
        self._placement = remembered_placement.RememberedPlacement(
            placement.service, base.application())
        self.edge = edge.Edge({'Placement': self._placement})
        self._context = nova_context.RequestContext('u', 'p', is_admin=False)

    def _place(self) -> None:
        """What Placement holds of the server when it is scheduled."""
        kind = REQUESTS[self._request]
        self._member = self._cloud.create(DISK_GB, 'hv02')
        self._migration = ''
        if kind == operation.EVACUATION or self._request == 'rebuild':
            self._server = self._cloud.create(DISK_GB, 'hv01')
        elif kind:
            # Nova gave the migration what the server had.
            self._migration = self._cloud.create(DISK_GB, 'hv01')

    def _setUp(self) -> None:
        objects.register_all()
        self.useFixture(self.edge)
        self.edge.after_write = lambda: self._states.append(
            self._placement.state())
        client = report.SchedulerReportClient(adapter.Adapter(
            session.Session(auth=token_endpoint.Token(
                _ENDPOINT, services.TOKEN)),
            service_type='placement', raise_exc=False))
        for name, value in self._answers(client).items():
            self.useFixture(fixtures.MonkeyPatch(name, value))
        CONF.set_override('enabled_filters', [
            cls.__name__ for cls in filters.all_filters()],
            group='filter_scheduler')
        self.addCleanup(CONF.clear_override, 'enabled_filters',
                        group='filter_scheduler')
        self.undisturbed = self.serve()
        assert not self.undisturbed.wrong, self.undisturbed
        self.sites = dict(self.edge.sites)
        self.bounds = placement_rows.Bounds(self._states)
        self.stock = self._offered(self._spec())

    def _answers(self, client: typing.Any) -> dict[str, typing.Any]:
        """Of Nova's client, databases and clock, in their place."""
        kind = REQUESTS[self._request]
        move = operation.Operation(
            kind, self._server, self._migration, None,
            'hv01') if kind else None
        record = instance_record.Record({}, **(
            {'flavor_id': 'old', 'node': 'hv01'}
            if move or self._request == 'rebuild' else {}))
        return {
            'nova.scheduler.client.report.report_client_singleton':
            lambda: client,
            'hv_sched.request_filters.operation.of': lambda spec: move,
            'hv_sched.request_filters.operation.hosts_up':
            lambda move, nodes: {
                uid: host for host, uid in self._cloud.nodes.items()
                if uid in nodes},
            'hv_sched.request_filters.instance_record.of':
            lambda spec: record,
            'hv_sched.snapshot.nova_reader._types_of':
            lambda uuids: dict.fromkeys(uuids, consumers.MIGRATION),
            'time.sleep': lambda seconds: None}

    def serve(self, injection: edge.Injection | None = None,
              knows: bool = False) -> Served:
        """Serve the request, with a fault on the way to Placement.

        :param knows: whether a snapshot was read a while ago; as after the
            start of nova-scheduler otherwise
        """
        self._restore()
        if injection and injection.fault.name == other_region.NAME:
            other_region.placement().restore()
        cache.forget()
        self.edge.start()
        if knows:
            assert cache.get() is not None
            cache._cache()._tried_at = None
        self.edge.start(injection)
        self._states = [self._placement.state()]
        wrong: list[str] = []
        spec = self._spec()
        refused, offer = self._serve(spec, wrong)
        return Served(refused, offer, tuple(wrong), self._placement.state())

    def _serve(self, spec: objects.RequestSpec, wrong: list[str]
               ) -> tuple[str, Offer]:
        try:
            self._ask(spec, wrong)
            hosts = self._filtered(self._hosts(spec), spec, wrong)
        except exception.RequestFilterFailed as exc:
            return f'request filter: {exc}', frozenset()
        except exception.NoValidHost as exc:
            return f'filter: {exc}', frozenset()
        self._weigh(hosts, spec, wrong)
        return '', _offer(hosts)

    def _ask(self, spec: objects.RequestSpec, wrong: list[str]) -> None:
        """:raises RequestFilterFailed: the one thing that may be raised"""
        for request_filter in request_filters.REQUEST_FILTERS:
            try:
                request_filter(self._context, spec)
            except exception.RequestFilterFailed:
                raise
            except Exception as exc:
                wrong.append(f'{request_filter.__name__}: {exc!r}')

    @staticmethod
    def _filtered(hosts: list[typing.Any], spec: objects.RequestSpec,
                  wrong: list[str]) -> list[typing.Any]:
        """:raises NoValidHost: the one thing that may be raised"""
        for filter_class in filters.all_filters():
            try:
                hosts = list(filter_class().filter_all(hosts, spec))
            except exception.RequestFilterFailed as exc:
                wrong.append(f'{filter_class.__name__}: {exc!r}')
            except exception.NoValidHost:
                raise
            except Exception as exc:
                wrong.append(f'{filter_class.__name__}: {exc!r}')
        return hosts

    @staticmethod
    def _weigh(hosts: list[typing.Any], spec: objects.RequestSpec,
               wrong: list[str]) -> None:
        for weigher in weighers.all_weighers():
            try:
                worth = weigher().weigh_objects(
                    [weights.WeighedHost(host, 1.0) for host in hosts], spec)
                assert all(map(math.isfinite, worth)), worth
            except Exception as exc:
                wrong.append(f'{weigher.__name__}: {exc!r}')

    def _offered(self, spec: objects.RequestSpec) -> Offer:
        """What Nova without us offers for a request."""
        self._restore()
        return _offer(self._hosts(spec))

    def _restore(self) -> None:
        base.application().restore(self._copy)
        self._placement.restored()

    def _hosts(self, spec: objects.RequestSpec) -> list[typing.Any]:
        """What Placement answers to the query, by host."""
        if self._request == 'rebuild':
            return [_host('hv01', self._cloud.nodes['hv01'], [{}])]
        query = utils.resources_from_request_spec(
            self._context, spec, None).to_querystring()
        self._placement.state()  # the database stands as at this moment
        answer = self._service.read('/allocation_candidates', query)
        candidates: dict[str, list[typing.Any]] = {}
        for candidate in answer['allocation_requests']:
            for name, uid in self._cloud.nodes.items():
                if uid in candidate['allocations']:
                    candidates.setdefault(name, []).append(candidate)
        return [_host(name, self._cloud.nodes[name], found)
                for name, found in sorted(candidates.items())]

    def _spec(self) -> objects.RequestSpec:
        is_resize = REQUESTS[self._request] == operation.RESIZE
        return objects.RequestSpec(
            self._context, instance_uuid=self._server, is_bfv=False,
            num_instances=1, image=objects.ImageMeta(
                properties=objects.ImageMetaProps()),
            flavor=objects.Flavor(
                flavorid='new', vcpus=1, memory_mb=512,
                root_gb=DISK_GB * (1 + is_resize), ephemeral_gb=0, swap=0,
                extra_specs={}),
            force_hosts=None, force_nodes=None,
            ignore_hosts=['hv01'] if REQUESTS[self._request] else None,
            requested_destination=None, requested_resources=[],
            request_level_params=objects.RequestLevelParams(),
            instance_group=objects.InstanceGroup(
                policy='anti-affinity', members=[self._member])
            if self._request == 'create in a group' else None,
            scheduler_hints={'_nova_check_type': ['rebuild']}
            if self._request == 'rebuild' else {})


def _cluster(placement: base.Placement) -> published_cloud.PublishedCloud:
    return published_cloud.PublishedCloud(placement, clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(
            2, accepts_new_disks=False)),
        nodes=(clouds.node(1, 1), clouds.node(2, 1), clouds.node(3, 2))),
        nodes=('hv01', 'hv02', 'hv03'))


def _host(name: str, uid: str, candidates: list[typing.Any]) -> typing.Any:
    host = host_manager.HostState(name, name, 'cell')
    host.uuid, host.num_instances, host.aggregates = uid, 0, []
    host.allocation_candidates = candidates
    return host


def _offer(hosts: collections.abc.Iterable[typing.Any]) -> Offer:
    return frozenset(
        (host.host, json.dumps(candidate.get('allocations'), sort_keys=True))
        for host in hosts for candidate in host.allocation_candidates)
