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

"""Which of Nova's compute nodes a node of the source is, and which may be."""

import pytest

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.providers import node_matching

CUT = 'HYPERV-NODE-LON'  # 15 characters


def match(nodes, *providers, standalone=()):
    cluster = model.Cluster('guid', 'c1', tuple(
        model.Node(name) for name in nodes), ())
    return node_matching.match_nodes(
        [cluster], {f'u{n}': name for n, name in enumerate(providers)},
        standalone)


@pytest.mark.parametrize(('node', 'other'), [
    ('hv01', 'hv01.corp.example'), ('HV01', 'hv01.corp.example'),
    (CUT, 'hyperv-node-long-01'), (CUT, 'hyperv-node-long-01.corp.example'),
    (f'{CUT}.corp.example', 'hyperv-node-long-01.corp.example')])
def test_names_that_may_be_of_one_host(node, other):
    assert node_matching.are_similar(node, other)
    assert node_matching.are_similar(other, node)


@pytest.mark.parametrize(('node', 'other'), [
    ('hv01', 'HV01'), ('hv01', 'hv010'), ('hv01', 'hv02'),
    ('hv01.a.example', 'hv01.b.example'), ('hyperv-node', 'hyperv-node-2'),
    (CUT, 'hyperv-node-short')])
def test_names_that_are_not(node, other):
    assert not node_matching.are_similar(node, other)


def test_a_node_of_two_names_is_matched_and_the_other_is_told():
    """The one matched may be the one that is gone."""
    found = match(['hv01'], 'hv01', 'hv01.corp.example')
    assert found.uuids == {'hv01': 'u0'}
    notice, = found.findings
    assert (notice.kind, notice.code) == (Kind.NOTE, 'node-similar-name')
    assert 'hv01.corp.example may be the same host' in notice.message


def test_a_name_that_was_cut_is_no_match_but_told():
    found = match([CUT], 'hyperv-node-long-01.corp.example')
    assert found.uuids == {}
    notice, = found.findings
    assert (notice.kind, notice.code) == (Kind.SKIPPED, 'node-not-in-nova')
    assert 'Nova has hyperv-node-long-01.corp.example: if that' in (
        notice.message)


def test_nodes_that_are_both_listed_are_two():
    found = match(['hv01', 'hv01.corp.example'], 'hv01', 'hv01.corp.example')
    assert found.findings == ()
    assert found.uuids == {'hv01': 'u0', 'hv01.corp.example': 'u1'}


def test_a_node_that_is_standalone_on_purpose_is_no_other_name_of_one():
    found = match(['hv01'], 'hv01', 'hv01.corp.example',
                  standalone=['HV01.corp.example'])
    assert found.findings == ()
    assert found.claimed == {'u0'}
    found = match([CUT], 'hyperv-node-long-01',
                  standalone=['hyperv-node-long-01'])
    notice, = found.findings
    assert 'Nova has' not in notice.message.replace('Nova has no', '')
