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

"""RemoteFX adapters from the first to the last megabyte, on every way a
server goes. Two nodes have a card of 1024 MB, one has none, one is Linux.
"""

import time
from typing import Any

import pytest

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import observed
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import changes
from hv_sched.providers import plan_gpu
from tests.nova import base
from tests.nova import features
from tests.nova import publish

CARD_MB = 1024
FX = tuple(model.Node(name, build=14393, remotefx_enabled=True,
                      gpus=(model.Gpu('K2', CARD_MB),))
           for name in ('fx1', 'fx2'))
NODES = (*FX, model.Node('plain', build=14393, remotefx_enabled=False))
KVM = features.KVM


class GpuCase(features.FeatureCase):

    # These servers start from Nova's own sample images, which are raw.
    DISK_FORMATS = ()

    def setUp(self) -> None:
        base.NovaCase.setUp(self)
        self.flags(compute_driver='hv_fake.HyperVNode')
        self.start_hosts(*(node.name for node in NODES))
        self.flags(compute_driver='hv_fake.KvmNode')
        self.start_hosts(KVM)
        shape = publish.cluster('c0', {'CSV1': tuple(
            node.name for node in NODES)})
        self.cluster = model.Cluster(shape.guid, shape.name, NODES,
                                     shape.volumes)
        self.publish(shape)
        for node in NODES:
            self._show(node)
        self.forget_snapshot()
        self.hyperv = self.image({'img_hv_type': 'hyperv'})
        self.plain_flavor = self.flavor(1)

    def fx_flavor(self, vram_mb: int | None, **specs: str) -> str:
        said = {} if vram_mb is None else {'os:vram': str(vram_mb)}
        return self.flavor_of({}, {'os:resolution': '1024x768', **said,
                                   **specs})

    def adapter_of(self, consumer: str) -> dict[str, int]:
        """Video memory a consumer holds, by node."""
        return {name.partition(':')[0]: held[names.REMOTEFX_VRAM_MB]
                for name, held in self.shares(consumer).items()
                if names.REMOTEFX_VRAM_MB in held}

    def used_mb(self) -> dict[str, int]:
        """Video memory used, by node."""
        return {node.name: self.placement.get(
            f'/resource_providers/{ids.remotefx_uuid(self.node(node.name))}'
            '/usages').body['usages'][names.REMOTEFX_VRAM_MB] for node in FX}

    def boot_at_once(self, flavor: str, count: int) -> list[dict[str, Any]]:
        """As many requests as servers, none waiting for another."""
        posted = [self.api.post_server({'server': self._build_server(
            name=f'at-once-{number}', flavor_id=flavor, networks='none',
            image_uuid=self.hyperv)}) for number in range(count)]
        end = time.monotonic() + 60
        found = [self.api.get_server(server['id']) for server in posted]
        while any(one['status'] == 'BUILD' for one in found):
            assert time.monotonic() < end, found
            time.sleep(0.2)
            found = [self.api.get_server(server['id']) for server in posted]
        return found

    def resize(self, server: dict[str, Any], flavor: str,
               state: str = 'VERIFY_RESIZE') -> str:
        """Resize; returns the migration's uuid."""
        self.api.post_server_action(server['id'], {
            'resize': {'flavorRef': flavor}})
        self._wait_for_state_change(server, state)
        return str(self.migrations(server)[-1].uuid)

    def cold_migrate(self, server: dict[str, Any]) -> str:
        self.api.post_server_action(server['id'], {'migrate': None})
        self._wait_for_state_change(server, 'VERIFY_RESIZE')
        return str(self.migrations(server)[-1].uuid)

    def end(self, server: dict[str, Any], how: str) -> None:
        """confirmResize or revertResize."""
        (self._confirm_resize if how == 'confirmResize'
         else self._revert_resize)(server)


class GpuTest(GpuCase):

    def test_cards_are_given_away_to_the_last_megabyte(self) -> None:
        servers = self.boot_at_once(self.fx_flavor(512), 6)
        built = [one for one in servers if one['status'] == 'ACTIVE']
        assert len(built) == 4, [one['status'] for one in servers]
        assert self.used_mb() == {'fx1': CARD_MB, 'fx2': CARD_MB}
        assert all('No valid host' in one['fault']['message']
                   for one in servers if one['status'] == 'ERROR')
        # What one gives back serves eight small ones and not a ninth.
        self._delete_server(built[0])
        small = self.boot_at_once(self.fx_flavor(64), 9)
        assert sorted(one['status'] for one in small) == (
            ['ACTIVE'] * 8 + ['ERROR'])
        assert self.used_mb() == {'fx1': CARD_MB, 'fx2': CARD_MB}

    def test_a_vgpu_flavor_of_kvm_never_lands_on_hyperv(self) -> None:
        self.give_kvm_a_vgpu()
        vgpu = self.flavor_of({}, {'resources:VGPU': '1'})
        server = self.boot(vgpu)
        assert self.host_of(server) == KVM
        assert self.host_of(self.boot(vgpu, state='ERROR')) is None
        assert self.used_mb() == {'fx1': 0, 'fx2': 0}
        # Nor the other way round.
        for _ in range(2):
            built = self.boot(self.fx_flavor(1024))
            assert self.host_of(built) in ('fx1', 'fx2')
        assert self.host_of(self.boot(
            self.fx_flavor(64), state='ERROR')) is None

    def give_kvm_a_vgpu(self) -> None:
        child = '7c7c4d1c-5a0f-4f5e-9b3a-2f1b4e6f1a77'
        self.publisher._send('post', '/resource_providers', {
            'name': f'{KVM}_pgpu', 'uuid': child,
            'parent_provider_uuid': self.node(KVM)})
        self.publisher._send(
            'put', f'/resource_providers/{child}/inventories',
            {'resource_provider_generation': 0,
             'inventories': {'VGPU': {'total': 1}}})

    def test_a_resize_takes_and_gives_back_an_adapter(self) -> None:
        server = self.boot(self.plain_flavor, image_uuid=self.hyperv,
                           host='plain')
        fx = self.fx_flavor(256)
        for how, kept in (('revertResize', {}), ('confirmResize', 256)):
            migration = self.resize(server, fx)
            host = self.host_of(server)
            assert self.adapter_of(server['id']) == {host: 256}
            assert self.adapter_of(migration) == {}
            self.end(server, how)
            assert self.adapter_of(server['id']) == (
                kept and {host: kept})
            assert set(self.all_shares()) == {server['id']}
        for how, kept in (('revertResize', {host: 256}),
                          ('confirmResize', {})):
            migration = self.resize(server, self.plain_flavor)
            assert self.adapter_of(server['id']) == {}
            assert self.adapter_of(migration) == {host: 256}
            self.end(server, how)
            assert self.adapter_of(server['id']) == kept
            assert set(self.all_shares()) == {server['id']}
        assert self.used_mb() == {'fx1': 0, 'fx2': 0}

    def test_a_live_migration_finds_the_only_other_card(self) -> None:
        server = self.boot(self.fx_flavor(1024), image_uuid=self.hyperv,
                           host='fx1')
        seen = self.during_live_migration()
        assert self.live_migrate(server) == 'completed'
        migration = self.migrations(server)[-1].uuid
        assert {consumer: [name for name in held if 'remotefx' in name]
                for consumer, held in seen[0].items()} == {
            server['id']: ['fx2:remotefx'], migration: ['fx1:remotefx']}
        assert self.host_of(server) == 'fx2'
        assert self.adapter_of(server['id']) == {'fx2': 1024}
        assert set(self.all_shares()) == {server['id']}
        # With that card taken there is nowhere to go, and nothing is lost.
        self.boot(self.fx_flavor(64), image_uuid=self.hyperv, host='fx1')
        before = self.shares(server['id'])
        assert self.live_migrate(server) == 'error'
        assert self.host_of(server) == 'fx2'
        assert self.adapter_of(server['id']) == {'fx2': 1024}
        assert set(before) == set(self.shares(server['id']))


@pytest.mark.long
class GpuMovesTest(GpuCase):

    def test_a_cold_migration_charges_both_cards_until_it_is_confirmed(
            self) -> None:
        server = self.boot(self.fx_flavor(512), image_uuid=self.hyperv,
                           host='fx1')
        migration = self.cold_migrate(server)
        assert self.used_mb() == {'fx1': 512, 'fx2': 512}
        assert self.adapter_of(server['id']) == {'fx2': 512}
        assert self.adapter_of(migration) == {'fx1': 512}
        self.end(server, 'revertResize')
        assert self.used_mb() == {'fx1': 512, 'fx2': 0}
        self.cold_migrate(server)
        self.end(server, 'confirmResize')
        assert self.used_mb() == {'fx1': 0, 'fx2': 512}
        assert self.adapter_of(server['id']) == {'fx2': 512}

    def test_an_evacuation_takes_the_other_card(self) -> None:
        server = self.boot(self.fx_flavor(512), image_uuid=self.hyperv,
                           host='fx1')
        self.crash('fx1')
        assert self.evacuate(server) == 'done'
        assert self.host_of(server) == 'fx2'
        assert 'fx2' in self.adapter_of(server['id'])
        self.come_back('fx1')
        assert self.adapter_of(server['id']) == {'fx2': 512}
        assert self.used_mb() == {'fx1': 0, 'fx2': 512}

    def test_a_rollback_leaves_the_adapter_where_it_was(self) -> None:
        server = self.boot(self.fx_flavor(512), image_uuid=self.hyperv,
                           host='fx1')
        self.during_live_migration(then='error')
        self.live_migrate(server)
        assert self.host_of(server) == 'fx1'
        assert self.adapter_of(server['id']) == {'fx1': 512}
        assert self.used_mb() == {'fx1': 512, 'fx2': 0}

    def test_a_resize_may_not_leave_the_video_memory_unsaid(self) -> None:
        server = self.boot(self.fx_flavor(512), image_uuid=self.hyperv)
        unsaid = self.fx_flavor(None)
        self.resize(server, unsaid, state='ACTIVE')
        assert self.adapter_of(server['id']).popitem()[1] == 512
        assert self.logged('os:vram not set: the adapter would keep the 512')
        self.resize(server, self.fx_flavor(128))
        self.end(server, 'confirmResize')
        assert self.adapter_of(server['id']).popitem()[1] == 128

    def test_a_card_that_is_gone_lets_its_servers_leave(self) -> None:
        leaving, resized, deleted = (
            self.boot(self.fx_flavor(256), image_uuid=self.hyperv,
                      host='fx1') for _ in range(3))
        self.take_card('fx1')
        full = self.boot(self.fx_flavor(64), image_uuid=self.hyperv,
                         host='fx1', state='ERROR')
        assert self.host_of(full) is None
        assert self.live_migrate(leaving) == 'completed'
        assert self.adapter_of(leaving['id']) == {'fx2': 256}
        self.resize(resized, self.plain_flavor)
        self.end(resized, 'confirmResize')
        assert self.adapter_of(resized['id']) == {}
        self._delete_server(deleted)
        assert self.used_mb() == {'fx1': 0, 'fx2': 256}
        late = self.boot(self.fx_flavor(64), image_uuid=self.hyperv,
                         host='fx1', state='ERROR')
        assert self.host_of(late) is None, 'what they had is not offered'

    def take_card(self, name: str) -> None:
        """What a sync writes when the node shows no card any more."""
        uuid = ids.remotefx_uuid(self.node(name))
        path = f'/resource_providers/{uuid}'
        shown = self.publisher._read(f'{path}/inventories')
        child = observed.Provider(
            uuid, names.remotefx_provider_name(name),
            shown['resource_provider_generation'],
            {rc: Inventory(one['total'], max_unit=one['max_unit'])
             for rc, one in shown['inventories'].items()},
            self.publisher._read(f'{path}/usages')['usages'],
            frozenset(self.publisher._read(f'{path}/traits')['traits']),
            frozenset())
        node = model.Node(name, build=14393, remotefx_enabled=True, gpus=())
        found, reasons = plan_gpu.plan(node, child, child)
        assert 'closed until they leave' in reasons[0]
        hidden, closed = found
        assert isinstance(hidden, changes.SetTraits)
        assert isinstance(closed, changes.SetInventories)
        self.publisher.remove_traits(uuid, *hidden.before - hidden.after)
        shown = self.publisher._read(f'{path}/inventories')
        self.publisher._send('put', f'{path}/inventories', {
            **shown, 'inventories': {
                rc: {'total': one.total, 'max_unit': one.max_unit,
                     'reserved': one.reserved}
                for rc, one in closed.after.items()}})
