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

"""Each section bears its own age and error."""

import datetime

import pytest

from hv_sched import model
from tests.unit.sources import samples

FAILED = {'error': 'access denied'}


def _read(cluster=(), node=()):
    """The full document, with sections of its first cluster and node."""
    document = samples.full()
    document['clusters'][0]['sections'].update(dict(cluster))
    document['clusters'][0]['nodes'][0]['sections'].update(dict(node))
    return samples.read(document).clusters[0]


def test_a_section_bears_its_age_and_its_error():
    reports = _read({'volumes': {
        'collected_at': '2026-03-01T07:00:00Z', **FAILED}}).sections
    assert reports[model.Section.VOLUMES] == model.SectionReport(
        datetime.datetime(2026, 3, 1, 7, tzinfo=datetime.timezone.utc),
        'access denied')


def test_a_section_that_was_never_delivered_is_no_key():
    cluster = samples.read(samples.document()).clusters[0]
    assert cluster.sections == {}
    assert cluster.nodes[0].sections == {}


def _without(kind, left):
    """The full document, of whose first cluster a list failed."""
    document = samples.full()
    cluster = document['clusters'][0]
    del cluster[kind]
    if left != 'nothing':
        cluster[kind] = left
    cluster['sections'][kind] = FAILED
    return samples.read(document)


@pytest.mark.parametrize('left', ['nothing', None, []])
def test_nodes_that_could_not_be_collected_leave_the_rest_in_force(left):
    facts = _without('nodes', left)
    assert facts.problems == ()
    cluster = facts.clusters[0]
    assert (cluster.name, cluster.nodes) == ('c1', ())
    assert cluster.sections[model.Section.NODES].error == 'access denied'
    assert cluster.volumes and cluster.vms
    # Who is cut off, and on which node, cannot be said without the nodes.
    for volume in cluster.volumes:
        assert (volume.cut_off_nodes, volume.redirected_nodes,
                volume.owner_node) == (None, None, None)
    assert {vm.owner_node for vm in cluster.vms} == {None}


def test_volumes_that_could_not_be_collected_leave_the_rest_in_force():
    facts = _without('volumes', 'nothing')
    assert {problem.code for problem in facts.problems} == {
        'home-not-collected'}
    assert not any(problem.freezes for problem in facts.problems)
    cluster = facts.clusters[0]
    assert cluster.volumes == () and cluster.nodes and cluster.vms
    assert {node.home for node in cluster.nodes} == {None}
    assert {vm.disks for vm in cluster.vms} == {None}


@pytest.mark.parametrize('kind', ['nodes', 'volumes'])
@pytest.mark.parametrize('report', [
    None, {}, {'error': ''}, {'error': 7}, 'x'])
def test_a_list_that_is_missing_for_no_reason_freezes_the_cluster(
        kind, report):
    document = samples.full()
    cluster = document['clusters'][0]
    del cluster[kind]
    cluster['sections'][kind] = report
    facts = samples.read(document)
    assert [each.name for each in facts.clusters] == ['c2']
    assert any(problem.freezes for problem in facts.problems)


@pytest.mark.parametrize('report', [
    7, 'x', {'collected_at': 'yesterday'}, {'error': 7},
    {'collected_at': '2026-02-30T08:30:00Z'}])
def test_a_report_that_cannot_be_read_is_a_failure(report):
    cluster = _read(node={'guarded': report})
    node = cluster.nodes[0]
    assert node.sections[model.Section.GUARDED].error.startswith(
        'its report cannot be read')


def test_reports_that_are_no_mapping_are_all_failures():
    document = samples.full()
    document['clusters'][0]['nodes'][0]['sections'] = 'none'
    node = samples.read(document).clusters[0].nodes[0]
    assert set(node.sections) == model.NODE_SECTIONS
    assert all(report.error for report in node.sections.values())
