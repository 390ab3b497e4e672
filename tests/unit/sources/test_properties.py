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

"""Whatever happens to a description, no half-true cluster comes out."""

import copy
import datetime

import hypothesis
from hypothesis import strategies as st

from hv_sched import exception
from hv_sched import model
from hv_sched import windows_names
from hv_sched.sources import naming
from tests.unit.sources import samples

JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(),
    st.binary(max_size=4), st.just(2 ** 70), st.just([]), st.just({}),
    st.dates(), st.just({1: 2, 'a': None}), st.just([[None]]),
    st.sampled_from(['hv01', 'HV02', 'hv91', 'Volume1', 'volume10', 'c2',
                     samples.VOLUME_1, samples.VOLUME_2, samples.CLUSTER,
                     'intel', '2026-03-01T08:30:00Z', 7601, 17763, 0, 1]))


def _places(value, path=()):
    """Every place in a document that can be deleted or replaced."""
    items = (value.items() if isinstance(value, dict)
             else enumerate(value) if isinstance(value, list) else ())
    for step, below in items:
        yield (*path, step)
        yield from _places(below, (*path, step))


def _junk(data):
    # A copy: a later mutation must not change the strategy's own value.
    return copy.deepcopy(data.draw(JUNK))


def _mutate(data, document):
    *parents, last = data.draw(st.sampled_from(list(_places(document))))
    holder = document
    for step in parents:
        holder = holder[step]
    kind = data.draw(st.sampled_from(['delete', 'replace', 'add']))
    if kind == 'delete':
        del holder[last]
    elif kind == 'replace':
        holder[last] = _junk(data)
    elif isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]))
    else:
        holder[data.draw(st.text())] = _junk(data)


def _once(values):
    values = list(values)
    return len(values) == len(set(values))


def _check_volume(cluster, volume):
    size = volume.size_bytes
    assert size is None or size >= model.GIB
    assert volume.free_bytes is None or 0 <= volume.free_bytes
    assert None in (size, volume.free_bytes) or volume.free_bytes <= size
    assert size is None or (volume.reserve_gb or 0) <= volume.total_gb
    assert volume.guid is not None or volume.state not in (
        None, model.CsvState.ONLINE)
    nodes = _node_names(cluster)
    assert {*(volume.cut_off_nodes or ()),
            *(volume.redirected_nodes or ())} <= nodes
    assert volume.owner_node is None or volume.owner_node in nodes


def _node_names(cluster):
    """Those set aside are nodes, too."""
    return {node.name for node in cluster.nodes} | {
        aside.name for aside in cluster.set_aside}


def _check_node(cluster, node):
    guids = {volume.guid for volume in cluster.volumes}
    assert node.build is None or node.build >= model.OLDEST_BUILD
    assert node.home is None or node.home in guids


def _check_vms(cluster):
    guids = {volume.guid for volume in cluster.volumes}
    vms = cluster.vms or ()
    assert _once(vm.instance_uuid for vm in vms if vm.instance_uuid)
    for vm in vms:
        assert vm.instance_uuid or vm.instance_name
        assert vm.owner_node is None or vm.owner_node in _node_names(cluster)
        assert _once(disk.volume for disk in vm.disks or ())
        assert {disk.volume for disk in vm.disks or ()} <= guids


def _check_cluster(cluster):
    assert cluster.nodes or cluster.set_aside
    assert cluster.volumes or cluster.set_aside
    assert _once(windows_names.key(volume.name) for volume in cluster.volumes)
    for volume in cluster.volumes:
        _check_volume(cluster, volume)
    for node in cluster.nodes:
        _check_node(cluster, node)
    _check_vms(cluster)


def _check(facts):
    clusters = facts.clusters
    assert _once(each.guid for each in clusters)
    assert _once(windows_names.key(each.name) for each in clusters)
    assert _once(windows_names.key(node.name)
                 for each in clusters for node in each.nodes)
    assert _once(volume.guid for each in clusters for volume in each.volumes
                 if volume.guid)
    for cluster in clusters:
        assert cluster.collected_at is None or (
            cluster.collected_at.tzinfo is not None)
        assert isinstance(cluster.collected_at,
                          datetime.datetime | None)
        _check_cluster(cluster)


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(data=st.data(), times=st.integers(1, 4),
                  full=st.sampled_from([samples.full,
                                        samples.full_of_version_1]))
def test_a_spoilt_document_never_yields_a_cluster_that_is_not_sound(
        data, times, full):
    document = full()
    for _ in range(times):
        if not document:
            break
        _mutate(data, document)
    try:
        facts = samples.read(document)
    except exception.InvalidFacts:
        return
    _check(facts)
    # Nothing disappears in silence: what is not a cluster is a problem.
    frozen = {each.where.partition('.yaml: ')[2].partition(']')[0]
              for each in facts.problems if each.freezes}
    clusters = document['clusters']
    number = len(clusters) if isinstance(clusters, list) else 1
    assert len(facts.clusters) + len(frozen) == number
    for problem in facts.problems:
        assert '\n' not in problem.where
        assert problem.message
        assert problem.code


# By these a thing is found again; a name of another spelling is another
# thing, and an entry less in a list is a list of others.
_IDENTITIES = ('name', 'guid', 'identity', 'instance_uuid', 'instance_name',
               'home', 'volume', 'version')
# None of them is a value of any field.
SCRAMBLED = st.sampled_from([3.7, '', '\x00', {'a': 1}, [{}], [[]], -7])


def _single_faults(document):
    """Every place of a field, the reports of the sections left out."""
    return [path for path in _places(document['clusters'], ('clusters',))
            if isinstance(path[-1], str) and 'sections' not in path]


def _spoil(data, document, path):
    """Remove, truncate or scramble one field."""
    *parents, last = path
    holder = document
    for step in parents:
        holder = holder[step]
    kinds = ['remove', 'scramble']
    if isinstance(holder[last], str) and last not in _IDENTITIES:
        kinds.append('truncate')
    kind = data.draw(st.sampled_from(kinds))
    if kind == 'remove':
        del holder[last]
    elif kind == 'scramble':
        holder[last] = copy.deepcopy(data.draw(SCRAMBLED))
    else:
        holder[last] = holder[last][:data.draw(
            st.integers(0, len(holder[last]) - 1))]


# What narrows may stay where more is unknown, so each of these is either as
# it was or not known.
_FACTS_OF_A_NODE = ('state', 'build', 'home', 'cpu_vendor', 'cpu_features',
                    *model.capability_fields())
_FACTS_OF_A_VOLUME = (
    'state', 'size_bytes', 'free_bytes', 'maintenance', 'accepts_new_disks',
    'reserve_gb', 'cached_images', 'image_cache_bytes', 'medium')


def _assert_not_kinder(before, after):
    assert after.placement_chooses_volume in (
        None, before.placement_chooses_volume)
    nodes = {node.name: node for node in before.nodes}
    for node in after.nodes:
        if node.name not in nodes:
            continue
        for field in _FACTS_OF_A_NODE:
            assert getattr(node, field) in (
                None, getattr(nodes[node.name], field))
        # Nothing hangs on how much of its memory is free.
        assert node.gpus is None or [
            (gpu.name, gpu.total_vram_mb) for gpu in node.gpus] == [
            (gpu.name, gpu.total_vram_mb)
            for gpu in nodes[node.name].gpus or ()]
    volumes = {volume.name: volume for volume in before.volumes}
    for volume in after.volumes:
        if volume.name in volumes:
            _assert_volume_not_kinder(volumes[volume.name], volume)


def _assert_volume_not_kinder(before, after):
    for field in _FACTS_OF_A_VOLUME:
        assert getattr(after, field) in (None, getattr(before, field))
    for field in ('cut_off_nodes', 'redirected_nodes'):
        assert getattr(after, field) in (None, getattr(before, field)) or (
            field in after.incomplete_lists)


def _untouched(cluster, name):
    """A cluster's other items: a fault of one leaves them as they are."""
    return {node.name: node for node in cluster.nodes if node.name != name}


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(data=st.data())
def test_one_spoilt_field_is_not_known_or_narrower_and_the_rest_stands(data):
    document = samples.full()
    before = samples.read(copy.deepcopy(document))
    path = data.draw(st.sampled_from(_single_faults(document)))
    _spoil(data, document, path)
    try:
        after = samples.read(document)
    except exception.InvalidFacts:
        assert path == ('clusters',)
        return
    by_name = {cluster.name: cluster for cluster in before.clusters}
    for cluster in after.clusters:
        if cluster.name in by_name:
            _assert_not_kinder(by_name[cluster.name], cluster)
    other = 1 - path[1]
    assert before.clusters[other] in after.clusters or path[2:] in (
        ('name',), ('guid',), ('identity',))
    if len(path) > 4 and path[2] == 'nodes':
        _assert_others_stand(before.clusters[path[1]], after, path)


def _assert_others_stand(before, after, path):
    """A fault below one node leaves every other node as it was."""
    cluster, = (each for each in after.clusters if each.guid == before.guid)
    spoilt = before.nodes[path[3]].name
    assert _untouched(cluster, spoilt) == _untouched(before, spoilt)
    assert cluster.volumes == before.volumes or path[4] == 'name'


@hypothesis.settings(max_examples=200, deadline=None)
@hypothesis.given(content=st.recursive(
    JUNK, lambda inner: st.lists(inner) | st.dictionaries(
        st.text() | st.sampled_from(['version', 'clusters']), inner)))
def test_any_content_at_all_is_facts_or_an_invalid_source(content):
    for document in (content, {'version': 1, 'clusters': content},
                     {'version': 1, 'clusters': [content]}):
        try:
            _check(samples.read(document))
        except exception.InvalidFacts:
            continue


@hypothesis.given(st.from_regex(
    r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', fullmatch=True))
def test_a_normal_guid_is_its_own_normal_form(guid):
    for form in (guid, f'{{{guid}}}', f'\\\\?\\Volume{{{guid}}}\\'):
        assert naming.normal_guid(form.upper()) == guid
    assert naming.normal_guid(guid[1:]) is None
