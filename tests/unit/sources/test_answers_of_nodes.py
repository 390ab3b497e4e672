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

"""The nodes' own answers are a source like any other, as files or live."""

import datetime
import os
import re

import pytest

from hv_sched import exception
from hv_sched import model
from hv_sched import sources
from hv_sched.demo.windows import simulated
from hv_sched.sources import overrides
from hv_sched.sources import unknown
from hv_sched.sources.overrides import template
from hv_sched.sources.windows import raw
from hv_sched.sources.winrm import clusters
from hv_sched.sources.winrm import questions

GIB = simulated.GIB


@pytest.fixture
def cluster():
    made = simulated.cluster('HV', nodes=3, volumes=2)
    made.create('instance-00000001', 'HV-N01', 'Volume1', 20 * GIB)
    return made


def written(folder, cluster, name='facts.json'):
    path = folder / name
    path.write_text(cluster.document(), newline='')
    return str(path)


def of(facts):
    assert [problem for problem in facts.problems
            if not problem.is_note] == []
    [described] = facts.clusters
    return described


def test_a_file_of_answers_is_a_cluster(tmp_path, cluster):
    cluster.drain('HV-N02')
    described = of(sources.load(written(tmp_path, cluster)))
    assert described.guid == cluster.guid
    assert [node.state for node in described.nodes] == [
        model.NodeState.UP, model.NodeState.DRAINING, model.NodeState.UP]
    assert {node.home for node in described.nodes} == {
        volume.guid for volume in cluster.volumes.values()}
    [vm] = described.vms
    assert (vm.instance_name, vm.instance_uuid) == (
        'instance-00000001', None)
    assert vm.disks == (model.VmDisk(
        cluster.volumes['Volume1'].guid, None, 20 * GIB),)


def test_the_files_of_all_nodes_are_read_together(tmp_path, cluster):
    for node in cluster.up_nodes():
        (tmp_path / f'{node}.json').write_text(
            cluster.cluster_answer(node) + cluster.node_answer(node))
    assert all(node.home for node in of(sources.load(
        str(tmp_path), 'json')).nodes)


def test_two_clusters_in_one_folder_are_two(tmp_path, cluster):
    written(tmp_path, cluster, 'a.json')
    written(tmp_path, simulated.cluster('OTHER'), 'b.json')
    facts = sources.load(str(tmp_path))
    assert sorted(each.name for each in facts.clusters) == ['HV', 'OTHER']


def test_a_file_is_as_old_as_it_is_or_says_whichever_is_older(tmp_path,
                                                              cluster):
    path = written(tmp_path, cluster)
    said = cluster.now
    before = said - datetime.timedelta(hours=3)

    def age(modified):
        os.utime(path, (modified.timestamp(),) * 2)
        return of(sources.load(path)).sections[
            model.Section.VOLUMES].collected_at
    assert age(said + datetime.timedelta(hours=3)) == said
    assert age(before) == before


def test_an_offline_volume_has_no_guid_and_the_others_go_on(tmp_path,
                                                            cluster):
    cluster.take_offline('Volume2')
    facts = sources.load(written(tmp_path, cluster))
    online, offline = facts.clusters[0].volumes
    assert (online.size_bytes, online.state) == (
        500 * GIB, model.CsvState.ONLINE)
    assert (offline.guid, offline.size_bytes, offline.state) == (
        None, None, model.CsvState.OFFLINE)
    assert offline.resource_id == cluster.volumes['Volume2'].resource_id


@pytest.mark.parametrize('half', (0.05, 0.3, 0.5, 0.8, 0.97))
def test_half_a_file_is_never_kinder(tmp_path, cluster, half):
    cluster.drain('HV-N02')
    cluster.volumes['Volume2'].maintenance = True
    text = cluster.document()
    (tmp_path / 'facts.json').write_text(text[:int(len(text) * half)])
    try:
        facts = sources.load(str(tmp_path))
    except exception.InvalidFacts:
        return
    for described in facts.clusters:
        states = {node.name: node.state for node in described.nodes}
        if not states:
            assert described.sections[model.Section.NODES].error
            continue
        assert states['HV-N02'] in (None, model.NodeState.DRAINING)
        volumes = {volume.name: volume for volume in described.volumes}
        assert volumes['Volume2'].maintenance in (None, True)


def test_what_is_not_known_is_named_with_its_reason(tmp_path, cluster):
    cluster.denied = {'volume_states'}
    facts = sources.load(written(tmp_path, cluster))
    reasons = {(each.name, each.field): each.reason
               for each in unknown.unknown(facts)}
    assert 'section volume_states' in reasons['Volume1', 'cut_off_nodes']
    assert 'operator' in reasons['Volume1', 'reserve_gb']
    assert ('HV-N01', 'home') not in reasons


def test_an_overrides_file_to_start_from_decides_nothing(tmp_path, cluster):
    path = written(tmp_path, cluster)
    facts = sources.load(path)
    start = tmp_path / 'overrides.yaml'
    start.write_text(template.text(facts))
    read = overrides.read([str(start)])
    assert (read.entries, read.problems, read.is_complete) == ((), (), True)


def test_each_comment_of_it_is_a_line_that_can_be_decided(tmp_path, cluster):
    path = written(tmp_path, cluster)
    facts = sources.load(path)
    start = tmp_path / 'overrides.yaml'
    head, _, rest = template.text(facts).partition('version: 1\n')
    assert head.startswith('#')
    start.write_text('version: 1\n' + re.sub(
        '^# ', '', rest, flags=re.MULTILINE))
    read = overrides.read([str(start)])
    assert read.problems == ()
    assert len(read.entries) == 3 + 2


@pytest.fixture
def live(tmp_path, monkeypatch, cluster):
    """The clusters of an access file, which answer without a network."""
    path = tmp_path / 'winrm.yaml'
    path.write_text('clusters:\n- name: HV\n  nodes: [hv-n01, hv-n02]\n')

    def ask(host, access, question):
        if cluster is None:
            raise exception.SourceUnavailable(f'node {host}: away')
        name = host.upper()
        if question.function == questions.CLUSTER.function:
            return cluster.cluster_answer(name)
        return cluster.node_answer(name)
    monkeypatch.setattr(clusters, 'endpoint_ask', lambda: ask)
    return str(path)


def test_the_clusters_themselves_are_a_source(live, cluster):
    described = of(sources.load(live, 'winrm'))
    assert described.guid == cluster.guid
    assert all(node.home for node in described.nodes)


def test_their_lines_can_be_had(live, cluster):
    text = sources.answers(live, 'winrm')
    assert text.count('"section": "begin"') == 1 + 3


def test_a_hand_written_source_has_no_lines(tmp_path):
    (tmp_path / 'a.yaml').write_text('version: 1\nclusters: []\n')
    with pytest.raises(exception.InvalidFacts, match='--print-task'):
        sources.answers(str(tmp_path), 'auto')


def test_a_cluster_that_never_answered_is_an_error_that_says_why(tmp_path,
                                                                 monkeypatch):
    path = tmp_path / 'winrm.yaml'
    path.write_text('clusters:\n- name: HV\n  nodes: [hv01]\n')

    def ask(host, access, question):
        raise exception.SourceUnavailable(f'node {host}: it is away')
    monkeypatch.setattr(clusters, 'endpoint_ask', lambda: ask)
    with pytest.raises(exception.InvalidFacts, match='HV.*hv01.*away'):
        sources.load(str(path), 'winrm')


def test_the_lines_of_files_without_a_last_end_of_line_stay_apart(
        tmp_path, cluster):
    for node in cluster.up_nodes():
        (tmp_path / f'{node}.json').write_text(
            cluster.node_answer(node).rstrip())
    text = sources.answers(str(tmp_path), 'json')
    assert len(raw.answers(text)) == len(cluster.up_nodes()) == 3
