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


def test_nodes_that_could_not_be_collected_freeze_their_cluster():
    document = samples.full()
    cluster = document['clusters'][0]
    del cluster['nodes']
    cluster['sections']['nodes'] = FAILED
    facts = samples.read(document)
    assert [each.name for each in facts.clusters] == ['c2']
    problem, = facts.problems
    assert problem.freezes
    assert problem.message == (
        "cluster 'c1' has no nodes, which could not be collected: access "
        'denied')


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
