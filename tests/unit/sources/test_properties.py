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
    nodes = {node.name for node in cluster.nodes}
    assert model.GIB <= volume.size_bytes
    assert volume.free_bytes is None or (
        0 <= volume.free_bytes <= volume.size_bytes)
    assert 0 <= (volume.reserve_gb or 0) <= volume.total_gb
    assert {*(volume.cut_off_nodes or ()),
            *(volume.redirected_nodes or ())} <= nodes
    assert volume.owner_node is None or volume.owner_node in nodes


def _check_node(cluster, node):
    guids = {volume.guid for volume in cluster.volumes}
    assert node.build is None or node.build >= model.OLDEST_BUILD
    assert node.home in guids or (
        node.home is None and (len(guids) == 1
                               or cluster.placement_chooses_volume))


def _check_vms(cluster):
    guids = {volume.guid for volume in cluster.volumes}
    nodes = {node.name for node in cluster.nodes}
    vms = cluster.vms or ()
    assert _once(vm.instance_uuid for vm in vms)
    for vm in vms:
        assert vm.owner_node is None or vm.owner_node in nodes
        assert _once(disk.volume for disk in vm.disks)
        assert {disk.volume for disk in vm.disks} <= guids


def _check_cluster(cluster):
    assert cluster.nodes
    assert cluster.volumes
    assert _once(windows_names.key(volume.name) for volume in cluster.volumes)
    assert len({node.build for node in cluster.nodes} - {None}) < 2 or (
        cluster.functional_level is not None)
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
    assert _once(volume.guid for each in clusters for volume in each.volumes)
    for cluster in clusters:
        assert cluster.collected_at is None or (
            cluster.collected_at.tzinfo is not None)
        assert isinstance(cluster.collected_at,
                          datetime.datetime | None)
        _check_cluster(cluster)


@hypothesis.settings(max_examples=600, deadline=None)
@hypothesis.given(data=st.data(), times=st.integers(1, 4))
def test_a_spoilt_document_never_yields_a_cluster_that_is_not_sound(
        data, times):
    document = samples.full()
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
    told = {each.where.partition('.yaml: ')[2].partition(']')[0]
            for each in facts.problems}
    assert len(facts.clusters) + len(told) == len(document['clusters'])
    for problem in facts.problems:
        assert '\n' not in problem.where
        assert problem.message


@hypothesis.settings(max_examples=300, deadline=None)
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
