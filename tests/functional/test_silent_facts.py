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


"""Absence is no statement: what a source no longer says stays as it stands.

On a real Placement, in full and in quick passes.
"""

import dataclasses

import pytest

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from tests.functional import cloud as clouds

GIB = clouds.GIB
NAME = 'csv:hvc1/Volume1'
SECOND = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(2))
RESOURCE = '7d8f1a52-0000-4000-8000-00000000000a'

pytestmark = pytest.mark.parametrize('full', [True, False])


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    return made


def facts(node_fields=None, **fields):
    """One volume with these fields, on two nodes."""
    return clouds.facts(clouds.cluster(
        nodes=(clouds.node(1, **(node_fields or {})), clouds.node(2)),
        volumes=(clouds.volume(**fields),)))


def two_volumes(**fields):
    """A node on each of two volumes; the fields are the second's."""
    second = clouds.volume(2, **fields)
    return clouds.facts(clouds.cluster(
        nodes=(clouds.node(1, home=1), clouds.node(2, home=2)),
        volumes=(clouds.volume(1), second)))


def closed_by(cloud, name=NAME):
    return set(names.closed_reasons(cloud.state()[name][2]))


def disk(cloud, uuid=clouds.VOLUME):
    return cloud.api.inventories(uuid)[1]['DISK_GB']


def notes(result, subject=NAME):
    return ' '.join(notice.message for notice in result.plan.all_findings
                    if notice.subject == subject)


VOLUME_FACTS = {
    'maintenance': ({'maintenance': True}, {'maintenance': False},
                    Closed.MAINTENANCE, 'maintenance: false'),
    'state': ({'state': model.CsvState.FAILED},
              {'state': model.CsvState.ONLINE}, Closed.OFFLINE,
              'state: online'),
    'accepts_new_disks': (
        {'accepts_new_disks': False}, {'accepts_new_disks': True},
        Closed.OPERATOR, 'accepts_new_disks: true'),
    'size': ({'size_bytes': None}, {}, Closed.REFUSED, 'size_bytes'),
    'free space': ({'free_bytes': GIB}, {'free_bytes': 400 * GIB},
                   Closed.FLOOR, 'free_bytes'),
}


@pytest.mark.parametrize('fact', VOLUME_FACTS)
def test_a_closed_volume_opens_by_its_own_fact_and_by_no_silence(
        cloud, full, fact):
    closing, opening, reason, line = VOLUME_FACTS[fact]
    silent = {'free_bytes': None} if fact == 'free space' else {}
    silent |= {'size_bytes': None} if fact == 'size' else {}
    cloud.sync(facts())
    cloud.sync(facts(**closing), full=full)
    assert closed_by(cloud) == {reason}
    before = cloud.state()
    result = cloud.sync(facts(**silent), full=full)
    assert cloud.state() == before and result.done == ()
    assert line in notes(result)
    result = cloud.sync(facts(**opening), full=full)
    assert closed_by(cloud) == set() and not notes(result)
    assert cloud.hosts(10, f'required=!{names.NO_NEW_DISKS}')


@pytest.mark.parametrize('state', [model.NodeState.PAUSED,
                                   model.NodeState.DRAINING])
def test_a_paused_node_stays_so_until_it_is_said_to_be_up(
        cloud, full, state):
    cloud.sync(facts({'state': state}))
    before = cloud.state()
    result = cloud.sync(facts(), full=full)
    assert cloud.state() == before
    assert 'state: up' in notes(result, 'hv01')
    cloud.sync(facts({'state': model.NodeState.UP}), full=full)
    assert names.PAUSED not in cloud.state()['hv01'][2]


def test_redirected_nodes_stay_so_until_they_are_listed_again(cloud, full):
    cloud.sync(facts(redirected_nodes=('hv02',)))
    assert cloud.sync(facts(), full=full).done == ()
    assert names.REDIRECTED in cloud.state()['hv02'][2]
    cloud.sync(facts(redirected_nodes=()), full=full)
    assert names.REDIRECTED not in cloud.state()['hv02'][2]


def test_what_the_operator_reserved_is_remembered(cloud, full):
    cloud.sync(facts(reserve_gb=30))
    assert disk(cloud).reserved == 30
    result = cloud.sync(facts(), full=full)
    assert result.done == () and 'reserve_gb: 0' in notes(result)
    cloud.sync(facts(free_bytes=None, reserve_gb=29), full=full)
    assert disk(cloud).reserved == 29
    cloud.sync(facts(reserve_gb=0), full=full)
    assert disk(cloud).reserved == 0
    assert not any('RESERVE' in trait for trait in cloud.state()[NAME][2])


def test_file_system_and_medium_stay(cloud, full):
    cloud.sync(facts(file_system='refs', medium='ssd'))
    assert cloud.sync(facts(), full=full).done == ()


def test_a_node_keeps_its_home(cloud, full):
    cloud.sync(two_volumes())
    before = cloud.state()
    cluster = two_volumes().clusters[0]
    silent = dataclasses.replace(cluster, nodes=tuple(
        dataclasses.replace(node, home=None) for node in cluster.nodes))
    assert cloud.sync(clouds.facts(silent), full=full).done == ()
    assert cloud.state() == before


def test_volumes_that_placement_chooses_stay_so(cloud, full):
    chosen = clouds.cluster(volumes=(clouds.volume(1), clouds.volume(2)),
                            placement_chooses_volume=True)
    cloud.sync(clouds.facts(chosen))
    silent = dataclasses.replace(chosen, placement_chooses_volume=None)
    assert cloud.sync(clouds.facts(silent), full=full).done == ()


@pytest.mark.parametrize('state', [
    model.CsvState.OFFLINE, model.CsvState.FAILED, model.CsvState.PENDING])
def test_a_volume_that_is_not_online_keeps_its_space_and_is_closed(
        cloud, full, state):
    cloud.sync(two_volumes())
    space = disk(cloud, SECOND)
    share = cloud.create(100, host='hv02')
    away = {'state': state, 'size_bytes': None, 'free_bytes': None}
    result = cloud.sync(two_volumes(**away), full=full)
    assert {Kind.FROZEN, Kind.REFUSED}.isdisjoint(
        notice.kind for notice in result.plan.all_findings)
    assert disk(cloud, SECOND) == space
    assert cloud.api.allocations_on(SECOND)[share] == {'DISK_GB': 100}
    assert cloud.hosts(10, f'required=!{names.NO_NEW_DISKS}') == {'hv01'}
    cloud.sync(two_volumes(state=model.CsvState.ONLINE), full=full)
    assert cloud.hosts(10, f'required=!{names.NO_NEW_DISKS}') == {
        'hv01', 'hv02'}


@pytest.mark.parametrize(('fields', 'way'), [
    ({'resource_id': RESOURCE, 'name': 'Cluster Disk 7'}, 'resource id'),
    ({}, 'name')])
def test_a_volume_without_a_guid_is_found_in_placement(
        cloud, full, fields, way):
    cloud.sync(two_volumes(resource_id=RESOURCE))
    away = {'state': model.CsvState.OFFLINE, 'size_bytes': None,
            'free_bytes': None, **fields}
    cluster = two_volumes().clusters[0]
    told = dataclasses.replace(cluster, volumes=(
        cluster.volumes[0],
        dataclasses.replace(cluster.volumes[1], guid=None, **away)))
    result = cloud.sync(clouds.facts(told), full=full)
    assert Closed.OFFLINE.trait in cloud.api.traits(SECOND)[1]
    assert Closed.LEFT_OUT.trait not in cloud.api.traits(SECOND)[1]
    assert f'by its {way}' in str(result.plan.all_findings)


def test_a_volume_nobody_can_tell_is_not_published(cloud, full):
    unknown = model.Volume(None, 'Volume9', state=model.CsvState.OFFLINE)
    result = cloud.sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), unknown),
        nodes=(clouds.node(1, home=1), clouds.node(2, home=1)))), full=full)
    assert 'csv:hvc1/Volume9' not in cloud.state()
    assert 'not published' in notes(result, 'csv:hvc1/Volume9')
