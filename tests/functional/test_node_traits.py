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

"""What a node's traits say on a real Placement, and when they change."""

import dataclasses

import pytest

from hv_sched import features
from hv_sched import model
from hv_sched.compute.hypervisors import HypervisorReport
from hv_sched.notices import Kind
from hv_sched.placement import names
from hv_sched.providers import node_cpus
from hv_sched.providers.settings import Settings
from hv_sched.snapshot import reader
from tests.functional import cloud as clouds

SHIELDED = features.SHIELDED_VM.trait
HA_SHIELDED = features.ha_trait(features.SHIELDED_VM)
NESTED = features.NESTED_VIRT.trait
# A clustered server may ask for either.
BY_BUILD_2016 = {features.GEN1.trait, features.GEN2.trait,
                 features.SECURE_BOOT.trait, features.SECURE_BOOT_LINUX.trait}


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    return made


def facts(*nodes, level=None):
    """Two nodes or more, each with these fields."""
    fields = (*nodes, *({} for _lacking in range(2 - len(nodes))))
    return clouds.facts(clouds.cluster(functional_level=level, nodes=tuple(
        clouds.node(number, **shown) for number, shown in enumerate(fields, 1)
    )))


GUARDED = {'guarded_host': True}
UNGUARDED = {'guarded_host': False}
SILENT = {'guarded_host': None}


def traits(cloud, name='hv01'):
    return cloud.api.traits(cloud.nodes[name])[1]


def published_features(cloud, name):
    return {trait for trait in traits(cloud, name)
            if features.by_trait(trait)
            and not trait.startswith(features.HA_PREFIX)}


def edit_traits(cloud, name, change):
    """Somebody else writes a node's traits."""
    generation, before = cloud.api.traits(cloud.nodes[name])
    cloud.api.set_traits(cloud.nodes[name], generation,
                         frozenset(change(before)))


# -- only what was shown


def test_a_node_gets_what_its_build_says_and_what_it_showed(cloud):
    cloud.sync(facts(
        {'guarded_host': True, 'mpio': True, 'nested_virtualization': True,
         'cpu_vendor': model.CpuVendor.INTEL},
        {'build': 9600, 'nested_virtualization': True}, level=9))
    assert published_features(cloud, 'hv01') == BY_BUILD_2016 | {
        SHIELDED, features.VTPM.trait, 'CUSTOM_HYPERV_MPIO', NESTED}
    assert published_features(cloud, 'hv02') == {
        features.GEN1.trait, features.GEN2.trait, features.SECURE_BOOT.trait}


def test_an_amd_node_nests_only_from_2022_on(cloud):
    amd = {'cpu_vendor': model.CpuVendor.AMD, 'nested_virtualization': True}
    cloud.sync(facts({'build': 17763, **amd}, {'build': 20348, **amd},
                     level=11))
    assert cloud.hosts(10, f'required={NESTED}') == {'hv02'}


def test_a_request_finds_the_node_that_showed_it_and_no_other(cloud):
    cloud.sync(facts(GUARDED, UNGUARDED))
    assert cloud.hosts(10, f'required={SHIELDED}') == {'hv01'}
    assert cloud.hosts(10, f'required=!{SHIELDED}') == {'hv02'}


@pytest.mark.parametrize('full', [True, False])
def test_what_nobody_can_say_stays_as_it_was(cloud, full):
    cloud.sync(facts(GUARDED, UNGUARDED))
    before = cloud.state()
    assert cloud.sync(facts(SILENT, SILENT), full=full).done == ()
    assert cloud.state() == before


def test_a_silent_node_that_never_showed_it_does_not_get_it(cloud):
    cloud.sync(facts(SILENT, GUARDED))
    assert cloud.hosts(10, f'required={SHIELDED}') == {'hv02'}


# -- a capability that flaps


def test_single_syncs_follow_the_source_at_once(cloud):
    for shown in (True, False, True):
        cloud.sync(facts({'guarded_host': shown}), full=False)
        assert (SHIELDED in traits(cloud)) is shown


def test_a_running_reconcile_gives_back_only_what_is_steady(cloud):
    running = cloud.reconciler()
    running.sync(facts(GUARDED))
    written = []
    for shown in (False, True, False, True, False, True):
        cloud.placement.sent.clear()
        running.sync(facts({'guarded_host': shown}), full=False)
        assert SHIELDED not in traits(cloud)
        written.append(len(cloud.placement.writes))
    assert written == [1, 0, 0, 0, 0, 0]
    running.sync(facts(GUARDED), full=False)
    assert SHIELDED in traits(cloud)


def test_debounce_passes_of_one_follows_at_once(cloud):
    running = cloud.reconciler(Settings(workers=1, debounce_passes=1))
    for shown in (True, False, True):
        running.sync(facts({'guarded_host': shown}), full=False)
        assert (SHIELDED in traits(cloud)) is shown


def test_a_paused_node_is_closed_at_once_and_opens_when_steady(cloud):
    running = cloud.reconciler()
    running.sync(facts())
    seen = []
    for state in (model.NodeState.PAUSED, model.NodeState.UP,
                  model.NodeState.UP):
        running.sync(facts({'state': state}), full=False)
        seen.append(cloud.hosts(10, f'required=!{names.PAUSED}'))
    assert seen == [{'hv02'}, {'hv02'}, {'hv01', 'hv02'}]


def test_other_changes_of_the_node_do_not_wait(cloud):
    running = cloud.reconciler()
    running.sync(facts(GUARDED))
    running.sync(facts(UNGUARDED))
    running.sync(facts({**GUARDED, 'build': 17763}))
    assert SHIELDED not in traits(cloud)
    assert names.build_trait(17763) in traits(cloud)


# -- survivable


def test_survivable_says_every_possible_owner_has_it(cloud):
    query = f'required={HA_SHIELDED}'
    cloud.sync(facts(GUARDED, GUARDED))
    assert cloud.hosts(10, query) == {'hv01', 'hv02'}
    cloud.sync(facts(GUARDED, UNGUARDED), full=False)
    assert cloud.api.list_providers(required=HA_SHIELDED) == []
    assert cloud.hosts(10, f'required={SHIELDED}') == {'hv01'}
    cloud.sync(facts(GUARDED, GUARDED), full=False)
    cloud.sync(facts(GUARDED, SILENT), full=False)
    assert cloud.hosts(10, query) == {'hv01', 'hv02'}, 'unknown: as it was'


def test_an_older_node_is_no_possible_owner(cloud):
    cloud.register('hv03')
    newer = {'build': 17763, **GUARDED}
    cloud.sync(facts(newer, UNGUARDED, newer))
    assert cloud.hosts(10, f'required={HA_SHIELDED}') == {'hv01', 'hv03'}


def test_an_owner_that_is_down_counts_it_comes_back(cloud):
    cloud.sync(facts(GUARDED, {**UNGUARDED, 'state': model.NodeState.DOWN}))
    assert HA_SHIELDED not in traits(cloud)


# -- CPU traits


def test_cpu_traits_that_are_there_are_somebody_elses(cloud):
    cloud.sync(facts({'cpu_features': ('AVX', 'AVX2')}))
    assert 'HW_CPU_X86_AVX' not in traits(cloud)
    assert 'HW_CPU_X86_VMX' in traits(cloud)
    assert names.CPU_MANAGED not in traits(cloud)


def test_cpu_traits_nobody_cares_for_are_ours(cloud):
    edit_traits(cloud, 'hv01', lambda found: found - {'HW_CPU_X86_VMX'})
    cloud.sync(facts({'cpu_features': ('AVX', 'AVX2')}))
    assert {'HW_CPU_X86_AVX', 'HW_CPU_X86_AVX2', names.CPU_MANAGED} <= (
        traits(cloud))
    cloud.sync(facts({'cpu_features': ('AVX',)}), full=False)
    assert 'HW_CPU_X86_AVX2' not in traits(cloud)
    before = cloud.state()
    assert cloud.sync(facts({'cpu_features': None}), full=False).done == ()
    assert cloud.state() == before
    cloud.sync(facts({'cpu_features': ()}), full=False)
    assert not any('CPU' in trait for trait in traits(cloud))
    assert 'HW_CPU_X86_VMX' in traits(cloud, 'hv02'), 'not ours, never'


class Compute:
    """Nova's compute nodes, with processors as compute-hyperv tells them."""

    def __init__(self, cloud):
        self.asked = 0
        self.nodes = [HypervisorReport(
            uuid, name, 'hyperv', True, 'GenuineIntel', ('sse', 'vmx', 'nx'))
            for name, uuid in cloud.nodes.items()]

    def hypervisors(self):
        self.asked += 1
        return self.nodes


def test_a_processor_the_source_does_not_tell_is_asked_of_nova(cloud):
    cloud.register('hv03')
    for name in cloud.nodes:
        edit_traits(cloud, name, lambda found: found - {'HW_CPU_X86_VMX'})
    edit_traits(cloud, 'hv02', lambda found: found | {'HW_CPU_X86_AVX'})
    nova = Compute(cloud)
    made = cloud.reconciler(cpus=node_cpus.NodeCpus(nova))
    told = facts({}, {}, {'cpu_vendor': model.CpuVendor.INTEL,
                          'cpu_features': ('AVX2',)})
    made.sync(told)
    assert {'HW_CPU_X86_SSE', 'HW_CPU_X86_VMX', names.CPU_MANAGED} <= (
        traits(cloud))
    assert names.CPU_MANAGED not in traits(cloud, 'hv02'), 'somebody elses'
    assert 'HW_CPU_X86_VMX' not in traits(cloud, 'hv03')
    assert made.sync(told, full=False).done == ()
    assert nova.asked == 1  # not by node, not by pass
    # A Nova that has become silent takes nothing away.
    nova.nodes = []
    later = cloud.reconciler(cpus=node_cpus.NodeCpus(nova))
    assert later.sync(told).done == () and nova.asked == 2


def test_cpu_features_no_placement_knows_are_left_out(cloud):
    edit_traits(cloud, 'hv01', lambda found: found - {'HW_CPU_X86_VMX'})
    cloud.sync(facts({'cpu_features': ('AVX', 'WARP9')}))
    assert {trait for trait in traits(cloud) if 'HW_CPU' in trait} == {
        'HW_CPU_X86_AVX'}


def test_a_bulk_pass_sees_that_cpu_traits_are_wanted(cloud):
    edit_traits(cloud, 'hv01', lambda found: found - {'HW_CPU_X86_VMX'})
    cloud.sync(facts())
    cloud.sync(facts({'cpu_features': ('AVX',)},
                     {'cpu_features': ('AVX',)}), full=False)
    assert 'HW_CPU_X86_AVX' in traits(cloud)
    assert 'HW_CPU_X86_AVX' not in traits(cloud, 'hv02')


# -- redirected


def test_a_redirected_node_is_marked_and_still_used(cloud):
    volume = clouds.volume(redirected_nodes=('hv02',))
    cloud.sync(clouds.facts(clouds.cluster(volumes=(volume,))))
    assert names.REDIRECTED in traits(cloud, 'hv02')
    assert cloud.hosts(10) == {'hv01', 'hv02'}
    cloud.sync(clouds.facts(clouds.cluster(volumes=(
        clouds.volume(redirected_nodes=()),))), full=False)
    assert names.REDIRECTED not in traits(cloud, 'hv02')


def snapshot(cloud):
    return reader.SnapshotReader(
        cloud.api, lambda trait: True, lambda uuids: {}).read()


def test_the_scheduler_knows_redirected_nodes_by_their_trait(cloud):
    cloud.sync(clouds.facts())
    assert snapshot(cloud).redirected == frozenset()
    cloud.sync(clouds.facts(clouds.cluster(volumes=(
        clouds.volume(redirected_nodes=('hv02',)),))))
    assert snapshot(cloud).redirected == {cloud.nodes['hv02']}


def test_refs_that_is_redirected_on_every_node_marks_none(cloud):
    volume = clouds.volume(file_system='refs',
                           redirected_nodes=('hv01', 'hv02'))
    cloud.sync(clouds.facts(clouds.cluster(volumes=(volume,))))
    assert names.REDIRECTED not in traits(cloud) | traits(cloud, 'hv02')


# -- the functional level

EVERYTHING = {'guarded_host': True, 'nested_virtualization': True,
              'cpu_vendor': model.CpuVendor.INTEL}
OF_2016 = {features.SECURE_BOOT_LINUX.trait, features.VTPM.trait, SHIELDED,
           NESTED}


def mixed(*builds, level=None):
    return clouds.facts(clouds.cluster(functional_level=level, nodes=tuple(
        clouds.node(number + 1, build=build, **EVERYTHING)
        for number, build in enumerate(builds))))


@pytest.mark.parametrize('full', [True, False])
def test_a_cluster_claims_no_more_than_its_level(cloud, full):
    cloud.sync(mixed(9600, 14393, level=8), full=full)
    assert published_features(cloud, 'hv02') == {
        features.GEN1.trait, features.GEN2.trait, features.SECURE_BOOT.trait}
    assert names.build_trait(14393) in traits(cloud, 'hv02')


@pytest.mark.parametrize('full', [True, False])
def test_a_level_that_is_no_longer_stated_bounds_until_one_is(cloud, full):
    cloud.sync(mixed(14393, 14393, level=8))
    before = cloud.state()
    assert cloud.sync(mixed(14393, 14393), full=full).done == ()
    assert cloud.state() == before
    cloud.sync(mixed(14393, 14393, level=9), full=full)
    assert published_features(cloud, 'hv01') >= OF_2016


def test_mixed_builds_without_a_level_work_with_what_is_known(cloud):
    result = cloud.sync(mixed(9600, 14393))
    assert not published_features(cloud, 'hv02') & OF_2016
    assert [(notice.kind, notice.subject)
            for notice in result.plan.all_findings] == [(Kind.NOTE, 'hvc1')]
    assert 'ClusterFunctionalLevel' in str(result.plan.all_findings)
    assert cloud.hosts(10) == {'hv01', 'hv02'}


# -- behind our back


def ours(cloud):
    """Every trait name of ours that exists."""
    return {trait for trait in cloud.api.all_traits()
            if trait.startswith((names.HYPERV_PREFIX, 'CUSTOM_CSV_'))
            or trait == names.HYPERV}


@pytest.mark.parametrize('full', [True, False])
def test_trait_names_deleted_behind_our_back_are_made_again(cloud, full):
    told = facts(GUARDED, {**GUARDED, 'state': model.NodeState.PAUSED})
    cloud.sync(told)
    before, vocabulary = cloud.state(), ours(cloud)
    for listed in cloud.api.list_providers():
        generation, found = cloud.api.traits(listed.uuid)
        cloud.api.set_traits(listed.uuid, generation, found - vocabulary)
    for trait in vocabulary:
        cloud.api.delete_trait(trait)
    cloud.sync(told, full=full)
    after = cloud.state()
    # A closed node's ratio before it was closed is known to nobody else.
    for name in ('hv01', 'hv02'):
        lost = {trait for trait in before[name][2]
                if trait.startswith(names.FORMER_RATIO_PREFIX)}
        assert after[name][2] == before[name][2] - lost
        assert lost and after[name][3] == before[name][3]
    assert after['csv:hvc1/Volume1'] == before['csv:hvc1/Volume1']
    assert ours(cloud) >= {names.NO_NEW_DISKS, names.PAUSED, SHIELDED}


def test_names_every_query_forbids_are_made_again_with_nothing_else_to_do(
        cloud):
    cloud.sync(facts())
    cloud.api.delete_trait(names.PAUSED)
    cloud.api.delete_trait(names.NO_NEW_DISKS)
    result = cloud.sync(facts(), full=False)
    assert [change.name for change in result.done] == [
        names.NO_NEW_DISKS, names.PAUSED]
    assert cloud.hosts(10, f'required=!{names.PAUSED}') == {'hv01', 'hv02'}


def test_a_name_deleted_while_we_write_is_made_again(cloud):
    cloud.sync(facts())
    told = facts(GUARDED)
    gone = []

    def before(environ):
        if not gone and environ['REQUEST_METHOD'] == 'PUT' and (
                environ['PATH_INFO'].endswith('/traits')):
            gone.append(1)
            cloud.api.delete_trait(SHIELDED)

    cloud.placement.service.before = before
    result = cloud.reconciler().sync(told)
    assert gone and not result.failures
    assert SHIELDED in traits(cloud)


# -- RemoteFX, together with the node it hangs on


CARD = (model.Gpu('card', 1024),)


def test_a_granular_group_finds_only_nodes_that_have_the_adapter(cloud):
    cloud.register('hv03')
    nodes = (
        clouds.node(1, remotefx_enabled=True, gpus=CARD, guarded_host=True),
        clouds.node(2, remotefx_enabled=True, gpus=CARD,
                    state=model.NodeState.PAUSED),
        clouds.node(3, remotefx_enabled=False, gpus=CARD))
    cluster = clouds.cluster(nodes=nodes)
    cloud.sync(clouds.facts(cluster))
    group = ('resources_FX=CUSTOM_REMOTEFX_ADAPTER:1,'
             'CUSTOM_REMOTEFX_VRAM_MB:256',
             'required_FX=CUSTOM_HYPERV_REMOTEFX,'
             'HW_GPU_RESOLUTION_W3840H2160', 'group_policy=none')
    assert cloud.hosts(10, *group) == {'hv01', 'hv02'}
    open_only = f'required=!{names.PAUSED}'
    assert cloud.hosts(10, *group, open_only) == {'hv01'}
    assert cloud.hosts(10, *group, f'required={SHIELDED}') == {'hv01'}
    older = dataclasses.replace(cluster, nodes=(
        dataclasses.replace(nodes[0], build=17763), *nodes[1:]))
    cloud.sync(clouds.facts(older), full=False)
    assert cloud.hosts(10, *group) == {'hv02'}, 'gone from 2019 on'
