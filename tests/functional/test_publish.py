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

"""Publishing a cluster: one volume counted once, safe at every moment."""

import dataclasses
import datetime
import itertools

import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import changes
from hv_sched.providers.settings import allow_of
from hv_sched.providers.settings import Settings
from tests.functional import base
from tests.functional import cloud as clouds

VOLUME = clouds.VOLUME


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    return made


def allowing(*texts):
    return Settings(workers=1, allow=allow_of(texts))


def kinds(result):
    return [finding.kind for finding in result.plan.all_findings]


def test_third_server_is_refused_on_every_node(cloud):
    for _number in range(2):
        cloud.create(200)
    assert cloud.hosts(200), 'stock: the space is counted once a node'


def test_published_volume_is_counted_once(cloud):
    cloud.sync(clouds.facts())
    assert cloud.hosts(200) == {'hv01', 'hv02'}
    cloud.create(200)
    cloud.create(200)
    assert cloud.hosts(200) == set()
    assert cloud.hosts(100) == {'hv01', 'hv02'}


def test_what_stands_in_placement_for_a_volume(cloud):
    cloud.sync(clouds.facts())
    _uuid, inventories, traits, aggregates, _usages = cloud.state()[
        'csv:hvc1/Volume1']
    disk = inventories['DISK_GB']
    assert (disk.total, disk.reserved, disk.max_unit,
            disk.allocation_ratio) == (500, 0, 500, 1.0)
    assert inventories[names.HELD_DISK_GB].total == 2147483647
    assert traits == {
        names.SHARING, names.VOLUME, names.disk_trait(clouds.guid(1)),
        *home_traits.traits_of(cloud.nodes.values())}
    assert aggregates == {ids.home_aggregate(VOLUME)}


def test_what_stands_in_placement_for_a_node(cloud):
    cloud.sync(clouds.facts())
    _uuid, inventories, traits, aggregates, _usages = cloud.state()['hv01']
    assert inventories['DISK_GB'].capacity == 0
    assert inventories['VCPU'].allocation_ratio == 4.0
    assert {names.HYPERV, names.CLUSTERED, 'CUSTOM_HYPERV_BUILD_14393',
            'CUSTOM_CSV_FORMER_RATIO_1_0', 'HW_CPU_X86_VMX',
            'COMPUTE_NODE'} <= traits
    assert aggregates == {ids.home_aggregate(VOLUME),
                          ids.cluster_aggregate(clouds.CLUSTER_GUID)}


@pytest.mark.parametrize('full', [True, False])
def test_a_second_sync_has_nothing_to_do(cloud, full):
    cloud.sync(clouds.facts())
    before = cloud.state()
    cloud.placement.sent.clear()
    assert cloud.sync(clouds.facts(), full=full).done == ()
    assert cloud.placement.writes == []
    assert cloud.state() == before


def test_parallel_workers_publish_the_same(cloud):
    facts = two_homes()
    cloud.register('hv03', 'hv04')
    cloud.sync(facts, Settings(workers=8))
    assert cloud.sync(facts).done == ()


def two_homes(nodes=4):
    return clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2)),
        nodes=tuple(clouds.node(n + 1, home=n % 2 + 1)
                    for n in range(nodes))))


def test_each_volume_serves_the_nodes_whose_home_it_is(cloud):
    cloud.register('hv03', 'hv04')
    cloud.sync(two_homes())
    for request in cloud.candidates(10):
        node, = request['allocations'].keys() & set(cloud.nodes.values())
        other, = request['allocations'].keys() - {node}
        number = 1 if node in (cloud.nodes['hv01'], cloud.nodes['hv03']
                               ) else 2
        assert other == ids.volume_uuid(clouds.CLUSTER_GUID,
                                        clouds.guid(number))
    assert len(cloud.candidates(10)) == 4


def test_placement_chooses_volume_puts_all_nodes_on_all_volumes(cloud):
    cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2)),
        placement_chooses_volume=True)))
    assert len(cloud.candidates(10)) == 4


def test_volume_that_is_nobodys_home_is_not_published(cloud):
    result = cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2)),
        nodes=(clouds.node(1, home=1), clouds.node(2, home=1)))))
    assert 'csv:hvc1/Volume2' not in cloud.state()
    assert kinds(result) == [Kind.NOTE]


# -- what is not ours survives


def test_an_operators_edits_survive_ten_syncs(cloud):
    cloud.sync(clouds.facts())
    generation, inventories = cloud.api.inventories(VOLUME)
    inventories['DISK_GB'] = dataclasses.replace(
        inventories['DISK_GB'], allocation_ratio=1.5)
    generation = cloud.api.set_inventories(VOLUME, generation, inventories)
    cloud.api.ensure_trait('CUSTOM_GOLD')
    cloud.api.set_traits(
        VOLUME, generation, cloud.api.traits(VOLUME)[1] | {'CUSTOM_GOLD'})
    node = cloud.nodes['hv01']
    generation, traits = cloud.api.traits(node)
    cloud.api.set_traits(node, generation, traits | {'CUSTOM_GOLD'})
    before = cloud.state()
    for number in range(10):
        assert cloud.sync(clouds.facts(), full=bool(number % 2)).done == ()
    assert cloud.state() == before


def test_an_operators_edits_survive_a_sync_that_changes_other_things(cloud):
    cloud.sync(clouds.facts())
    cloud.api.ensure_trait('CUSTOM_GOLD')
    generation, traits = cloud.api.traits(VOLUME)
    cloud.api.set_traits(VOLUME, generation, traits | {'CUSTOM_GOLD'})
    generation, aggregates = cloud.api.aggregates(VOLUME)
    foreign = '33333333-3333-4333-8333-333333333333'
    cloud.api.set_aggregates(VOLUME, generation, aggregates | {foreign})
    cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1, 600, maintenance=True),))))
    _uuid, _inventories, traits, aggregates, _usages = cloud.state()[
        'csv:hvc1/Volume1']
    assert {'CUSTOM_GOLD', names.NO_NEW_DISKS} <= traits
    assert foreign in aggregates


def test_the_ratio_option_wins_over_the_operators_edit(cloud):
    cloud.sync(clouds.facts())
    cloud.sync(clouds.facts(), Settings(workers=1, csv_allocation_ratio=2.0))
    assert cloud.hosts(900) == set(), 'max_unit is one disk on the volume'
    assert cloud.state()['csv:hvc1/Volume1'][1][
        'DISK_GB'].allocation_ratio == 2.0


# -- adopt comes first


def test_a_cluster_with_shares_on_its_nodes_is_left_as_it_was(cloud):
    cloud.own_disk('hv01', 10)
    before = cloud.state()
    result = cloud.sync(clouds.facts())
    assert kinds(result) == [Kind.ADOPT]
    assert 'csv adopt --cluster hvc1' in result.plan.all_findings[0].message
    assert cloud.state() == before


def test_a_joining_node_with_shares_waits_and_the_others_go_on(cloud):
    cloud.sync(clouds.facts())
    cloud.register('hv03')
    cloud.own_disk('hv03', 10)
    before = cloud.state()['hv03']
    grown = clouds.facts(clouds.cluster(
        3, volumes=(clouds.volume(1, 600),)))
    result = cloud.sync(grown, full=False)
    assert kinds(result) == [Kind.ADOPT]
    assert cloud.state()['hv03'] == before
    assert cloud.state()['csv:hvc1/Volume1'][1]['DISK_GB'].total == 600


def test_a_server_that_comes_while_we_close_stops_the_closing(cloud):
    """The generation of the plan, not a fresh one, guards the node."""
    late = []

    def before(environ):
        if (environ['REQUEST_METHOD'] == 'PUT' and not late
                and environ['PATH_INFO'].endswith('/inventories')
                and cloud.nodes['hv02'] in environ['PATH_INFO']):
            late.append(1)
            cloud.own_disk('hv02', 10)

    cloud.placement.service.before = before
    result = cloud.sync(clouds.facts())
    assert late and kinds(result) == [Kind.ADOPT]
    assert cloud.state()['hv02'][1]['DISK_GB'].capacity == 500
    assert not any(names.VOLUME in request for request in cloud.candidates(1))


# -- nodes


def test_node_nova_does_not_know_is_left_out_and_said(cloud):
    result = cloud.sync(clouds.facts(clouds.cluster(3)))
    assert kinds(result) == [Kind.SKIPPED]
    assert result.plan.all_findings[0].subject == 'hv03'
    assert cloud.hosts(200) == {'hv01', 'hv02'}


@pytest.mark.parametrize('nova_name,source_name', [
    ('HV03', 'hv03'), ('hv03', 'HV03'), ('hv03.cloud.example', 'hv03'),
    ('hv03', 'hv03.cloud.example'), ('HV03.Cloud.Example', 'hv03'),
    ('hv03.cloud.example', 'HV03.CLOUD.EXAMPLE')])
def test_names_match_without_case_and_domain(cloud, nova_name, source_name):
    cloud.register(nova_name)
    nodes = (clouds.node(1), clouds.node(2), model.Node(source_name, 14393))
    result = cloud.sync(clouds.facts(clouds.cluster(nodes=nodes)))
    assert kinds(result) == []
    assert cloud.hosts(200) == {'hv01', 'hv02', nova_name}


def test_two_providers_are_never_taken_for_one_node(cloud):
    cloud.register('hv03.a.example', 'hv03.b.example')
    result = cloud.sync(clouds.facts(clouds.cluster(3)))
    assert kinds(result) == [Kind.SKIPPED]
    assert 'hv03.a.example, hv03.b.example' in (
        result.plan.all_findings[0].message)


def test_two_nodes_are_never_taken_for_one_provider(cloud):
    cloud.register('hv03')
    nodes = (clouds.node(1), clouds.node(2), model.Node('hv03.a', 14393),
             model.Node('hv03.b', 14393))
    result = cloud.sync(clouds.facts(clouds.cluster(nodes=nodes)))
    assert kinds(result) == [Kind.SKIPPED, Kind.SKIPPED]
    assert names.HYPERV not in cloud.state()['hv03'][2]


def test_a_node_that_becomes_ambiguous_is_not_withdrawn(cloud):
    cloud.register('hv03.a.example')
    facts = clouds.facts(clouds.cluster(3))
    cloud.sync(facts)
    before = cloud.state()['hv03.a.example']
    cloud.register('hv03.b.example')
    cloud.sync(facts)
    assert cloud.state()['hv03.a.example'] == before


def test_paused_node_is_marked(cloud):
    nodes = (clouds.node(1), clouds.node(2, state=model.NodeState.DRAINING))
    cloud.sync(clouds.facts(clouds.cluster(nodes=nodes)))
    assert cloud.hosts(10, f'required=!{names.PAUSED}') == {'hv01'}
    up = tuple(clouds.node(number, state=model.NodeState.UP)
               for number in (1, 2))
    cloud.sync(clouds.facts(clouds.cluster(nodes=up)), full=False)
    assert cloud.hosts(10, f'required=!{names.PAUSED}') == {'hv01', 'hv02'}


def test_a_cut_off_node_leaves_the_volume_and_comes_back(cloud):
    cloud.sync(clouds.facts())
    share = cloud.create(50, host='hv02')
    cut = clouds.facts(clouds.cluster(
        volumes=(clouds.volume(cut_off_nodes=('hv02',)),)))
    cloud.sync(cut, full=False)
    assert cloud.hosts(10) == {'hv01'}
    assert homes(cloud) == {'hv01'}
    assert cloud.api.allocations_on(VOLUME) == {share: {'DISK_GB': 50}}
    assert cut_off(cloud) == {'hv02'}
    cloud.sync(clouds.facts(), full=False)  # says nothing of it
    assert cut_off(cloud) == {'hv02'}
    assert cloud.hosts(10) == homes(cloud) == {'hv01'}
    cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(cut_off_nodes=()),))), full=False)
    assert cloud.hosts(10) == homes(cloud) == {'hv01', 'hv02'}
    assert cut_off(cloud) == set()


def test_the_names_of_reach_are_known_as_long_as_their_volumes_are(cloud):
    """A query that forbids an unknown trait would be refused."""
    cloud.sync(clouds.facts())
    assert names.cut_off_trait(VOLUME) in cloud.api.all_traits()
    cloud.api.delete_trait(names.cut_off_trait(VOLUME))
    cloud.sync(clouds.facts(), full=False)
    assert names.cut_off_trait(VOLUME) in cloud.api.all_traits()
    assert cloud.sync(clouds.facts()).done == ()


def publish_before(cloud, path, facts):
    """Somebody publishes a cluster between two reads of our next look.

    :param path: of the read that follows
    """
    pending = [path]

    def publish(environ):
        if pending and environ['PATH_INFO'].endswith(pending[0]):
            pending.clear()
            clouds.Cloud.sync(cloud, facts)
    cloud.placement.service.before = publish


@pytest.mark.parametrize('path', [
    '/resource_providers', '/traits', '/resource_classes',
    '/allocation_candidates'])
def test_who_looks_while_a_cluster_is_published_takes_no_name_away(
        cloud, path):
    """Of several reads some are of before, and some of after."""
    first, second = three_volumes(1), three_volumes(1, 2)
    cloud.sync(first)
    publish_before(cloud, path, second)
    result = cloud.reconciler().sync(first, full=False)
    cloud.placement.service.before = None
    assert not [change for change in result.done
                if isinstance(change, changes.DeleteTrait)]
    assert {names.cut_off_trait(volume_uuid(2)),
            names.disk_trait(clouds.guid(2))} <= cloud.api.all_traits()


def test_a_volume_that_is_not_published_yet_keeps_the_name_of_its_reach(
        cloud):
    """As adopt makes it, long before all shares are on it."""
    cloud.sync(three_volumes(1, 2))
    generation, traits = cloud.api.traits(volume_uuid(2))
    cloud.api.set_traits(volume_uuid(2), generation, frozenset())
    cloud.sync(three_volumes(1), full=False)
    assert names.cut_off_trait(volume_uuid(2)) in cloud.api.all_traits()


def test_a_name_that_somebody_uses_again_is_not_told_as_deleted(cloud):
    cloud.sync(clouds.facts())
    name = names.image_trait('3f2b4c1a-0000-4000-8000-000000000001')
    cloud.api.ensure_trait(name)

    def use(environ):
        if environ['REQUEST_METHOD'] == 'DELETE':
            cloud.placement.service.before = None
            node = cloud.nodes['hv01']
            generation, traits = cloud.api.traits(node)
            cloud.api.set_traits(node, generation, traits | {name})
    cloud.placement.service.before = use
    assert cloud.sync(clouds.facts()).done == ()


def test_a_name_that_goes_before_it_is_used_is_made_again(cloud):
    """By whoever looks between its making and its use."""
    name = names.disk_trait(clouds.guid(1))

    def forget(environ):
        if environ['REQUEST_METHOD'] == 'PUT' and environ[
                'PATH_INFO'].endswith(f'{VOLUME}/traits'):
            cloud.placement.service.before = None
            cloud.api.delete_trait(name)
    cloud.placement.service.before = forget
    assert cloud.sync(clouds.facts()).failures == {}
    assert name in cloud.api.traits(VOLUME)[1]


@pytest.mark.parametrize('full', [True, False])
def test_a_volume_that_is_nobodys_home_any_more_is_closed_and_says_so(
        cloud, full):
    cloud.sync(homes_of(1, 2), full=full)
    result = cloud.sync(homes_of(1, 1), full=full)
    assert [(notice.subject, notice.code)
            for notice in result.plan.all_findings] == [
        ('csv:hvc1/Volume2', 'volume-without-home')]
    assert names.closed_reasons(cloud.state()['csv:hvc1/Volume2'][2]) == (
        names.Closed.LEFT_OUT,)
    assert cloud.sync(homes_of(1, 1), full=full).done == ()
    # A node that is cut off from its home comes back to it.
    cut_off = clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2, cut_off_nodes=('hv02',))),
        nodes=(clouds.node(1, home=1), clouds.node(2, home=2))))
    assert cloud.sync(cut_off, full=full).plan.all_findings == ()
    assert names.NO_NEW_DISKS not in cloud.state()['csv:hvc1/Volume2'][2]
    cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2, cut_off_nodes=())),
        nodes=cut_off.clusters[0].nodes)), full=full)
    assert cloud.hosts(10) == {'hv01', 'hv02'}


def test_a_volume_whose_home_nodes_nobody_can_tell_stays_as_it_is(cloud):
    """The list of nodes is not whole."""
    cloud.sync(homes_of(1, 2))
    facts = clouds.facts(dataclasses.replace(
        homes_of(1, 1).clusters[0], set_aside=(model.SetAside(
            model.ItemKind.NODE, 'hv07', None, 'name-twice', ''),)))
    cloud.sync(facts)
    assert names.NO_NEW_DISKS not in cloud.state()['csv:hvc1/Volume2'][2]


def homes_of(*homes):
    """Two nodes with these homes, of two volumes."""
    return clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2)),
        nodes=tuple(clouds.node(number, home=home)
                    for number, home in enumerate(homes, 1))))


def test_the_name_of_reach_goes_with_its_volume(cloud):
    cloud.sync(two_volumes_and(clouds.volume(3, cut_off_nodes=('hv02',))))
    assert cut_off(cloud, 3) == {'hv02'}
    cloud.sync(three_volumes(1, 2))  # left out: it stands as it was
    assert cut_off(cloud, 3) == {'hv02'}
    cloud.sync(three_volumes(1, 2), allowing('withdraw:hvc1/Volume3'))
    assert names.cut_off_trait(volume_uuid(3)) not in (
        cloud.api.all_traits())
    assert cloud.sync(three_volumes(1, 2)).done == ()


def two_volumes_and(volume):
    return clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2), volume),
        placement_chooses_volume=True))


def volume_uuid(number):
    return ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(number))


def cut_off(cloud, volume=1):
    """The nodes that bear the trait of a volume."""
    return {provider.name for provider in cloud.api.list_providers(
        required=names.cut_off_trait(volume_uuid(volume)))}


def homes(cloud):
    """The nodes the volume's own traits name."""
    uuids = {uuid: name for name, uuid in cloud.nodes.items()}
    return {uuids[node] for node in home_traits.nodes_of(
        cloud.api.traits(VOLUME)[1])}


def test_a_node_the_source_drops_is_opened_only_by_name(cloud):
    cloud.register('hv03', ratio=1.5)
    cloud.sync(clouds.facts(clouds.cluster(3)))
    assert cloud.hosts(10) == {'hv01', 'hv02', 'hv03'}
    cloud.sync(clouds.facts(), allowing('open:HV03'), full=False)
    _uuid, inventories, traits, aggregates, _usages = cloud.state()['hv03']
    assert inventories['DISK_GB'].allocation_ratio == 1.5
    assert traits == {'COMPUTE_NODE', 'HW_CPU_X86_VMX'}
    assert aggregates == set()
    assert cloud.nodes['hv03'] not in home_traits.nodes_of(
        cloud.api.all_traits())
    assert cloud.sync(clouds.facts()).done == ()


def test_half_an_answer_opens_nothing(cloud):
    cloud.register('hv03', 'hv04')
    cloud.sync(clouds.facts(clouds.cluster(4)))
    result = cloud.sync(clouds.facts())
    assert kinds(result) == [Kind.REFUSED, Kind.REFUSED]
    assert '--allow open:hv03' in result.plan.all_findings[0].message
    assert cloud.hosts(10) == {'hv01', 'hv02'}
    assert cloud.state()['hv04'][1]['DISK_GB'].capacity == 0
    cloud.sync(clouds.facts(clouds.cluster(4)))
    assert cloud.hosts(10) == {'hv01', 'hv02', 'hv03', 'hv04'}


def test_a_standard_trait_placement_does_not_know_is_left_out(cloud):
    """os-traits here may be newer than Placement's."""
    nodes = (clouds.node(1), clouds.node(2, cpu_features=('VMX', 'AVX2')))
    generation, _traits = cloud.api.traits(cloud.nodes['hv02'])
    cloud.api.set_traits(cloud.nodes['hv02'], generation,
                         frozenset(('COMPUTE_NODE',)))

    told = cloud.api.all_traits()
    cloud.placement.service.before = lambda environ: (
        ('200 OK', {'traits': sorted(told - {'HW_CPU_X86_AVX2'})})
        if environ['PATH_INFO'].endswith('/traits')
        and 'resource_providers' not in environ['PATH_INFO']
        and not environ.get('QUERY_STRING')
        and environ['REQUEST_METHOD'] == 'GET' else None)
    facts = clouds.facts(clouds.cluster(nodes=nodes))
    cloud.sync(facts)
    cloud.placement.service.before = None
    traits = cloud.state()['hv02'][2]
    assert 'HW_CPU_X86_VMX' in traits and 'HW_CPU_X86_AVX2' not in traits


# -- volumes that change


def test_a_volume_grows(cloud):
    cloud.sync(clouds.facts())
    cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1, 600),))), full=False)
    assert cloud.hosts(600) == {'hv01', 'hv02'}


def test_a_volume_never_shrinks_below_its_shares_unless_told(cloud):
    cloud.sync(clouds.facts())
    cloud.create(300)
    small = clouds.facts(clouds.cluster(volumes=(clouds.volume(1, 200),)))
    result = cloud.sync(small)
    assert kinds(result) == [Kind.REFUSED]
    assert '300 GB' in result.plan.all_findings[0].message
    assert cloud.state()['csv:hvc1/Volume1'][1]['DISK_GB'].total == 500
    assert '--allow shrink:hvc1/Volume1' in (
        result.plan.all_findings[0].message)
    cloud.sync(small, allowing('shrink:hvc1/volume1'))
    assert cloud.state()['csv:hvc1/Volume1'][1]['DISK_GB'].total == 200


def three_volumes(*numbers):
    return clouds.facts(clouds.cluster(
        volumes=tuple(clouds.volume(n) for n in numbers),
        placement_chooses_volume=True))


@pytest.mark.parametrize('full', [True, False])
def test_an_unused_volume_is_withdrawn_only_by_name(cloud, full):
    cloud.sync(three_volumes(1, 2, 3))
    for _number in range(2):
        result = cloud.sync(three_volumes(1, 2), full=full)
        assert kinds(result) == [Kind.REFUSED]
        assert '--allow withdraw:hvc1/Volume3' in (
            result.plan.all_findings[0].message)
        assert closed_for(cloud, 'csv:hvc1/Volume3') == {
            names.Closed.LEFT_OUT}
    cloud.sync(three_volumes(1, 2), allowing('withdraw:hvc1/Volume3'),
               full=full)
    assert 'csv:hvc1/Volume3' not in cloud.state()
    assert len(cloud.candidates(10)) == 4
    assert names.disk_trait(clouds.guid(3)) not in cloud.api.all_traits()


def closed_for(cloud, name):
    traits = cloud.state()[name][2]
    reasons = set(names.closed_reasons(traits))
    assert bool(reasons) is (names.NO_NEW_DISKS in traits)
    return reasons


def test_a_volume_in_use_is_never_withdrawn(cloud):
    cloud.sync(three_volumes(1, 2, 3))
    third = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(3))
    cloud.allocate('44444444-4444-4444-8444-444444444444', {
        third: {'resources': {'DISK_GB': 5}}})
    before = cloud.state()
    result = cloud.sync(three_volumes(1, 2), allowing(
        'withdraw:*', 'replace:*'))
    assert kinds(result) == [Kind.REFUSED]
    assert '5 GB' in result.plan.all_findings[0].message
    assert closed_for(cloud, 'csv:hvc1/Volume3') == {names.Closed.LEFT_OUT}
    cloud.sync(three_volumes(1, 2, 3), full=False)
    assert cloud.state() == before


def test_a_renamed_volume_is_the_same_volume(cloud):
    cloud.sync(clouds.facts())
    share = cloud.create(50)
    renamed = clouds.volume(1, name='Données 1')
    cloud.sync(clouds.facts(clouds.cluster(volumes=(renamed,))), full=False)
    assert cloud.state()['csv:hvc1/Données 1'][0] == VOLUME
    assert share in cloud.api.allocations_on(VOLUME)


def test_volumes_may_swap_their_names(cloud):
    cloud.sync(three_volumes(1, 2, 3))
    swapped = (clouds.volume(1, name='Volume2'),
               clouds.volume(2, name='Volume3'),
               clouds.volume(3, name='Volume1'))
    facts = clouds.facts(clouds.cluster(
        volumes=swapped, placement_chooses_volume=True))
    cloud.sync(facts)
    assert cloud.state()['csv:hvc1/Volume2'][0] == VOLUME
    assert cloud.sync(facts).done == ()


def test_a_replaced_disk_is_refused_with_its_remedy(cloud):
    cloud.sync(clouds.facts())
    before = cloud.state()
    replaced = clouds.facts(clouds.cluster(
        volumes=(clouds.volume(9, name='Volume1'),)))
    result = cloud.sync(replaced)
    assert set(kinds(result)) - {Kind.NOTE} == {Kind.REFUSED}
    assert any('--allow replace:hvc1/Volume1' in finding.message
               for finding in result.plan.all_findings)
    assert 'csv:hvc1/Volume1' in cloud.state()
    assert cloud.state()['csv:hvc1/Volume1'][0] == VOLUME
    assert cloud.state()['csv:hvc1/Volume1'][1] == (
        before['csv:hvc1/Volume1'][1])
    assert closed_for(cloud, 'csv:hvc1/Volume1') == {names.Closed.LEFT_OUT}
    cloud.sync(replaced, allowing('replace:hvc1/Volume1'))
    assert cloud.state()['csv:hvc1/Volume1'][0] != VOLUME
    assert cloud.hosts(200) == {'hv01', 'hv02'}


def test_a_foreign_provider_with_our_name_is_refused(cloud):
    cloud.api.create_provider(
        '55555555-5555-4555-8555-555555555555', 'csv:hvc1/Volume1')
    result = cloud.sync(clouds.facts())
    assert Kind.REFUSED in kinds(result)
    assert 'already has this name' in str(result.plan.all_findings)


def test_volume1_is_not_a_prefix_of_volume10(cloud):
    facts = clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(10)),
        nodes=(clouds.node(1, home=1), clouds.node(2, home=10))))
    cloud.sync(facts)
    used = [set(r['allocations']) - set(cloud.nodes.values())
            for r in cloud.candidates(10)]
    assert sorted(map(len, used)) == [1, 1] and used[0] != used[1]


# -- facts that cannot be trusted


def test_stale_facts_close_the_volumes_and_change_nothing_else(cloud):
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    cloud.sync(clouds.facts())
    before = cloud.state()
    old = clouds.facts(clouds.cluster(
        1, volumes=(clouds.volume(1, 900),),
        collected_at=now - datetime.timedelta(hours=2)))
    result = cloud.reconciler(clock=lambda: now).sync(old, full=False)
    assert kinds(result) == [Kind.FROZEN]
    after = cloud.state()
    assert after['csv:hvc1/Volume1'][2] - before['csv:hvc1/Volume1'][2] == {
        names.NO_NEW_DISKS, names.Closed.STALE.trait}
    assert after['hv02'] == before['hv02']
    assert after['csv:hvc1/Volume1'][1] == before['csv:hvc1/Volume1'][1]
    # Facts without a date may be as old: they open nothing.
    cloud.reconciler(clock=lambda: now).sync(clouds.facts(), full=False)
    assert closed_for(cloud, 'csv:hvc1/Volume1') == {names.Closed.STALE}
    fresh = clouds.facts(clouds.cluster(collected_at=now))
    cloud.reconciler(clock=lambda: now).sync(fresh, full=False)
    assert cloud.state() == before


def test_a_cluster_no_source_describes_is_left_alone(cloud):
    cloud.sync(clouds.facts())
    before = cloud.state()
    problem = model.Problem('hvc1', 'clusters.yaml: clusters[0]', 'broken')
    result = cloud.sync(model.Facts((), (problem,)))
    assert kinds(result) == [Kind.FROZEN]
    assert cloud.state() == before


# -- conflicts, errors, kills


def test_a_conflict_is_observed_and_planned_anew(cloud):
    cloud.sync(clouds.facts())
    touched = []

    def before(environ):
        if environ['PATH_INFO'].endswith(f'{VOLUME}/inventories') and (
                environ['REQUEST_METHOD'] == 'PUT' and len(touched) < 2):
            touched.append(1)
            generation, traits = cloud.api.traits(VOLUME)
            cloud.api.ensure_trait(f'CUSTOM_T{len(touched)}')
            cloud.api.set_traits(VOLUME, generation, traits | {
                f'CUSTOM_T{len(touched)}'})

    cloud.placement.service.before = before
    cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1, 600),))))
    cloud.placement.service.before = None
    _uuid, inventories, traits, _aggregates, _usages = cloud.state()[
        'csv:hvc1/Volume1']
    assert inventories['DISK_GB'].total == 600
    assert {'CUSTOM_T1', 'CUSTOM_T2'} <= traits, "nobody's write was lost"


@pytest.mark.parametrize('status,error,words', [
    ('401 Unauthorized', exception.PlacementDenied, 'role'),
    ('403 Forbidden', exception.PlacementDenied, 'role'),
    ('500 Internal Server Error', exception.PlacementUnavailable, '500'),
    ('503 Service Unavailable', exception.PlacementUnavailable, '503')])
def test_placements_refusals_are_told_by_type(cloud, status, error, words,
                                              monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    cloud.placement.service.refuse_all(status)
    with pytest.raises(error, match=words):
        cloud.reconciler().plan(clouds.facts())


def test_an_old_placement_is_told_what_is_needed(cloud):
    cloud.placement.service.before = lambda environ: (
        '406 Not Acceptable', {'errors': [{
            'status': 406, 'detail': 'Version 1.39 is not supported',
            'max_version': '1.36', 'min_version': '1.0'}]})
    with pytest.raises(exception.MicroversionTooOld,
                       match='1.39.*at most 1.36'):
        cloud.reconciler().plan(clouds.facts())


def test_a_failing_write_stops_its_cluster_and_is_reported(cloud,
                                                           monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)

    def before(environ):
        if environ['REQUEST_METHOD'] == 'PUT' and (
                cloud.nodes['hv02'] in environ['PATH_INFO']):
            return '500 Internal Server Error', {}
        return None

    cloud.placement.service.before = before
    result = cloud.reconciler().sync(clouds.facts())
    assert isinstance(result.failures['hvc1'],
                      exception.PlacementUnavailable)
    cloud.placement.service.before = None
    assert all(len(request['allocations']) == 1
               for request in cloud.candidates(10)), 'nothing is published'


def schedulable_wrongly(cloud):
    """Candidates that are neither stock nor complete."""
    wrong = []
    for request in cloud.candidates(1):
        providers = set(request['allocations'])
        if providers <= set(cloud.nodes.values()):
            continue  # the node's own disk: as it was
        node = next(iter(providers & set(cloud.nodes.values())))
        if cloud.api.inventories(node)[1]['DISK_GB'].capacity:
            wrong.append(request)
        volume, = providers - {node}
        complete = {'DISK_GB', names.HELD_DISK_GB} <= set(
            cloud.api.inventories(volume)[1])
        if not complete or names.VOLUME not in cloud.api.traits(volume)[1]:
            wrong.append(request)
    return wrong


@pytest.mark.wide
@pytest.mark.parametrize('after_answer', [
    False, pytest.param(True, marks=pytest.mark.faults)])
@pytest.mark.parametrize('story', [
    'publish', pytest.param('rearrange', marks=pytest.mark.faults)])
def test_killed_at_any_write_the_next_sync_finishes(story, after_answer):
    first = two_homes()
    last = first
    if story == 'rearrange':
        last = clouds.facts(clouds.cluster(
            volumes=(clouds.volume(2, name='Volume3', total_gb=600),
                     clouds.volume(1, name='Volume2')),
            nodes=(clouds.node(1, home=2), clouds.node(2, home=2),
                   clouds.node(3, home=1))))
    expected = None
    for kill_at in itertools.count():
        with base.running_placement() as placement:
            cloud = clouds.Cloud(placement)
            cloud.register('hv01', 'hv02', 'hv03', 'hv04')
            if story == 'rearrange':
                cloud.sync(first)
            placement.kill_methods = ('PUT', 'POST', 'DELETE')
            placement.kill_after_answer = after_answer
            placement.kill_at = kill_at or None
            try:
                cloud.sync(last)
                finished = True
            except base.Killed:
                finished = False
            placement.kill_at = None
            assert schedulable_wrongly(cloud) == []
            cloud.sync(last)
            expected = expected or cloud.state()
            assert cloud.state() == expected, f'killed at {kill_at}'
            assert cloud.sync(last, full=False).done == ()
        if finished and kill_at:
            break
    assert kill_at >= 8
