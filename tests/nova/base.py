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

"""Nova and Placement in one process, with clusters published in Placement."""

from collections.abc import Callable
import os
import re
import sys
import time
from typing import Any

from nova import context as nova_context
from nova import objects
import nova.conf
from nova.scheduler import request_filter
from nova.tests.functional import integrated_helpers
import nova.virt

from hv_sched import conf
from hv_sched import model
from hv_sched.placement import names
from hv_sched.snapshot import cache
from tests import write_watch
from tests.nova import placement
from tests.nova import publish
from tests.nova.releases import nova_27
from tests.nova.releases import nova_28

_DRIVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        'nova_virt_ext')
if _DRIVERS not in nova.virt.__path__:
    nova.virt.__path__.append(_DRIVERS)

# Wheels install it under the prefix.
PASTE = os.path.join(sys.prefix, 'etc', 'nova', 'api-paste.ini')
IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'
STOCK_FILTERS = ['ComputeFilter', 'ComputeCapabilitiesFilter',
                 'ImagePropertiesFilter', 'ServerGroupAntiAffinityFilter',
                 'ServerGroupAffinityFilter']
# Waits follow events; only a hang takes so long, on a busy machine, too.
PATIENCE_SECONDS = 300
# Nova's own waits look twice a second.
_LOOKS = 2 * PATIENCE_SECONDS
# Nova frees nothing more after that: what a delete in a move left is leaked.
_FREED_WITHIN_SECONDS = 20
_TRANSPORTS = ('hv_sched.placement.keystone_transport.KeystoneTransport',
               'hv_sched.snapshot.nova_transport.NovaTransport')
Shares = dict[str, dict[str, dict[str, int]]]


class NovaCase(integrated_helpers.ProviderUsageBaseTestCase):
    """Start computes with ``start_hosts``, clusters with ``publish``.

    ``self.volumes`` then holds provider uuids by volume name. Classes choose
    their scheduler with the attributes below; STOCK leaves hv_sched out.
    """

    compute_driver = 'hv_fake.ClusterNode'
    HOSTS: tuple[str, ...] = ('h1', 'h2', 'h3', 'h4')
    STOCK = False
    FILTERS: tuple[str, ...] = ('SharedVolumeFilter',)
    OPTIONS: dict[str, Any] = {}
    # A snapshot of so many seconds is not read again for a refusal.
    RECENT_S = 0.0
    # The harness's images are raw, and its drivers take them.
    DISK_FORMATS: tuple[str, ...] = ()

    def setUp(self) -> None:
        self.flags(api_paste_config=PASTE, group='wsgi')
        self.flags(cores=-1, ram=-1, instances=-1, group='quota')
        self._choose_plugins()
        kept = list(request_filter.ALL_REQUEST_FILTERS)
        self.addCleanup(request_filter.ALL_REQUEST_FILTERS.__setitem__,
                        slice(None), kept)
        super().setUp()
        nova_28.give_cinder(self)
        nova_27.make_volumes(self)
        self.observed = self.useFixture(placement.Observer())
        self.watch = self.useFixture(write_watch.Watch(
            self._read_placement, self._is_foreign, _TRANSPORTS))
        self.addCleanup(self._assert_only_ours_was_written)
        self.publisher = publish.Publisher(self.placement)
        self.volumes: dict[str, str] = {}

    def _read_placement(self, url: str) -> dict[str, Any] | None:
        response = self.placement.get(url, version='1.39')
        return dict(response.body) if response.status == 200 else None

    @staticmethod
    def _is_foreign(transport: Any) -> bool:
        """Whether a test writes by it in Nova's or an operator's place."""
        return not getattr(getattr(transport, '_adapter', None),
                           'is_hv_sched', True)

    def _assert_only_ours_was_written(self) -> None:
        self.assertEqual([], self.watch.violations)

    def _choose_plugins(self) -> None:
        if self.STOCK:
            self.flags(enabled_filters=STOCK_FILTERS,
                       group='filter_scheduler')
            return
        conf.register_opts(nova.conf.CONF)
        self.flags(
            available_filters=['nova.scheduler.filters.all_filters',
                               'hv_sched.filters.all_filters'],
            enabled_filters=[*STOCK_FILTERS, *self.FILTERS],
            weight_classes=['nova.scheduler.weights.all_weighers',
                            'hv_sched.weighers.all_weighers'],
            disk_weight_multiplier=0.0,
            group='filter_scheduler')
        self.addCleanup(cache.forget)
        # On a fast machine less than that passes between a test's change
        # and the refusal it is about.
        self.stub_out('hv_sched.snapshot.cache._RECENT_S', self.RECENT_S)
        self.flags(group=conf.GROUP, **{
            'hyperv_disk_formats': list(self.DISK_FORMATS), **self.OPTIONS})

    def _clear_attrs(self) -> None:
        # Nova's version also deletes the bound test method that pytest sets
        # on the case, and pytest then fails to delete it.
        for key in [key for key in self.__dict__ if key[0] != '_']:
            if key not in ('id', self._testMethodName):
                del self.__dict__[key]

    # -- the cloud

    def start_hosts(self, *hosts: str) -> None:
        for host in hosts or self.HOSTS:
            self._start_compute(host)

    def node(self, host: str) -> str:
        """The uuid of a compute node's provider."""
        return str(self._get_provider_uuid_by_host(host))

    def publish(self, *clusters: model.Cluster) -> None:
        """Publish clusters and let the computes and scheduler see them."""
        for cluster in clusters:
            self.volumes.update(self.publisher.publish(cluster))
        self.refresh_computes()
        self.forget_snapshot()

    def forget_snapshot(self) -> None:
        """Make the scheduler read the volumes anew."""
        if not self.STOCK:
            cache.forget()

    def refresh_computes(self) -> None:
        """What the association refresh does every 300 s, and SIGHUP."""
        for compute in self.computes.values():
            compute.manager.reportclient.clear_provider_cache()
        self._run_periodics()

    def restart_computes(self) -> None:
        """Restart every nova-compute, then refresh it."""
        for host, compute in list(self.computes.items()):
            self.computes[host] = self.restart_compute_service(compute)
        self.refresh_computes()

    def disturb(self) -> None:
        """All that computes do of themselves, which changes no share."""
        self._run_periodics()
        self.restart_computes()

    # -- faults

    def break_placement(self, method: str, pattern: str, status: int = 503,
                        times: int | None = None) -> placement.Fault:
        """Answer Nova's matching requests with a status from now on."""
        return self.add_fault(method, pattern, placement.answer(status),
                              times)

    def add_fault(self, method: str, pattern: str, hook: placement.Hook,
                  times: int | None = None) -> placement.Fault:
        fault = placement.Fault(method, pattern, hook, times)
        self.observed.faults.append(fault)
        return fault

    def mend_placement(self) -> None:
        self.observed.faults.clear()

    def requests_during(self, call: Any) -> list[tuple[str, str]]:
        """The requests Nova makes to Placement while call() runs."""
        before = len(self.observed.requests)
        call()
        return self.observed.requests[before:]

    def ours_during(self, call: Any) -> list[tuple[str, str]]:
        """Those of them that hv_sched makes in nova-scheduler."""
        made: list[tuple[str, str]] = []
        fault = self.add_fault('*', '', placement.only_ours(
            lambda: made.append(self.observed.requests[-1])))
        call()
        self.observed.faults.remove(fault)
        return made

    # -- servers

    def flavor(self, disk: int, **kwargs: Any) -> str:
        """A flavor of 1 VCPU and 512 MB with this root disk, in GB."""
        return str(self._create_flavor(**{
            'memory_mb': 512, 'vcpu': 1, 'ephemeral': 0, 'disk': disk,
            **kwargs}))

    def boot(self, flavor_id: str, state: str = 'ACTIVE',
             hints: dict[str, str] | None = None, count: int = 1,
             name: str | None = None, more: dict[str, Any] | None = None,
             **kwargs: Any) -> dict[str, Any]:
        """Create a server; kwargs: host, az, image_uuid.

        :param more: other fields of the request's server
        """
        name = name or f'server-{len(self.api.get_servers())}'
        kwargs.setdefault('image_uuid', IMAGE)
        body = {'server': self._build_server(
            name=name, flavor_id=flavor_id, networks='none', **kwargs)}
        body['server'].update(more or {})
        if count > 1:
            body['server'].update(min_count=count, max_count=count)
        if hints:
            body['os:scheduler_hints'] = hints
        server = self.api.post_server(body)
        if count > 1:
            return dict(server)
        if state != 'ERROR':
            self._wait_until_built(server)
        return dict(self._wait_for_state_change(server, state))

    def _wait_until_built(self, server: dict[str, Any]) -> None:
        """Nova's own wait goes on for minutes after a build has failed."""
        for _look in range(_LOOKS):
            status = self.api.get_server(server['id'])['status']
            if status != 'BUILD':
                break
            time.sleep(0.5)
        self.assertNotEqual('ERROR', status, self.fault_of(server))

    def boot_many(self, flavor_id: str, count: int, state: str = 'ACTIVE',
                  **kwargs: Any) -> list[dict[str, Any]]:
        """Create count servers in one request."""
        self.boot(flavor_id, count=count, name='many', **kwargs)
        servers = [server for server in self.api.get_servers(detail=False)
                   if server['name'].startswith('many')]
        assert len(servers) == count, servers
        return [dict(self._wait_for_state_change(server, state,
                                                 max_retries=60))
                for server in servers]

    def request_spec(self, server: str, flavor_id: str,
                     **fields: Any) -> objects.RequestSpec:
        """What the conductor would send for a plain create."""
        context = nova_context.get_admin_context()
        return objects.RequestSpec(**{
            'flavor': objects.Flavor.get_by_flavor_id(context, flavor_id),
            'image': objects.ImageMeta(
                id=IMAGE, properties=objects.ImageMetaProps()),
            'project_id': 'p', 'user_id': 'u', 'instance_uuid': server,
            'num_instances': 1, 'is_bfv': False, 'availability_zone': None,
            'requested_resources': [], 'scheduler_hints': {},
            'ignore_hosts': None, 'force_hosts': None, 'force_nodes': None,
            'retry': None, 'limits': None, 'instance_group': None,
            'numa_topology': None, 'pci_requests': None,
            'requested_destination': None,
            'security_groups': objects.SecurityGroupList(objects=[]),
            'request_level_params': objects.RequestLevelParams(), **fields})

    def soon(self, expected: Any, read: Callable[[], Any]) -> None:
        """Nova ends operations a moment before it is done with them."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (found := read()) != expected and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(expected, found)

    def _wait_for_server_parameter(
            self, server: dict[str, Any], expected_params: dict[str, Any],
            max_retries: int = _LOOKS, *args: Any, **kwargs: Any
            ) -> dict[str, Any]:
        """Nova's harness gives up after some seconds."""
        return super()._wait_for_server_parameter(
            server, expected_params, max(max_retries, _LOOKS), *args,
            **kwargs)

    def _wait_until_deleted(self, server: dict[str, Any]) -> None:
        """Also until Nova has freed what it held, or has given up.

        Nova frees a server's allocations after it destroyed the record
        (nova/compute/manager.py, _delete_instance).
        """
        super()._wait_until_deleted(server)
        consumers = [server['id'], *(
            migration.uuid for migration in self.migrations(server))]
        end = time.monotonic() + _FREED_WITHIN_SECONDS
        while time.monotonic() < end:
            if not any(self.shares(consumer) for consumer in consumers):
                return
            time.sleep(0.1)

    def host_of(self, server: dict[str, Any]) -> str | None:
        found = self.api.get_server(server['id'])
        return found['OS-EXT-SRV-ATTR:host'] or None

    def fault_of(self, server: dict[str, Any]) -> str:
        found = self.api.get_server(server['id'])
        return str(found.get('fault', {}).get('message', ''))

    def aggregate(self, name: str, hosts: tuple[str, ...],
                  az: str | None = None,
                  metadata: dict[str, str] | None = None) -> str:
        """A Nova host aggregate; returns its uuid, Placement's too."""
        found = self.api.post_aggregate({'aggregate': {
            'name': name, 'availability_zone': az}})
        for host in hosts:
            self.api.add_host_to_aggregate(found['id'], host)
        if metadata:
            self.api.api_post(
                f'/os-aggregates/{found["id"]}/action',
                {'set_metadata': {'metadata': metadata}})
        return str(found['uuid'])

    # -- shares

    def shares(self, consumer: str) -> dict[str, dict[str, int]]:
        """What a consumer holds: provider name -> class -> amount."""
        body = self.placement.get(f'/allocations/{consumer}',
                                  version='1.28').body
        label = self._labels()
        return {label[uuid]: dict(held['resources'])
                for uuid, held in body['allocations'].items()}

    def all_shares(self) -> Shares:
        """All that is held: consumer -> provider name -> class -> amount."""
        found: Shares = {}
        for uuid, name in self._labels().items():
            body = self.placement.get(
                f'/resource_providers/{uuid}/allocations').body
            for consumer, held in body['allocations'].items():
                found.setdefault(consumer, {})[name] = dict(
                    held['resources'])
        return found

    def _labels(self) -> dict[str, str]:
        body = self.placement.get('/resource_providers', version='1.14').body
        return {provider['uuid']: provider['name'].rpartition('/')[2]
                for provider in body['resource_providers']}

    def disk_of(self, consumer: str) -> dict[str, int]:
        """DISK_GB a consumer holds, by volume or node name."""
        return {name: held[names.DISK_GB]
                for name, held in self.shares(consumer).items()
                if names.DISK_GB in held}

    def held_of(self, consumer: str) -> dict[str, int]:
        """Escrow a consumer holds, by volume name."""
        return {name: held[names.HELD_DISK_GB]
                for name, held in self.shares(consumer).items()
                if names.HELD_DISK_GB in held}

    def used_gb(self, volume: str) -> int:
        """DISK_GB used on a volume, given by its name."""
        body = self.placement.get(
            f'/resource_providers/{self.volumes[volume]}/usages').body
        return int(body['usages'][names.DISK_GB])

    def migrations(self, server: dict[str, Any]) -> list[Any]:
        """The migrations of a server, oldest first."""
        context = nova_context.get_admin_context()
        found: list[Any] = []
        for cell in objects.CellMappingList.get_all(context):
            with nova_context.target_cell(context, cell) as target:
                found.extend(objects.MigrationList.get_by_filters(
                    target, {'instance_uuid': server['id']}))
        return sorted(found, key=lambda migration: migration.id)

    # -- log

    def logged(self, pattern: str) -> list[str]:
        """Lines of all services' log that match."""
        return [line for line in self.stdlog.logger.output.splitlines()
                if re.search(pattern, line)]
