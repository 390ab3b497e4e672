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


"""Which traits of ours a compute node's provider gets."""

import dataclasses
import itertools

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import features
from hv_sched import model
from hv_sched.features import catalogue
from hv_sched.placement import ownership
from hv_sched.providers import node_traits

HOME, OTHER = 'aaaaaaaa', 'bbbbbbbb'
NOTHING = frozenset()
ALL = {'cpu_vendor': model.CpuVendor.INTEL, 'nested_virtualization': True,
       'guarded_host': True, 'fibre_channel': True, 'mpio': True,
       'refs': True}
# Taking this away takes the capability away, whatever else is there.
TAKEN = {'CUSTOM_HYPERV_VTPM': 'guarded_host',
         'CUSTOM_HYPERV_SHIELDED_VM': 'guarded_host',
         'CUSTOM_HYPERV_NESTED_VIRT': 'nested_virtualization',
         'CUSTOM_HYPERV_FC': 'fibre_channel',
         'CUSTOM_HYPERV_MPIO': 'mpio', 'CUSTOM_HYPERV_REFS': 'refs'}


def node(number, build=14393, **fields):
    return model.Node(f'hv{number}', build=build, home=HOME, **fields)


def volume(guid=HOME, **fields):
    return model.Volume(guid, f'V{guid}', 1 << 40, **fields)


def cluster(*nodes, volumes=(), **fields):
    return model.Cluster('c' * 8, 'hvc', nodes, volumes or (volume(),),
                         **fields)


def traits(one, observed=NOTHING, number=0):
    return node_traits.desired_node_traits(one, one.nodes[number],
                                           frozenset(observed))


# -- state, build, volumes


@pytest.mark.parametrize(('state', 'paused'), [
    ('up', False), ('paused', True), ('draining', True), ('down', False)])
def test_nothing_new_comes_to_a_paused_or_draining_node(state, paused):
    one = cluster(node(0, state=model.NodeState(state)))
    assert ('CUSTOM_HYPERV_PAUSED' in traits(one)) is paused


def test_every_node_says_what_it_is_and_its_build():
    assert {'CUSTOM_HYPERV', 'CUSTOM_HYPERV_CLUSTERED',
            'CUSTOM_HYPERV_BUILD_20348'} <= traits(cluster(node(0, 20348)))


@pytest.mark.parametrize(('redirected', 'chooses', 'expected'), [
    (HOME, False, True), (OTHER, False, False), (OTHER, True, True)])
def test_redirected_counts_on_the_volumes_the_node_uses(redirected, chooses,
                                                        expected):
    volumes = tuple(volume(guid, redirected_nodes=('hv0',) * (
        guid == redirected)) for guid in (HOME, OTHER))
    one = cluster(node(0), volumes=volumes, placement_chooses_volume=chooses)
    assert ('CUSTOM_CSV_REDIRECTED' in traits(one)) is expected


def test_redirected_is_told_of_the_node_not_of_the_volume():
    one = cluster(node(0), node(1),
                  volumes=(volume(redirected_nodes=('hv1',)),))
    assert 'CUSTOM_CSV_REDIRECTED' not in traits(one)
    assert 'CUSTOM_CSV_REDIRECTED' in traits(one, number=1)


@pytest.mark.parametrize(('redirected', 'cut_off', 'expected'), [
    (('hv0', 'hv1', 'hv2'), (), False), (('hv0',), (), True),
    (('hv0', 'hv1'), ('hv2',), False), (('hv0', 'hv1'), (), True)])
def test_refs_redirected_on_every_node_is_by_design(redirected, cut_off,
                                                    expected):
    one = cluster(*map(node, range(3)), volumes=(volume(
        file_system='refs', redirected_nodes=redirected,
        cut_off_nodes=cut_off),))
    assert ('CUSTOM_CSV_REDIRECTED' in traits(one)) is expected


def test_ntfs_redirected_on_every_node_is_a_fault():
    one = cluster(node(0), node(1), volumes=(volume(
        file_system='ntfs', redirected_nodes=('hv0', 'hv1')),))
    assert 'CUSTOM_CSV_REDIRECTED' in traits(one)


def test_a_list_of_redirected_nodes_that_lacks_some_ends_no_redirection():
    whole, incomplete = (
        cluster(node(0), volumes=(volume(redirected_nodes=(),
                                         incomplete_lists=lists),))
        for lists in (frozenset(), frozenset(('redirected_nodes',))))
    assert node_traits.is_redirected(whole, whole.nodes[0]) is False
    assert node_traits.is_redirected(incomplete, incomplete.nodes[0]) is None


def test_what_nobody_knows_of_a_node_stays_as_it_is():
    owner = node(1, 20348, **ALL)
    before = traits(cluster(node(0, 20348, **ALL), owner))
    assert 'CUSTOM_HYPERV_HA_SHIELDED_VM' in before
    silent = cluster(node(0, None, state=model.NodeState.DOWN), owner)
    assert traits(silent, before) == before


def test_attestation_that_lapsed_takes_its_traits_at_once():
    owner = node(1, **ALL)
    before = traits(cluster(node(0, **ALL), owner))
    lapsed = traits(cluster(node(0, **{**ALL, 'guarded_host': False}), owner),
                    before)
    assert before - lapsed == {
        f'CUSTOM_HYPERV_{ha}{name}' for ha in ('', 'HA_')
        for name in ('VTPM', 'SHIELDED_VM')}


# -- survivable


@st.composite
def clusters(draw):
    """Up to six nodes of three builds that show everything, some cut off."""
    builds = draw(st.lists(st.sampled_from((14393, 17763, 20348)),
                           min_size=2, max_size=6))
    states = st.sampled_from(model.NodeState)
    nodes = tuple(node(n, build, state=draw(states), **ALL)
                  for n, build in enumerate(builds))
    cut_off = draw(st.sets(st.sampled_from([n.name for n in nodes[1:]])))
    return cluster(*nodes, volumes=(volume(cut_off_nodes=tuple(cut_off)),),
                   functional_level=12)


def can_restart(one, other):
    """Whether a server of the first node may be restarted on another."""
    first, node_ = one.nodes[0], one.nodes[other]
    return (node_.name not in one.volumes[0].cut_off_nodes
            and node_.build >= first.build)


def has_owner(one):
    """Whether a server of the first node has anywhere to restart."""
    return any(can_restart(one, number)
               for number in range(1, len(one.nodes)))


clusters_with_owners = clusters().filter(has_owner)


@given(clusters().filter(lambda one: not has_owner(one)))
def test_without_another_owner_nothing_is_survivable(one):
    assert not [trait for trait in traits(one, {'CUSTOM_HYPERV_HA_GEN1'})
                if trait.startswith('CUSTOM_HYPERV_HA_')]


def test_a_cluster_of_one_node_restarts_nothing_elsewhere():
    assert not [trait for trait in traits(cluster(node(0, **ALL)))
                if trait.startswith('CUSTOM_HYPERV_HA_')]


def with_field(one, number, field, value):
    nodes = list(one.nodes)
    nodes[number] = dataclasses.replace(nodes[number], **{field: value})
    return dataclasses.replace(one, nodes=tuple(nodes))


def ha(trait):
    return trait.replace('CUSTOM_HYPERV_', 'CUSTOM_HYPERV_HA_')


@given(clusters_with_owners, st.sampled_from(sorted(TAKEN)), st.data())
def test_survivable_means_every_possible_owner_has_it(one, trait, data):
    number = data.draw(st.integers(0, len(one.nodes) - 1))
    assert ha(trait) in traits(one)
    without = traits(with_field(one, number, TAKEN[trait], False))
    matters = number == 0 or can_restart(one, number)
    assert (ha(trait) in without) is not matters
    # Only the node's own trait hangs on the node alone.
    assert (trait in without) is (number != 0)


@given(clusters_with_owners, st.sampled_from(sorted(TAKEN)), st.data())
def test_showing_more_never_takes_a_survivable_trait_away(one, trait, data):
    lacking = one
    for number in data.draw(st.sets(
            st.integers(0, len(one.nodes) - 1))):
        lacking = with_field(lacking, number, TAKEN[trait],
                             data.draw(st.sampled_from((False, None))))
    before = traits(lacking)
    number = data.draw(st.integers(0, len(one.nodes) - 1))
    after = traits(with_field(lacking, number, TAKEN[trait], True), before)
    assert before - after == NOTHING


@given(clusters_with_owners, st.sampled_from(sorted(TAKEN)), st.booleans(),
       st.data())
def test_an_owner_nobody_can_speak_for_decides_nothing(one, trait, had, data):
    number = data.draw(st.integers(0, len(one.nodes) - 1))
    silent = with_field(one, number, TAKEN[trait], None)
    matters = number == 0 or can_restart(one, number)
    observed = {ha(trait)} if had else set()
    assert (ha(trait) in traits(silent, observed)) is (had or not matters)


def test_an_owner_that_is_down_counts_because_it_comes_back():
    one = cluster(node(0, **ALL), node(1, state=model.NodeState.DOWN,
                                       **{**ALL, 'guarded_host': False}))
    assert 'CUSTOM_HYPERV_SHIELDED_VM' in traits(one)
    assert 'CUSTOM_HYPERV_HA_SHIELDED_VM' not in traits(one)


def test_amd_on_2016_makes_nesting_of_an_intel_node_not_survivable():
    amd = {**ALL, 'cpu_vendor': model.CpuVendor.AMD}
    assert 'CUSTOM_HYPERV_HA_NESTED_VIRT' not in traits(
        cluster(node(0, **ALL), node(1, **amd)))
    assert 'CUSTOM_HYPERV_HA_NESTED_VIRT' in traits(
        cluster(node(0, **ALL), node(1, 20348, **amd), functional_level=11))


# -- CPU features

MANAGED = 'CUSTOM_HYPERV_CPU_MANAGED'
SHOWN = (None, (), ('VMX',), ('vmx', 'AVX2'), ('NO_SUCH_FEATURE',),
         ('VMX', 'NO_SUCH_FEATURE'))
KNOWN = {'VMX', 'AVX2'}


@pytest.mark.parametrize(('shown', 'present', 'managed'), [
    *itertools.product(SHOWN, (set(), {'HW_CPU_X86_SSE42'}), (True, False))])
def test_cpu_traits(shown, present, managed):
    observed = present | ({MANAGED} if managed else set())
    found = {trait for trait in traits(
        cluster(node(0, cpu_features=shown)), observed)
        if trait.startswith('HW_CPU_') or trait == MANAGED}
    if present and not managed:
        assert found == set(), "somebody else's stay out of our hands"
    elif shown is None:
        assert found == observed, 'not knowing changes nothing'
    else:
        known = {f'HW_CPU_X86_{name.upper()}' for name in shown
                 if name.upper() in KNOWN}
        assert found == (known | {MANAGED} if known else set())


# -- all of it


@st.composite
def any_node(draw):
    flags = {field: draw(st.sampled_from((True, False, None)))
             for field in ('guarded_host', 'nested_virtualization', 'refs',
                           'fibre_channel', 'mpio', 'remotefx_enabled')}
    return model.Node(
        'hv0', draw(st.sampled_from((None, 9600, 14393, 17763, 99999))),
        draw(st.sampled_from(model.NodeState)), HOME,
        draw(st.sampled_from((None, *model.CpuVendor))),
        draw(st.sampled_from(SHOWN)), **flags)


OBSERVABLE = sorted({
    'CUSTOM_HYPERV', 'CUSTOM_HYPERV_CLUSTERED', 'CUSTOM_HYPERV_PAUSED',
    'CUSTOM_CSV_REDIRECTED', 'CUSTOM_HYPERV_BUILD_14393', MANAGED,
    'HW_CPU_X86_VMX', 'CUSTOM_GOLD', 'COMPUTE_NODE', 'CUSTOM_HYPERV_OLD',
    *(f.trait for f in features.CATALOGUE),
    *(features.ha_trait(f) for f in features.CATALOGUE)})


@given(any_node(), st.sets(st.sampled_from(OBSERVABLE)))
def test_a_second_look_changes_nothing(one, observed):
    first = traits(cluster(one), observed)
    managed = MANAGED in observed
    survivors = {trait for trait in observed
                 if not ownership.node_trait(trait, managed)}
    assert traits(cluster(one), first | survivors) == first


@given(any_node(), st.sets(st.sampled_from(OBSERVABLE)))
def test_only_what_is_ours_is_ever_asked_for(one, observed):
    found = traits(cluster(one), observed)
    assert all(ownership.node_trait(trait, MANAGED in found)
               for trait in found)
    assert features.REMOTEFX.trait not in found
    published = {f.trait for f in catalogue.ON_NODE if f.rule(one)}
    assert published <= found


def test_a_volume_of_which_a_node_is_not_told_may_not_redirect_by_design():
    """The node that is not told may reach the volume directly."""
    aside = model.SetAside(model.ItemKind.NODE, 'hv02', None, 'c', 'm')
    volume = model.Volume('g', 'v', file_system='refs',
                          redirected_nodes=('hv01',))
    node = model.Node('hv01', home='g')
    cluster = model.Cluster('c', 'hvc1', (node,), (volume,))
    assert node_traits.is_redirected(cluster, node) is False
    assert node_traits.is_redirected(cluster, node, lacks_nodes=True) is None
    cluster = dataclasses.replace(cluster, set_aside=(aside,))
    assert node_traits.is_redirected(cluster, node) is None
