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


"""A node's RemoteFX child: what it offers, and what happens in its life."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import features
from hv_sched import model
from hv_sched.placement import ids
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import plan_gpu

ADAPTER, VRAM = 'CUSTOM_REMOTEFX_ADAPTER', 'CUSTOM_REMOTEFX_VRAM_MB'
SIZES = (64, 128, 256, 512, 1024)
NODE_UUID = '11111111-1111-4111-8111-111111111111'
PARENT = Provider(NODE_UUID, 'hv01', 0, {}, {}, frozenset(), frozenset())


def node(*cards_mb, build=14393, enabled=True):
    return model.Node(
        'hv01', build=build, remotefx_enabled=enabled, gpus=tuple(
            model.Gpu(f'card{n}', mb) for n, mb in enumerate(cards_mb)))


def child(inventories, traits=None, **usages):
    return Provider(ids.remotefx_uuid(NODE_UUID), 'hv01:remotefx', 1,
                    inventories, usages,
                    plan_gpu.traits(node(64)) if traits is None else traits,
                    frozenset(), NODE_UUID)


def after(before, found):
    """The inventories once the changes are made."""
    fills = [c for c in found if isinstance(c, changes.SetInventories)]
    return fills[-1].after if fills else before


def later(before, found, **usages):
    """The child once the changes are made, and servers hold this much."""
    marks = [c for c in found if isinstance(c, changes.SetTraits)]
    return child(after(before.inventories, found),
                 marks[-1].after if marks else before.traits, **usages)


# -- what a node offers


@pytest.mark.parametrize(('cards_mb', 'adapters', 'vram_mb', 'largest_mb'), [
    ((64,), 1, 64, 64), ((1024,), 16, 1024, 1024),
    ((4096,), 64, 4096, 1024), ((1000,), 15, 960, 512),
    ((512, 512), 16, 1024, 512), ((768, 768), 24, 1536, 512),
    ((100, 100), 2, 128, 64), ((63, 2048), 32, 2048, 1024)])
def test_what_cards_offer(cards_mb, adapters, vram_mb, largest_mb):
    assert plan_gpu.inventories(node(*cards_mb)) == {
        ADAPTER: Inventory(adapters, max_unit=1),
        VRAM: Inventory(vram_mb, min_unit=64, step_size=64,
                        max_unit=largest_mb)}


@given(st.lists(st.integers(0, 16384), max_size=4))
def test_no_server_may_ask_for_more_than_one_card_has(cards_mb):
    offer = plan_gpu.inventories(node(*cards_mb))
    fits = [size for size in SIZES if size <= max(cards_mb, default=0)]
    assert bool(offer) is bool(fits)
    if offer:
        vram = offer[VRAM]
        assert vram.max_unit == fits[-1]
        assert vram.total <= sum(cards_mb)
        assert offer[ADAPTER].capacity * vram.min_unit == vram.capacity


@pytest.mark.parametrize('one', [
    node(), node(63), node(1024, enabled=False), node(1024, enabled=None),
    node(1024, build=17763), node(1024, build=26100),
    node(1024, build=None)], ids=str)
def test_nothing_is_offered_that_the_node_did_not_show(one):
    assert plan_gpu.inventories(one) == {}


def test_2012_r2_and_2016_show_their_own_resolutions():
    def highest(build):
        return plan_gpu.traits(node(64, build=build))
    assert 'HW_GPU_RESOLUTION_W3840H2160' not in highest(9600)
    assert 'HW_GPU_MAX_DISPLAY_HEADS_8' not in highest(9600)
    assert {'HW_GPU_RESOLUTION_W3840H2160', 'HW_GPU_MAX_DISPLAY_HEADS_8',
            'CUSTOM_HYPERV_REMOTEFX'} <= highest(14393)


# -- the life of a child


def test_a_new_child_hangs_on_its_node():
    found, reasons = plan_gpu.plan(node(1024), PARENT, None)
    created = found[0]
    assert isinstance(created, changes.CreateProvider)
    assert (created.uuid, created.name, created.parent_uuid) == (
        ids.remotefx_uuid(NODE_UUID), 'hv01:remotefx', NODE_UUID)
    assert not reasons
    assert isinstance(found[-1], changes.SetTraits), 'traits come last'


def test_a_child_that_is_right_is_left_alone():
    assert plan_gpu.plan(node(1024), PARENT,
                         child(plan_gpu.inventories(node(1024)))) == ([], [])


@pytest.mark.parametrize('one', [node(1024, enabled=None),
                                 node(1024, build=None),
                                 model.Node('hv01', 14393,
                                            remotefx_enabled=True)], ids=str)
def test_a_source_that_does_not_say_changes_nothing(one):
    assert plan_gpu.plan(one, PARENT, child(
        plan_gpu.inventories(node(512)))) == ([], [])


@pytest.mark.parametrize('one', [
    node(), node(1024, enabled=False), node(1024, build=17763),
    node(enabled=None)], ids=str)
def test_a_child_nobody_uses_goes_with_its_gpu(one):
    found, reasons = plan_gpu.plan(one, PARENT, child(
        plan_gpu.inventories(node(1024))))
    assert isinstance(found[-1], changes.DeleteProvider)
    assert not reasons


def test_a_gpu_that_goes_while_used_is_closed_until_free():
    before = plan_gpu.inventories(node(1024))
    used = child(before, **{ADAPTER: 2, VRAM: 768})
    found, reasons = plan_gpu.plan(node(), PARENT, used)
    left = after(before, found)
    assert {rc: left[rc].capacity for rc in left} == {ADAPTER: 2, VRAM: 768}
    assert left[VRAM].max_unit == 1024, 'a server that holds 512 can move'
    assert len(reasons) == 1
    assert '2 CUSTOM_REMOTEFX_ADAPTER, 768 CUSTOM_REMOTEFX_VRAM_MB' in (
        reasons[0])
    assert plan_gpu.plan(node(), PARENT, later(
        used, found, **used.usages))[0] == [], 'and then left alone'


@pytest.mark.parametrize('cards_mb', [(), (512,), (63, 512)])
def test_what_a_server_leaves_is_not_offered_while_too_much_is_held(cards_mb):
    """The child is full, and after the next server left it is not."""
    used = child(plan_gpu.inventories(node(2048)), **{ADAPTER: 3, VRAM: 1088})
    found, _reasons = plan_gpu.plan(node(*cards_mb), PARENT, used)
    closed = later(used, found, **{ADAPTER: 2, VRAM: 576})
    assert features.REMOTEFX.trait not in closed.traits
    assert [change.step for change in found] == [
        changes.Step.STRIP, changes.Step.FILL]


def test_it_is_offered_again_when_what_is_held_fits():
    used = child(plan_gpu.inventories(node(2048)), **{ADAPTER: 3, VRAM: 1088})
    found, _reasons = plan_gpu.plan(node(512), PARENT, used)
    fits = later(used, found, **{ADAPTER: 1, VRAM: 64})
    found, reasons = plan_gpu.plan(node(512), PARENT, fits)
    assert not reasons
    assert later(fits, found).traits == plan_gpu.traits(node(512))


def test_a_gpu_that_shrinks_below_what_is_held_says_so():
    used = child(plan_gpu.inventories(node(2048)), **{ADAPTER: 2, VRAM: 1088})
    found, reasons = plan_gpu.plan(node(512), PARENT, used)
    vram = after(used.inventories, found)[VRAM]
    assert (vram.total, vram.reserved) == (1088, 0)
    assert reasons == [
        'hv01:remotefx: the node shows 512 CUSTOM_REMOTEFX_VRAM_MB, but '
        'servers hold 1088: kept at that until they leave']


@given(st.integers(1, 64), st.integers(1, 64), st.lists(
    st.sampled_from(SIZES), max_size=8))
def test_whatever_is_held_can_be_written_again(old, new, held):
    """Placement checks total, max_unit and step_size of every rewrite."""
    before = plan_gpu.inventories(node(old * 64))
    held = [size for size in held if size <= before[VRAM].max_unit]
    while sum(held) > old * 64:
        held.pop()
    used = child(before, **{ADAPTER: len(held), VRAM: sum(held)})
    found, reasons = plan_gpu.plan(node(new * 64), PARENT, used)
    vram = after(before, found)[VRAM]
    assert sum(held) <= vram.capacity
    assert all(size <= vram.max_unit and size % vram.step_size == 0
               for size in held)
    assert bool(reasons) is (sum(held) > new * 64 or len(held) > new)
    if not held:
        assert vram == plan_gpu.inventories(node(new * 64))[VRAM]


def test_an_operators_trait_on_the_child_survives():
    mine = frozenset(('CUSTOM_GOLD', 'HW_GPU_RESOLUTION_W320H240'))
    used = Provider('u', 'hv01:remotefx', 1, plan_gpu.inventories(node(64)),
                    {}, mine, frozenset())
    found, _reasons = plan_gpu.plan(node(64), PARENT, used)
    assert found[-1].after == plan_gpu.traits(node(64)) | {'CUSTOM_GOLD'}
