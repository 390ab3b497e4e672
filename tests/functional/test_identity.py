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

"""Whose a volume or node is, is told by identity and never by its name."""

import dataclasses

import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched.adopt import inspection
from hv_sched.notices import Kind
from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from hv_sched.providers.settings import allow_of
from hv_sched.providers.settings import Settings
from hv_sched.sources import facts as facts_of
from tests.functional import cloud as clouds

NEW_GUID = '99999999-9999-4999-8999-999999999999'


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    return made


def allowing(*texts):
    return Settings(workers=1, allow=allow_of(texts))


def rebuilt(name='hvc2', **fields):
    """The same nodes and disks under a new GUID."""
    return clouds.facts(dataclasses.replace(
        clouds.cluster(), guid=NEW_GUID, name=name, **fields))


def another(first=3, number=9, name='hvc2', nodes=1):
    """A cluster with nodes and a volume of its own."""
    return model.Cluster(
        guid=NEW_GUID, name=name, volumes=(clouds.volume(number),),
        nodes=tuple(clouds.node(first + n) for n in range(nodes)))


def refused(result):
    """All that is refused of each subject."""
    messages = {}
    for notice in result.plan.all_findings:
        if notice.kind is Kind.REFUSED:
            messages.setdefault(notice.subject, '')
            messages[notice.subject] += notice.message
    return messages


def volumes(cloud):
    return {name for name in cloud.state() if name.startswith('csv:')}


def forget_disks(cloud):
    """The volumes as a release wrote them that did not name their disks."""
    for listed in cloud.api.list_providers(required=names.VOLUME):
        generation, traits = cloud.api.traits(listed.uuid)
        cloud.api.set_traits(listed.uuid, generation, frozenset(
            trait for trait in traits
            if not trait.startswith(names.DISK_PREFIX)))


# -- a cluster that was built anew


@pytest.mark.parametrize('name', ['hvc2', 'hvc1'])
@pytest.mark.parametrize('older_release', [False, True])
@pytest.mark.parametrize('full', [True, False])
def test_the_same_disk_is_never_offered_twice(
        cloud, full, older_release, name):
    cloud.sync(clouds.facts())
    share = cloud.create(50)
    if older_release:
        forget_disks(cloud)
    before = cloud.state()
    result = cloud.sync(rebuilt(name), full=full)
    assert {'hv01', 'hv02'} <= refused(result).keys()
    for message in refused(result).values():
        assert 'hvc1' in message and name in message
        assert 'identity:' in message
        assert '--allow replace:hvc1/Volume1' in message
    assert cloud.state() == before
    assert cloud.hosts(450) == {'hv01', 'hv02'}
    cloud.create(450)
    assert cloud.hosts(10) == set()
    assert cloud.api.allocations_on(clouds.VOLUME)[share] == {'DISK_GB': 50}


def document(cluster_identity=None, volume_identity=None,
             guid=NEW_GUID, volume=1):
    cluster = {
        'name': 'hvc2', 'guid': guid,
        'nodes': [{'name': 'hv01', 'build': 14393},
                  {'name': 'hv02', 'build': 14393}],
        'volumes': [{'name': 'Volume1', 'guid': clouds.guid(volume),
                     'size_gb': 500, 'free_gb': 500}]}
    if cluster_identity:
        cluster['identity'] = cluster_identity
    if volume_identity:
        cluster['volumes'][0]['identity'] = volume_identity
    return facts_of.read([facts_of.Document(
        'clusters.yaml', {'version': 1, 'clusters': [cluster]})])


def test_the_former_guid_keeps_a_rebuilt_clusters_provider_and_shares(cloud):
    cloud.sync(clouds.facts())
    share = cloud.create(50)
    result = cloud.sync(document(clouds.CLUSTER_GUID))
    assert result.plan.all_findings == ()
    assert volumes(cloud) == {'csv:hvc2/Volume1'}
    assert cloud.state()['csv:hvc2/Volume1'][0] == clouds.VOLUME
    assert cloud.api.allocations_on(clouds.VOLUME)[share] == {'DISK_GB': 50}
    assert cloud.hosts(450) == {'hv01', 'hv02'}
    assert cloud.sync(document(clouds.CLUSTER_GUID), full=False).done == ()


def test_the_former_guid_keeps_a_replaced_volumes_provider(cloud):
    cloud.sync(document(guid=clouds.CLUSTER_GUID))
    share = cloud.create(50)
    replaced = document(guid=clouds.CLUSTER_GUID, volume=8)
    assert 'identity: ' + clouds.guid(1) in str(refused(cloud.sync(replaced)))
    cloud.sync(document(guid=clouds.CLUSTER_GUID, volume=8,
                        volume_identity=clouds.guid(1)))
    assert volumes(cloud) == {'csv:hvc2/Volume1'}
    assert cloud.api.allocations_on(clouds.VOLUME)[share] == {'DISK_GB': 50}
    assert cloud.hosts(450) == {'hv01', 'hv02'}


def test_an_unused_volume_gives_way_when_it_is_named(cloud):
    cloud.sync(clouds.facts())
    cloud.sync(rebuilt(), allowing('replace:hvc1/Volume1'))
    cloud.sync(rebuilt())
    assert volumes(cloud) == {'csv:hvc2/Volume1'}
    assert cloud.hosts(500) == {'hv01', 'hv02'}
    assert len(cloud.candidates(10)) == 2


def test_a_volume_in_use_never_gives_way(cloud):
    cloud.sync(clouds.facts())
    cloud.create(50)
    before = cloud.state()
    result = cloud.sync(rebuilt(), allowing('replace:*'))
    assert refused(result)
    assert cloud.state() == before


# -- two sources


def test_one_disk_under_two_clusters_is_published_once(cloud):
    cloud.register('hv03')
    cloud.sync(clouds.facts())
    before = cloud.state()
    result = cloud.sync(clouds.facts(another(number=1)))
    assert 'hvc1' in refused(result)['csv:hvc2/Volume1']
    assert volumes(cloud) == {'csv:hvc1/Volume1'}
    assert cloud.state()['csv:hvc1/Volume1'] == before['csv:hvc1/Volume1']


@pytest.mark.parametrize('full', [True, False])
def test_a_cluster_of_the_same_name_withdraws_nothing(cloud, full):
    cloud.register('hv03')
    cloud.sync(clouds.facts())
    before = cloud.state()
    result = cloud.sync(clouds.facts(another(name='hvc1')),
                        allowing('withdraw:*'), full=full)
    assert refused(result)
    after = cloud.state()
    assert {name: after[name] for name in before} == before
    assert volumes(cloud) == {'csv:hvc1/Volume1'}


def test_a_node_of_a_cluster_the_source_leaves_out_stays_there(cloud):
    cloud.register('hv03')
    cloud.sync(clouds.facts())
    before = cloud.state()
    result = cloud.sync(clouds.facts(another(first=2, nodes=2)))
    assert refused(result).keys() == {'hv02'}
    assert 'hvc1' in refused(result)['hv02']
    assert 'hvc2' in refused(result)['hv02']
    after = cloud.state()
    assert after['hv02'] == before['hv02']
    assert after['csv:hvc1/Volume1'] == before['csv:hvc1/Volume1']


# -- a node that goes from one cluster to another


def two_clusters(moved):
    """hv02 is in the first cluster, or moved to the second."""
    return clouds.facts(
        clouds.cluster(1 if moved else 2),
        another(first=2, nodes=2) if moved else another())


@pytest.mark.parametrize('full', [True, False])
def test_a_node_moves_when_it_holds_no_share(cloud, full):
    cloud.register('hv03')
    cloud.sync(two_clusters(False))
    result = cloud.sync(two_clusters(True), full=full)
    assert refused(result) == {}
    volume = ids.volume_uuid(NEW_GUID, clouds.guid(9))
    assert cloud.state()['hv02'][3] == {
        ids.cluster_aggregate(NEW_GUID), ids.home_aggregate(volume)}
    assert cloud.state()['hv02'][1]['DISK_GB'].capacity == 0
    assert cloud.nodes['hv02'] not in home_traits.nodes_of(
        cloud.state()['csv:hvc1/Volume1'][2])


@pytest.mark.parametrize('full', [True, False])
def test_a_node_with_a_share_of_its_cluster_moves_when_it_is_gone(
        cloud, full):
    cloud.register('hv03')
    cloud.sync(two_clusters(False))
    share = cloud.create(50, host='hv02')
    before = cloud.state()['hv02']
    for _again in range(2):
        result = cloud.sync(two_clusters(True), full=full)
        assert '50 GB of hvc1' in refused(result)['hv02']
        after = cloud.state()['hv02']
        assert after[1:3] == before[1:3], 'its own disk stays closed'
        assert after[3] == {ids.cluster_aggregate(clouds.CLUSTER_GUID)}
        assert cloud.hosts(10) == {'hv01', 'hv03'}
    cloud.admin.delete(f'/allocations/{share}')
    assert refused(cloud.sync(two_clusters(True), full=full)) == {}
    assert cloud.hosts(10) == {'hv01', 'hv02', 'hv03'}


@pytest.mark.parametrize('full', [True, False])
def test_a_node_that_is_refused_comes_back_to_the_cluster_it_left(
        cloud, full):
    cloud.register('hv03')
    cloud.sync(two_clusters(False))
    cloud.create(50, host='hv02')
    before = cloud.state()
    cloud.sync(two_clusters(True), full=full)
    cloud.sync(two_clusters(False), full=full)
    assert cloud.state() == before


def test_an_old_list_of_nodes_takes_none_from_another_cluster(cloud):
    """It may list a node that went the other way meanwhile."""
    cloud.register('hv03')
    cloud.sync(two_clusters(False))
    cloud.create(50, host='hv02')
    before = cloud.state()['hv02'][3]
    moved = two_clusters(True)
    unread = {model.Section.NODES: model.SectionReport(error='it hung')}
    cloud.sync(model.Facts((moved.clusters[0], dataclasses.replace(
        moved.clusters[1], sections=unread))))
    assert cloud.state()['hv02'][3] == before


@pytest.mark.parametrize('full', [True, False])
def test_a_share_on_a_volume_that_is_not_told_now_keeps_a_node(cloud, full):
    cloud.register('hv03')
    cloud.sync(two_clusters(False))
    cloud.create(50, host='hv02')
    moved = two_clusters(True)
    unread = {model.Section.VOLUMES: model.SectionReport(error='it hung')}
    result = cloud.sync(model.Facts((dataclasses.replace(
        moved.clusters[0], sections=unread), moved.clusters[1])), full=full)
    assert '50 GB of hvc1' in refused(result)['hv02']
    assert cloud.hosts(10) <= {'hv01', 'hv03'}


@pytest.mark.parametrize('full', [True, False])
def test_a_node_with_shares_of_a_cluster_that_vanished_joins_no_other(
        cloud, full):
    cloud.register('hv03')
    cloud.sync(two_clusters(False))
    share = cloud.create(50, host='hv02')
    cloud.sync(clouds.facts(clouds.cluster(1), another()))
    before = cloud.state()['hv02']
    only_the_other = clouds.facts(another(first=2, nodes=2))
    for _again in range(2):
        result = cloud.sync(only_the_other, full=full)
        message = refused(result)['hv02']
        assert '50 GB of csv:hvc1/Volume1' in message
        assert 'hvc2' in message
        assert cloud.state()['hv02'] == before
    cloud.admin.delete(f'/allocations/{share}')
    assert refused(cloud.sync(only_the_other, full=full)) == {}
    assert cloud.hosts(10) == {'hv01', 'hv02', 'hv03'}


def test_a_node_that_uses_another_clusters_volume_is_opened_by_no_flag(cloud):
    """Older releases left nodes in two clusters; one is not described."""
    cloud.register('hv03', 'hv04')
    cloud.sync(clouds.facts(clouds.cluster(3), another(first=4)))
    hv03 = cloud.nodes['hv03']
    generation, aggregates = cloud.api.aggregates(hv03)
    theirs = ids.home_aggregate(ids.volume_uuid(NEW_GUID, clouds.guid(9)))
    cloud.api.set_aggregates(hv03, generation, aggregates | {theirs})
    cloud.create(50, host='hv03')
    before = cloud.state()['hv03']
    result = cloud.sync(clouds.facts(clouds.cluster(2)),
                        allowing('open:hv03'))
    assert 'csv:hvc2/Volume9' in refused(result)['hv03']
    after = cloud.state()['hv03']
    assert after[1:3] == before[1:3], 'its own disk stays closed'
    assert after[3] == before[3] - {ids.home_aggregate(clouds.VOLUME)}


# -- a cluster that is split


def split():
    """hv02 and the second volume go to a cluster of their own."""
    return clouds.facts(
        clouds.cluster(1, nodes=(clouds.node(1, home=1),)),
        model.Cluster(guid=NEW_GUID, name='hvc2',
                      volumes=(clouds.volume(2),),
                      nodes=(clouds.node(2, home=2),
                             clouds.node(3, home=2))))


@pytest.fixture
def before_the_split(cloud):
    cloud.register('hv03')
    cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2)),
        nodes=(clouds.node(1, home=1), clouds.node(2, home=2),
               clouds.node(3, home=2)))))
    return cloud


@pytest.mark.parametrize('settings', [
    Settings(workers=1), allowing('withdraw:*', 'replace:*')])
@pytest.mark.parametrize('full', [True, False])
def test_a_disk_with_shares_is_not_offered_by_the_cluster_it_goes_to(
        before_the_split, full, settings):
    cloud = before_the_split
    share = cloud.create(50, host='hv02')
    for _again in range(2):
        result = cloud.sync(split(), settings, full=full)
        assert 'csv:hvc1/Volume2' in refused(result)['csv:hvc2/Volume2']
        assert 'csv:hvc2/Volume2' not in {
            provider.name for provider in cloud.api.list_providers(
                required=names.SHARING)}
        assert cloud.hosts(
            10, f'required=!{names.NO_NEW_DISKS}') == {'hv01'}
    old = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(2))
    assert cloud.api.allocations_on(old)[share] == {'DISK_GB': 50}


def test_an_empty_disk_goes_with_its_nodes(before_the_split):
    cloud = before_the_split
    cloud.sync(split())
    cloud.sync(split(), allowing('withdraw:hvc1/Volume2'))
    assert volumes(cloud) == {'csv:hvc1/Volume1', 'csv:hvc2/Volume2'}
    assert cloud.hosts(400) == {'hv01', 'hv02', 'hv03'}
    assert cloud.sync(split()).plan.all_findings == ()


# -- hosts that are no Hyper-V hosts


class Hypervisors:
    """Nova's os-hypervisors; Hyper-V unless said otherwise."""

    def __init__(self, cloud, **types):
        self.types = {uuid: types.get(name, 'hyperv')
                      for name, uuid in cloud.nodes.items()}
        self.asked = 0

    def hypervisor_types(self):
        self.asked += 1
        if self.types is None:
            raise exception.NovaUnavailable('Nova cannot be reached')
        return self.types


def test_a_sync_works_without_nova(cloud):
    nova = Hypervisors(cloud)
    nova.types = None
    result = cloud.reconciler(nova=nova).sync(clouds.facts())
    assert nova.asked and refused(result) == {}
    assert cloud.hosts(500) == {'hv01', 'hv02'}


def test_a_kvm_hosts_disk_is_never_closed(cloud):
    running = cloud.reconciler(nova=Hypervisors(cloud, hv02='QEMU'))
    result = running.sync(clouds.facts())
    assert 'QEMU' in refused(result)['hv02']
    _uuid, inventories, traits, aggregates, _usages = cloud.state()['hv02']
    assert inventories['DISK_GB'].capacity == 500
    assert traits == {'COMPUTE_NODE', 'HW_CPU_X86_VMX'}
    assert aggregates == set()
    assert cloud.hosts(10) >= {'hv01', 'hv02'}


def test_nova_is_asked_only_before_a_disk_is_closed(cloud):
    nova = Hypervisors(cloud)
    running = cloud.reconciler(nova=nova)
    running.sync(clouds.facts())
    assert nova.asked == 1
    running.sync(clouds.facts())
    running.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1, maintenance=True),))))
    assert nova.asked == 1


def adopt_refusals(cloud, facts, **types):
    inputs = inspection.Inspector(
        cloud.api, Hypervisors(cloud, **types), Settings(workers=1), False
    ).inspect(facts.clusters[0])
    return {notice.subject for notice in inputs.plan.refusals}


def test_adopt_touches_no_shares_of_a_kvm_host(cloud):
    cloud.own_disk('hv01', 10)
    assert adopt_refusals(cloud, clouds.facts()) == set()
    assert adopt_refusals(cloud, clouds.facts(), hv02='QEMU') == {'hv02'}


def test_adopt_takes_no_cluster_that_stands_under_another_name(cloud):
    cloud.sync(clouds.facts())
    assert adopt_refusals(cloud, rebuilt()) >= {'hv01', 'hv02'}


def test_a_closed_volume_of_anothers_name_stays_closed(cloud):
    """A rename is the same provider; the name alone is nothing."""
    cloud.sync(clouds.facts())
    cloud.sync(clouds.facts(clouds.cluster(volumes=(
        clouds.volume(1, name='Other', maintenance=True),))))
    assert set(names.closed_reasons(
        cloud.state()['csv:hvc1/Other'][2])) == {Closed.MAINTENANCE}
    assert cloud.state()['csv:hvc1/Other'][0] == clouds.VOLUME
