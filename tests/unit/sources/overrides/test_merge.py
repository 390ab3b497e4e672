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

"""What the operator decides, put on what Windows tells."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import model
from hv_sched.model import Origin
from hv_sched.sources import overrides
from hv_sched.sources.overrides import form

C1 = '3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d01'
C2 = '3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d02'
V1 = 'a1d0c3b2-4e5f-4a6b-8c7d-100000000001'
V2 = 'a1d0c3b2-4e5f-4a6b-8c7d-100000000002'
V3 = 'a1d0c3b2-4e5f-4a6b-8c7d-100000000003'
FORMER = 'a1d0c3b2-4e5f-4a6b-8c7d-1000000000ff'
UP, PAUSED, DOWN = (model.NodeState.UP, model.NodeState.PAUSED,
                    model.NodeState.DOWN)


def volume(guid, name, **fields):
    return model.Volume(guid, name, size_bytes=500 * model.GIB, **fields)


def facts(*, nodes=(), volumes=(), **fields):
    return model.Facts((model.Cluster(
        C1, 'c1', tuple(nodes) or (model.Node('hv01'), model.Node('hv02')),
        tuple(volumes) or (volume(V1, 'Volume1'), volume(V2, 'Volume10')),
        **fields),))


def two_clusters():
    return model.Facts((*facts().clusters, model.Cluster(
        C2, 'c2', (model.Node('hv11'),), (volume(V3, 'Volume1'),))))


def merged(source, incomplete=False, **document):
    read = form.read('o.yaml', {'version': 1, **document})
    if incomplete:
        read += form.unreadable('p.yaml', 'is gone')
    return overrides.apply(source, read)


def only(found):
    return found.clusters[0]


def node(found, name='hv01'):
    return next(n for n in only(found).nodes if n.name == name)


def vol(found, name='Volume1'):
    return next(v for v in only(found).volumes if v.name == name)


def codes(found):
    return [problem.code for problem in found.problems]


def decision(found, item, field):
    return next(d.origin for d in found.decisions
                if (d.item, d.field) == (item, field))


# -- what goes before what

def test_overrides_go_before_the_source():
    source = facts(volumes=[volume(V1, 'Volume1', reserve_gb=10,
                                   medium='hdd', accepts_new_disks=True)])
    found = merged(source, volumes=[{
        'name': 'Volume1', 'reserve_gb': 20, 'medium': 'SSD',
        'floor_percent': 0, 'floor_gb': 5, 'accepts_new_disks': False}])
    assert (vol(found).reserve_gb, vol(found).medium,
            vol(found).accepts_new_disks) == (20, 'ssd', False)
    assert {d.origin for d in found.decisions if d.item == 'Volume1'
            and d.field != 'maintenance'} == {Origin.OVERRIDES}
    assert not found.problems


def test_read_whole_what_is_not_there_is_the_default():
    found = merged(facts())
    assert (vol(found).reserve_gb, vol(found).accepts_new_disks) == (0, True)
    assert vol(found).medium == 'unspecified'
    assert node(found).remotefx_enabled is False
    assert only(found).placement_chooses_volume is False
    assert decision(found, 'Volume1', 'reserve_gb') is Origin.DEFAULT
    assert decision(found, 'hv01', 'home') is Origin.PLACEMENT


def test_a_floor_of_one_volume_is_the_operators_alone():
    own = merged(facts(), volumes=[{
        'name': 'Volume1', 'floor_percent': 0, 'floor_gb': 40}])
    assert (vol(own).floor_percent, vol(own).floor_gb) == (0, 40)
    other = vol(own, 'Volume10')
    assert (other.floor_percent, other.floor_gb) == (
        model.AS_CONFIGURED, model.AS_CONFIGURED)
    unread = vol(merged(facts(), incomplete=True))
    assert (unread.floor_percent, unread.floor_gb) == (None, None)


@pytest.mark.parametrize('field,value', [
    ('floor_percent', 100), ('floor_percent', -1), ('floor_percent', True),
    ('floor_gb', -1), ('floor_gb', '40'), ('floor_gb', 1.5)])
def test_a_floor_that_is_none_does_not_apply(field, value):
    result = merged(facts(), volumes=[{'name': 'Volume1', field: value}])
    assert getattr(vol(result), field) is None
    assert 'whole number' in ' '.join(p.message for p in result.problems)


def test_what_the_source_says_is_no_default():
    found = merged(facts(volumes=[volume(
        V1, 'Volume1', reserve_gb=7, accepts_new_disks=False)]))
    assert (vol(found).reserve_gb, vol(found).accepts_new_disks) == (7, False)
    assert decision(found, 'Volume1', 'reserve_gb') is Origin.SOURCE


def test_a_file_that_cannot_be_read_keeps_what_stands():
    """It may close what the source calls open."""
    source = facts(
        nodes=[model.Node('hv01', state=UP, home=V1, remotefx_enabled=True),
               model.Node('hv02', state=PAUSED, remotefx_enabled=False)],
        volumes=[volume(V1, 'Volume1', reserve_gb=3, maintenance=False,
                        accepts_new_disks=True),
                 volume(V2, 'Volume10', maintenance=True,
                        accepts_new_disks=False)])
    found = merged(source, incomplete=True)
    assert dataclasses.replace(node(found), name='') == model.Node('')
    assert (node(found, 'hv02').state, node(found, 'hv02').remotefx_enabled
            ) == (PAUSED, False)
    assert dataclasses.replace(vol(found), size_bytes=None) == model.Volume(
        V1, 'Volume1', is_closing_unknown=True)
    assert (vol(found, 'Volume10').maintenance,
            vol(found, 'Volume10').accepts_new_disks) == (True, False)
    problem, = found.problems
    assert problem.code == 'overrides-not-read'
    assert not problem.freezes
    assert 'what stands in Placement is kept' in str(problem)


def test_what_could_be_read_is_in_force_beside_a_file_that_could_not():
    found = merged(facts(), incomplete=True, volumes=[
        {'name': 'Volume1', 'accepts_new_disks': False}])
    assert vol(found).accepts_new_disks is False
    assert vol(found).reserve_gb is None


# -- health

@pytest.mark.parametrize(('source', 'said', 'after', 'code'), [
    (None, True, True, []), (False, True, True, []), (True, True, True, []),
    (False, False, False, []),
    (True, False, True, ['override-widens']),
    (None, False, None, ['override-widens'])])
def test_maintenance_narrows_and_never_widens(source, said, after, code):
    found = merged(facts(volumes=[volume(V1, 'Volume1', maintenance=source)]),
                   volumes=[{'name': 'Volume1', 'maintenance': said}])
    assert vol(found).maintenance is after
    assert codes(found) == code
    if code:
        assert 'overrides only narrow' in str(found.problems[0])


@pytest.mark.parametrize(('source', 'said', 'after', 'code'), [
    (UP, 'paused', PAUSED, []), (None, 'paused', PAUSED, []),
    (DOWN, 'up', DOWN, ['override-widens']),
    (DOWN, 'paused', DOWN, ['override-widens']),
    (PAUSED, 'up', PAUSED, ['override-widens']), (UP, 'up', UP, []),
    (None, 'up', None, ['override-widens']),
    (PAUSED, 'down', DOWN, [])])
def test_a_nodes_state_narrows_and_never_widens(source, said, after, code):
    found = merged(facts(nodes=[model.Node('hv01', state=source)]),
                   nodes=[{'name': 'HV01', 'state': said}])
    assert node(found).state is after
    assert codes(found) == code


def test_of_what_is_set_aside_only_what_narrows_is_believed():
    aside = tuple(model.SetAside(kind, name, None, 'x', 'x')
                  for kind, name in ((model.ItemKind.NODE, 'hv09'),
                                     (model.ItemKind.VOLUME, 'Volume9')))
    found = merged(
        facts(set_aside=aside),
        nodes=[{'name': 'hv09', 'state': 'paused', 'home': 'Volume1'}],
        volumes=[{'name': 'volume9', 'maintenance': True,
                  'accepts_new_disks': False, 'reserve_gb': 5}])
    closed_node, closed_volume = only(found).set_aside
    assert closed_node.node_state is PAUSED
    assert closed_volume.maintenance is True
    assert closed_volume.accepts_new_disks is False
    assert not found.problems


# -- which thing

@pytest.mark.parametrize('label', [
    {'name': 'VOLUME1'}, {'guid': V1}, {'guid': f'{{{V1.upper()}}}'},
    {'guid': f'\\\\?\\Volume{{{V1}}}\\'},
    {'name': 'Volume1', 'guid': V1, 'cluster': 'C1'},
    {'name': 'Volume1', 'cluster': C1}])
def test_a_volume_is_meant_by_name_or_guid(label):
    found = merged(two_clusters(), volumes=[
        {'cluster': 'c1', **label, 'reserve_gb': 9}])
    assert vol(found).reserve_gb == 9
    assert found.clusters[1].volumes[0].reserve_gb == 0
    assert not found.problems


def test_a_name_in_two_clusters_is_refused_with_both():
    found = merged(two_clusters(), volumes=[
        {'name': 'volume1', 'reserve_gb': 9, 'accepts_new_disks': False}])
    assert codes(found) == ['override-ambiguous']
    assert "'c1', 'c2'" in str(found.problems[0])
    # Which one is meant is not known: neither returns to its default.
    for cluster in found.clusters:
        assert cluster.volumes[0].reserve_gb is None
        assert cluster.volumes[0].accepts_new_disks is None
    assert vol(found, 'Volume10').reserve_gb == 0


@pytest.mark.parametrize('second', [
    {'name': 'VOLUME1', 'reserve_gb': 9}, {'guid': V1, 'reserve_gb': 9},
    {'guid': V1, 'medium': 'ssd'}])
def test_two_entries_of_one_thing_are_both_refused(second):
    found = merged(facts(), volumes=[
        {'name': 'Volume1', 'reserve_gb': 9},
        second, {'name': 'Volume10', 'reserve_gb': 4}])
    assert codes(found) == ['override-twice']
    assert 'o.yaml: volumes[0] and o.yaml: volumes[1]' in str(
        found.problems[0])
    assert vol(found).reserve_gb is None
    assert vol(found, 'Volume10').reserve_gb == 4


@pytest.mark.parametrize(('kind', 'entry', 'near'), [
    ('volumes', {'name': 'Volumee1'}, "did you mean 'Volume1'?"),
    ('nodes', {'name': 'hv0I'}, "did you mean 'hv0"),
    ('clusters', {'name': 'C'}, "did you mean 'c1'?"),
    ('volumes', {'guid': V3}, "the volumes are 'Volume1', 'Volume10'"),
    ('volumes', {'name': 'Volume1', 'guid': V2}, 'is not in the source'),
    ('volumes', {'name': 'Volume1', 'cluster': 'c9'}, 'not in the source')])
def test_a_name_nobody_has_is_said_with_the_near_one(kind, entry, near):
    found = merged(facts(), **{kind: [entry]},
                   standalone=['hv77'])
    assert codes(found) == ['override-of-unknown']
    assert near in str(found.problems[0])
    assert vol(found).reserve_gb == 0  # the rest is in force


@pytest.mark.parametrize('entry', [
    {'name': 'Volume1O', 'accepts_new_disks': False, 'reserve_gb': 9},
    {'name': 'Data', 'accepts_new_disks': False, 'reserve_gb': 9},
    {'guid': V3, 'accepts_new_disks': False, 'reserve_gb': 9},
    {'name': 'Volume10', 'guid': V1, 'accepts_new_disks': False,
     'reserve_gb': 9},
    {'name': 'Volume10', 'cluster': 'c9', 'accepts_new_disks': False,
     'reserve_gb': 9},
    {'name': 'Data', 'acepts_new_disks': False}])
def test_what_an_entry_for_nothing_may_be_meant_for_keeps_what_stands(entry):
    """Its volume is called something else, and may be closed."""
    found = merged(facts(), volumes=[entry, {
        'name': 'Volume1', 'reserve_gb': 4}])
    assert 'override-of-unknown' in codes(found)
    kept = vol(found, 'Volume10')
    assert (kept.accepts_new_disks, kept.reserve_gb) == (None, None)
    assert kept.is_closing_unknown
    assert (vol(found).accepts_new_disks, vol(found).reserve_gb) == (True, 4)


def test_an_entry_for_nothing_is_in_doubt_in_its_own_cluster_and_fields():
    found = merged(two_clusters(), volumes=[
        {'name': 'Data', 'cluster': 'c2', 'reserve_gb': 9}],
        nodes=[{'name': 'hv99', 'home': 'Volume1'}])
    assert vol(found).reserve_gb == 0
    other, = found.clusters[1].volumes
    assert (other.reserve_gb, other.accepts_new_disks) == (None, True)
    assert not other.is_closing_unknown
    assert node(found).remotefx_enabled is False


def test_a_node_stays_paused_where_an_entry_pauses_nobody():
    found = merged(facts(nodes=(model.Node('hv01', state=UP),
                                model.Node('hv02', state=DOWN))),
                   nodes=[{'name': 'hv0l', 'state': 'paused'}])
    assert node(found).state is None
    assert node(found, 'hv02').state is DOWN


def test_a_name_and_a_guid_of_two_things_are_said_to_be():
    found = merged(facts(), volumes=[{'name': 'Volume1', 'guid': V2}])
    assert 'its name and its guid are not of one thing' in str(
        found.problems[0])


def test_what_may_be_in_a_frozen_cluster_is_not_called_unknown():
    frozen = dataclasses.replace(facts(), problems=(model.Problem(
        'c7', 'x', 'x'),))
    found = merged(frozen, volumes=[{'name': 'V', 'cluster': 'C7',
                                     'accepts_new_disks': False}])
    assert vol(found).accepts_new_disks is True, 'not meant for this cluster'
    assert 'in no cluster of the source that can be used' in str(
        found.problems[-1])


# -- homes

@pytest.mark.parametrize('home', [
    'C:\\ClusterStorage\\Volume10\\instances', 'volume10', V2,
    'c:/clusterstorage/VOLUME10/'])
def test_a_home_may_be_an_instances_path(home):
    found = merged(facts(), nodes=[{'name': 'hv01', 'home': home}])
    assert node(found).home == V2
    assert node(found, 'hv02').home is None


@pytest.mark.parametrize('home', [
    'C:\\ClusterStorage\\Volume2\\instances', 'Volume2', V3, '\\\\f\\s\\i'])
def test_a_home_that_is_no_volume_keeps_the_one_there_is(home):
    found = merged(facts(nodes=[model.Node('hv01', home=V1)]),
                   nodes=[{'name': 'hv01', 'home': home}])
    assert node(found).home is None
    assert codes(found) == ['override-home-unknown']


def test_a_path_on_no_volume_is_not_clustered_storage():
    found = merged(facts(nodes=[model.Node('hv01', state=DOWN),
                                model.Node('hv02')]),
                   nodes=[{'name': 'hv01', 'home': 'D:\\OpenStack'}])
    assert [n.name for n in only(found).nodes] == ['hv02']
    aside, = only(found).set_aside
    assert (aside.name, aside.node_state) == ('hv01', DOWN)
    assert codes(found) == ['not-clustered-storage']
    assert 'not clustered storage' in str(found.problems[0])
    assert found.problems[0].is_note


# -- identities

def test_a_rebuilt_cluster_and_a_replaced_volume_keep_their_guids():
    vm = model.Vm('u', disks=(model.VmDisk(V1, 1, 1),
                              model.VmDisk(V2, 1, 1)))
    found = merged(
        facts(nodes=[model.Node('hv01', home=V1)], vms=(vm,)),
        clusters=[{'name': 'c1', 'identity': C2.upper()}],
        volumes=[{'guid': V1, 'identity': FORMER}])
    assert only(found).guid == C2
    assert vol(found).guid == FORMER
    assert node(found).home == FORMER
    assert [d.volume for d in only(found).vms[0].disks] == [FORMER, V2]
    assert not found.problems


def test_a_volume_without_a_guid_may_have_its_former_one():
    found = merged(facts(volumes=[model.Volume(
        None, 'Volume1', state=model.CsvState.OFFLINE)]),
        volumes=[{'name': 'Volume1', 'identity': FORMER}])
    assert vol(found).guid == FORMER


@pytest.mark.parametrize(('document', 'kept'), [
    ({'clusters': [{'name': 'c1', 'identity': C2}]}, (C1, V1, V2)),
    ({'volumes': [{'guid': V1, 'identity': V2}]}, (C1, V1, V2)),
    ({'volumes': [{'guid': V1, 'identity': V3}]}, (C1, V1, V2)),
    ({'volumes': [{'guid': V1, 'identity': FORMER},
                  {'guid': V2, 'identity': FORMER}]}, (C1, V1, V2))])
def test_an_identity_somebody_else_has_is_refused(document, kept):
    found = merged(two_clusters(), **document)
    assert set(codes(found)) == {'override-identity-taken'}
    assert (only(found).guid, *(v.guid for v in only(found).volumes)) == kept


# -- standalone nodes

def test_standalone_nodes_are_those_no_cluster_has():
    found = merged(facts(), standalone=['hv77', 'HV01', 'hv77'])
    assert found.standalone == ('hv77',)
    assert codes(found) == ['override-standalone-in-cluster']
    assert node(found).name == 'hv01'


# -- any overrides at all

VALUES = st.one_of(st.none(), st.booleans(), st.integers(-3, 10 ** 20),
                   st.sampled_from(('up', 'paused', 'ssd', 'Volume1', V1, V2,
                                    FORMER, 'D:\\x', '')),
                   st.text(max_size=5), st.lists(st.booleans(), max_size=2))
ENTRIES = st.dictionaries(st.one_of(
    st.sampled_from(('name', 'guid', 'cluster', 'home', 'reserve_gb', 'state',
                     'medium', 'maintenance', 'accepts_new_disks', 'identity',
                     'remotefx_enabled', 'placement_chooses_volume')),
    st.text(max_size=3)), VALUES, max_size=5)
DOCUMENTS = st.one_of(VALUES, st.dictionaries(
    st.sampled_from(('version', 'clusters', 'nodes', 'volumes', 'standalone',
                     'volume')),
    st.one_of(st.just(1), st.lists(st.one_of(ENTRIES, VALUES), max_size=4),
              VALUES), max_size=5))
HEALTHY = facts(
    nodes=[model.Node('hv01', state=PAUSED), model.Node('hv02', state=UP)],
    volumes=[volume(V1, 'Volume1', maintenance=True),
             volume(V2, 'Volume10', maintenance=False)])


@given(DOCUMENTS)
def test_no_document_raises_opens_or_loses_anything(document):
    found = overrides.apply(HEALTHY, form.read('o.yaml', document))
    cluster = only(found)
    names = [n.name for n in (*cluster.nodes, *cluster.set_aside)]
    assert sorted(names) == ['hv01', 'hv02']
    assert [v.name for v in cluster.volumes] == ['Volume1', 'Volume10']
    assert vol(found).maintenance is True
    paused = next(n for n in (*cluster.nodes, *cluster.set_aside)
                  if n.name == 'hv01')
    state = getattr(paused, 'state', None) or paused.node_state
    assert state in (PAUSED, model.NodeState.DRAINING, DOWN)
    assert not any(problem.freezes for problem in found.problems)
