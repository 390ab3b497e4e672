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

"""What explain says is what the real scheduler finds."""

from collections.abc import Iterator
from typing import Any
from urllib import parse
import uuid

from hypothesis import given
from hypothesis import HealthCheck
from hypothesis import Phase
from hypothesis import settings
from hypothesis import strategies as st
from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from nova import context as nova_context
from nova import exception
from nova import objects
import nova.conf
from nova.scheduler import host_manager
from nova.scheduler import request_filter
from nova.scheduler import utils
from nova.scheduler.client import report
from nova.tests import fixtures as nova_fixtures
import pytest

from hv_sched import exception as hv_exception
from hv_sched.compute import lookups
from hv_sched.compute import resources
from hv_sched.conf import nova_conf
from hv_sched.doctor import checks
from hv_sched.doctor import gather
from hv_sched.doctor import runner
from hv_sched.explain import constraints
from hv_sched.explain import explanation
from hv_sched.explain import oracle
from hv_sched.explain import question as asking
from hv_sched.explain import question_builder
from hv_sched.filters import shared_volume
from hv_sched.notices import Severity
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import reconcile
from hv_sched.providers import settings as publishing
from hv_sched.snapshot import cache
from tests.nova import agent
from tests.nova import base
from tests.nova import clouds
from tests.nova import moving
from tests.nova.releases import nova_31

ZONE = 'z1'


class Told:
    """Nova and Glance that know one flavor, image and zone."""

    def __init__(self, request: clouds.Request, zone: str) -> None:
        self._request = request
        self._zone = zone

    def flavor(self, wanted: str) -> dict[str, Any]:
        vcpus, memory_mb, disk_gb = self._request.sizes
        return {'vcpus': vcpus, 'ram': memory_mb, 'disk': disk_gb,
                'extra_specs': self._request.specs}

    def image(self, wanted: str) -> dict[str, str]:
        return {'disk_format': 'vhdx', **self._request.image}

    def aggregates(self) -> list[resources.Aggregate]:
        return [resources.Aggregate(uuid=self._zone, availability_zone=ZONE)]

    def open_migrations(self, statuses: Any) -> set[str]:
        return set()


class NoGlance(lookups.Glance):
    """The harness has Glance inside Nova only."""

    def __init__(self) -> None:
        super().__init__(None)

    def image(self, name: str) -> lookups.Properties | None:
        raise hv_exception.ServiceDenied('no Glance here')

    def images(self) -> Iterator[lookups.Properties]:
        raise hv_exception.ServiceDenied('no Glance here')


def placement_of(case: base.NovaCase, is_hv_sched: bool = True
                 ) -> client.Placement:
    """The harness's Placement, as a command reaches it.

    :param is_hv_sched: False to write what is Nova's or an operator's
    """
    fixture = case.placement.fixture
    to_placement = adapter.Adapter(session.Session(
        auth=token_endpoint.Token(fixture.endpoint, fixture.token)),
        service_type='placement')
    to_placement.is_hv_sched = is_hv_sched
    return client.from_adapter(to_placement)


class SchedulerAgreesTest(base.NovaCase):
    """Many requests to one harness: what is asked, and who is left."""

    HOSTS = clouds.HOSTS
    FILTERS = ('HyperVFeatureFilter', 'SharedVolumeFilter')

    def setUp(self) -> None:
        super().setUp()
        self.start_hosts()
        self.client = placement_of(self)
        self.zone = self.aggregate(ZONE, (), az=ZONE)
        self.writer = clouds.Writer(
            placement_of(self, is_hv_sched=False),
            {host: self.node(host) for host in self.HOSTS}, self.zone)
        self.filter = shared_volume.SharedVolumeFilter()
        self.compared = 0
        self.empty = 0

    # -- the real scheduler

    def spec(self, request: clouds.Request) -> objects.RequestSpec:
        """What the conductor would send, with the server's record."""
        vcpus, memory_mb, disk_gb = request.sizes
        server = self.record(request.image)
        destination = request.host and objects.Destination(
            host=request.host, node=request.host)
        return objects.RequestSpec(
            flavor=objects.Flavor(
                flavorid='made', name='made', vcpus=vcpus,
                memory_mb=memory_mb, root_gb=disk_gb, ephemeral_gb=0, swap=0,
                extra_specs=dict(request.specs)),
            image=objects.ImageMeta.from_dict({
                'id': base.IMAGE, 'disk_format': 'vhdx',
                'properties': dict(request.image)}),
            project_id='p', user_id='u', instance_uuid=server,
            num_instances=1, is_bfv=False,
            availability_zone=ZONE if request.zone else None,
            requested_resources=[],
            requested_networks=objects.NetworkRequestList(objects=[]),
            scheduler_hints={}, ignore_hosts=None, force_hosts=None,
            force_nodes=None, retry=None, limits=None, instance_group=None,
            numa_topology=None, pci_requests=None,
            requested_destination=destination or None,
            request_level_params=objects.RequestLevelParams())

    def record(self, image: dict[str, str]) -> str:
        """A server in the API database, as while it is being created."""
        context = nova_context.get_admin_context()
        server = str(uuid.uuid4())
        objects.InstanceMapping(
            context, instance_uuid=server, cell_mapping=None, project_id='p',
            user_id='u', queued_for_delete=False).create()
        objects.BuildRequest(
            context, instance_uuid=server, project_id='p',
            instance=objects.Instance(
                context, uuid=server, project_id='p', user_id='u',
                system_metadata={f'image_{key}': value
                                 for key, value in image.items()}),
            block_device_mappings=objects.BlockDeviceMappingList(objects=[]),
            tags=objects.TagList(objects=[])).create()
        return server

    def scheduled(self, request: clouds.Request) -> tuple[Any, Any, Any]:
        """The query, Placement's hosts and those the filter leaves.

        Three times None when a request filter refuses.
        """
        context = nova_context.get_admin_context()
        spec = self.spec(request)
        try:
            request_filter.process_reqspec(context, spec)
        except exception.RequestFilterFailed:
            return None, None, None
        manager = self.scheduler_service.manager
        resources = utils.resources_from_request_spec(
            context, spec, manager.host_manager)
        found = report.report_client_singleton().get_allocation_candidates(
            context, resources)
        states = {}
        for candidate in found[0] or ():
            for host in self.HOSTS:
                if self.node(host) in candidate['allocations']:
                    states.setdefault(host, []).append(candidate)
        try:
            left = self.filter.filter_all([
                self.state(host, some) for host, some in states.items()], spec)
        except exception.NoValidHost:
            left = []
        return (sorted(parse.parse_qsl(resources.to_querystring())),
                sorted(states), sorted(state.host for state in left))

    def state(self, host: str, candidates: Any) -> host_manager.HostState:
        found = host_manager.HostState(host, host, None)
        found.uuid = self.node(host)
        found.allocation_candidates = candidates
        return found

    # -- what explain says

    def explained(self, request: clouds.Request) -> tuple[Any, Any]:
        told = Told(request, self.zone)
        built, context = question_builder.QuestionBuilder(
            self.client, told, told,  # type: ignore[arg-type]
            nova_conf.defaults()).ask(asking.Question(
                'made', 'made', ZONE if request.zone else None,
                request.host))
        return built, explanation.explain(self.client, built, context)

    def compare(self, request: clouds.Request) -> None:
        self.compared += 1
        query, hosts, left = self.scheduled(request)
        built, found = self.explained(request)
        assert bool(found.refused) == (query is None), found.refused
        if query is None:
            return
        assert sorted(built.request.params(
            nova.conf.CONF.scheduler.max_placement_results)) == query
        assert list(found.placement_hosts) == hosts
        assert sorted(found.hosts) == left
        if not hosts:
            self.empty += 1
            self.minimal(built, found)

    def minimal(self, built: Any, found: Any) -> None:
        """None of the named conditions can be left out."""
        fresh = oracle.Oracle(
            self.client, built.request,
            {self.node(host): host for host in self.HOSTS},
            frozenset(('STORAGE_DISK_SSD',)))
        named = found.emptied_by
        assert named
        assert not fresh.hosts(constraints.atoms(named))
        for one in named:
            assert fresh.hosts(constraints.atoms(
                each for each in named if each != one)), one

    def run_examples(self, count: int) -> None:
        # Shrinking a failure would take longer than reading it.
        @settings(max_examples=count, derandomize=True, deadline=None,
                  database=None, phases=(Phase.generate,),
                  suppress_health_check=list(HealthCheck))
        @given(clouds.CLOUDS, st.lists(clouds.REQUESTS, min_size=4,
                                       max_size=4))
        def agree(cloud: Any, requests: Any) -> None:
            self.writer.write(cloud)
            cache.forget()
            for request in requests:
                self.compare(request)

        agree()

    def test_explain_and_scheduler_agree(self) -> None:
        """A few of the random requests of the long test below."""
        self.run_examples(6)
        assert self.compared >= 20

    @pytest.mark.long
    def test_explain_and_scheduler_agree_on_200_random_requests(
            self) -> None:
        self.run_examples(60)
        assert self.compared >= 200
        assert self.empty >= 30, 'there must be something to explain'


class RealAnswersTest(moving.MovingCase):
    """Nova's own API, in the form the recorded answers have."""

    HOSTS = ('n0', 'n1')
    CLUSTERS = ({'CSV1': ('n0', 'n1')},)
    FILTERS = ('HyperVFeatureFilter', 'SharedVolumeFilter')

    def setUp(self) -> None:
        super().setUp()
        self.client = placement_of(self)
        self.real = agent.lookup_of(self.admin_api)
        for trait in (names.NO_NEW_DISKS, names.PAUSED):
            self.client.ensure_trait(trait)

    def explain(self, **question: str) -> tuple[list[Any], Any]:
        """The query, and what is said."""
        built, context = question_builder.QuestionBuilder(
            self.client, self.real, NoGlance(), nova_conf.defaults()
        ).ask(asking.Question(**question))
        return built.request.params(1000), explanation.explain(
            self.client, built, context)

    def asked(self, call: Any) -> list[Any]:
        """What the scheduler asks Placement for hosts while call() runs."""
        found = [url for method, url in self.requests_during(call)
                 if method == 'GET' and '/allocation_candidates?' in url
                 and 'limit=' in url]
        return sorted(parse.parse_qsl(parse.urlsplit(found[0]).query))

    def test_a_server_its_flavor_zone_and_host(self) -> None:
        self.aggregate(ZONE, ('n0',), az=ZONE)
        name = self.real.flavor(self.big)['name']
        assert self.real.flavor(name)['disk'] == 300
        assert self.real.flavor('no such flavor') is None
        assert self.real.server('no such server') is None
        assert self.real.newest() >= (2, 95)
        assert {one.host for one in self.real.compute_services()} == {
            'n0', 'n1'}

        query, zoned = self.explain(flavor=name, zone=ZONE)
        assert zoned.funnel[0].hosts == 1
        assert list(zoned.hosts) == ['n0']
        named, _found = self.explain(flavor=name, host='n1')
        servers: list[Any] = []
        assert self.asked(
            lambda: servers.append(self.on('n1'))) == named != query
        _query, full = self.explain(flavor=name, host='n1')
        assert [one.text for one in full.emptied_by] == ['300 DISK_GB']

        server = servers[0]
        moving_query, moved = self.explain(server=server['id'])
        assert list(moved.hosts) == ['n0']
        assert moved.filtered == {'n1': 'the server is there now'}
        assert self.explain(server=server['name'])[1].hosts == moved.hosts
        nova_31.let_half_answers_through(self)
        with nova_fixtures.DownCellFixture():
            partial = self.real.server(server['id'])
            assert partial['status'] == 'UNKNOWN'
            assert self.explain(server=server['id'])[1].hosts == moved.hosts
        assert self.asked(
            lambda: self.live_migrate(server)) == moving_query
        assert self.host_of(server) == 'n0'

    def examine(self) -> set[tuple[str, str]]:
        gatherer = gather.Gatherer(
            gather.Clients(self.client, self.real, NoGlance()),
            reconcile.Reconciler(self.client, publishing.Settings()))
        found, _skipped = runner.run(
            checks.CHECKS, gatherer.gather(gather.DoctorInputs()))
        return {(one.check.code, one.symptom.subject) for one in found
                if one.severity is not Severity.INFO}

    def test_what_nova_itself_does_wrong(self) -> None:
        """A ratio in nova.conf, and a volume in the aggregate of a zone."""
        zone = self.aggregate(ZONE, ('n0',), az=ZONE)
        for host in self.HOSTS:
            self.publisher.add_traits(self.node(host),
                                      'CUSTOM_CSV_FORMER_RATIO_1_0')
        assert self.examine() == set()
        self.refresh_computes()
        assert self.examine() == set(), 'zero touch: it stays closed'

        self.flags(disk_allocation_ratio=1.5)
        self.refresh_computes()
        assert self.examine() == {('ratio-undone', 'n0'),
                                  ('ratio-undone', 'n1')}
        self.flags(disk_allocation_ratio=None)
        for host in self.HOSTS:
            self.publisher.close_disk(self.node(host))
        self.publisher.add_aggregates(self.volumes['CSV1'], zone)
        assert self.examine() == set(), 'n0 is at home there'
        everybody = self.aggregate('everybody', ('n0', 'n1'))
        self.publisher.remove_aggregates(
            self.node('n1'), ids.home_aggregate(self.volumes['CSV1']))
        self.publisher.add_aggregates(self.volumes['CSV1'], everybody)
        assert self.examine() == {('volume-leaks', 'csv:c0/CSV1')}
