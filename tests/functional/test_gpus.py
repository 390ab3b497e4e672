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


"""RemoteFX children on a real Placement, through the whole reconcile."""

import uuid

import pytest

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.functional import cloud as clouds

ADAPTER, VRAM = names.REMOTEFX_ADAPTER, names.REMOTEFX_VRAM_MB


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    return made


def facts(*cards_mb, **fields):
    """hv01 with these cards, hv02 without."""
    fields = {'build': 14393, 'remotefx_enabled': True, 'gpus': tuple(
        model.Gpu(f'card{n}', mb) for n, mb in enumerate(cards_mb)),
        **fields}
    return clouds.facts(clouds.cluster(nodes=(
        clouds.node(1, **fields), clouds.node(2))))


def candidates(cloud, vram_mb, *traits):
    required = ','.join(('CUSTOM_HYPERV_REMOTEFX', *traits))
    query = (f'resources=VCPU:1&resources_FX={ADAPTER}:1,{VRAM}:{vram_mb}'
             f'&required_FX={required}&group_policy=none')
    return cloud.admin.get(
        f'/allocation_candidates?{query}',
        microversion='1.39').json()['allocation_requests']


def create(cloud, vram_mb):
    consumer = str(uuid.uuid4())
    allocations = candidates(cloud, vram_mb)[0]['allocations']
    cloud.allocate(consumer, allocations)
    return consumer, allocations


def move(cloud, source, allocations):
    """What the conductor does first: instance -> migration."""
    answer = cloud.admin.get(f'/allocations/{source}', microversion='1.28')
    kept = answer.json()
    body = {
        source: {'allocations': {}, 'project_id': 'p', 'user_id': 'u',
                 'consumer_generation': kept['consumer_generation']},
        str(uuid.uuid4()): {
            'allocations': allocations, 'project_id': 'p', 'user_id': 'u',
            'consumer_generation': None}}
    return cloud.admin.post('/allocations', json=body, microversion='1.28')


def child(cloud):
    return cloud.state().get('hv01:remotefx')


def test_the_last_512_mb_go_to_one_server(cloud):
    cloud.sync(facts(1024))
    create(cloud, 512)
    create(cloud, 512)
    assert not candidates(cloud, 512)
    assert not candidates(cloud, 64)


def test_only_hosts_with_the_resolution_and_heads_are_found(cloud):
    cloud.sync(facts(1024, build=9600))
    assert candidates(cloud, 64, 'HW_GPU_RESOLUTION_W2560H1600')
    assert not candidates(cloud, 64, 'HW_GPU_RESOLUTION_W3840H2160')
    assert not candidates(cloud, 64, 'HW_GPU_MAX_DISPLAY_HEADS_8')


def test_two_small_cards_are_not_one_large(cloud):
    cloud.sync(facts(512, 512))
    assert candidates(cloud, 512)
    assert not candidates(cloud, 1024)


def test_a_vgpu_flavor_never_lands_here(cloud):
    cloud.sync(facts(1024))
    assert cloud.admin.get(
        '/allocation_candidates?resources=VGPU:1', microversion='1.39'
        ).json()['allocation_requests'] == []


def test_a_second_sync_writes_nothing(cloud):
    cloud.sync(facts(1024))
    before = cloud.state()
    cloud.sync(facts(1024))
    assert cloud.state() == before


def test_a_server_larger_than_what_is_left_can_still_be_moved(cloud):
    """Placement checks max_unit and total on every rewrite."""
    cloud.sync(facts(2048))
    server, allocations = create(cloud, 1024)
    result = cloud.sync(facts(512))
    assert Kind.REFUSED in [f.kind for f in result.plan.all_findings]
    assert move(cloud, server, allocations).status_code == 204
    assert not candidates(cloud, 64)


@pytest.mark.parametrize('full', [True, False])
@pytest.mark.parametrize('cards_mb', [(), (512,)])
def test_what_a_server_leaves_is_offered_when_the_rest_fits(
        cloud, cards_mb, full):
    cloud.sync(facts(2048))
    servers = [create(cloud, 512)[0] for _server in range(3)]
    cloud.sync(facts(*cards_mb), full=full)
    assert cloud.sync(facts(*cards_mb), full=full).done == ()
    for server in servers[:2]:
        cloud.admin.delete(f'/allocations/{server}')
        assert not candidates(cloud, 64), 'until the next pass, too'
    cloud.sync(facts(*cards_mb), full=full)
    assert not candidates(cloud, 64), 'what is left is held'
    cloud.admin.delete(f'/allocations/{servers[2]}')
    cloud.sync(facts(*cards_mb), full=full)
    assert bool(candidates(cloud, 64)) == bool(cards_mb)


def test_a_gpu_that_goes_while_used_is_closed_then_gone(cloud):
    cloud.sync(facts(2048))
    server, allocations = create(cloud, 512)
    cloud.sync(facts())
    assert not candidates(cloud, 64)
    assert move(cloud, server, allocations).status_code == 204
    holder = next(iter(cloud.admin.get(
        f'/resource_providers/{ids.remotefx_uuid(cloud.nodes["hv01"])}'
        '/allocations').json()['allocations']))
    assert cloud.admin.delete(f'/allocations/{holder}').status_code == 204
    cloud.sync(facts())
    assert child(cloud) is None


def test_a_node_that_says_nothing_keeps_its_child(cloud):
    cloud.sync(facts(1024))
    before = child(cloud)
    cloud.sync(facts(1024, gpus=None, remotefx_enabled=None))
    assert child(cloud) == before
