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


"""How an operator removes one node of a cluster."""

import json

import pytest

from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.functional import cloud as clouds
from tests.functional import command_line

VOLUME = clouds.VOLUME


@pytest.fixture
def cloud(asked_cloud):
    return asked_cloud


@pytest.fixture
def left_out(csv, source, cloud):
    """A published cluster whose source no longer lists hv02."""
    assert csv('sync', '--source', source)[0] == 0
    with open(source, 'w', encoding='utf-8') as file:
        file.write(command_line.SOURCE.replace(
            '  - {name: hv02, build: 14393}\n', ''))
    return source


def node_state(cloud, name='hv02'):
    """What of a node is ours to give back."""
    uid = cloud.nodes[name]
    return (cloud.api.inventories(uid)[1][names.DISK_GB].allocation_ratio,
            cloud.api.traits(uid)[1], cloud.api.aggregates(uid)[1])


def test_a_node_is_given_back_as_it_was(csv, cloud, left_out):
    before = (1.5, frozenset(('COMPUTE_NODE', 'HW_CPU_X86_VMX')),
              frozenset())
    assert node_state(cloud) != before
    others = cloud.nodes['hv01']
    staying = (cloud.api.inventories(others), cloud.api.traits(others),
               cloud.api.aggregates(others))
    code, out, err = csv('retire', '--node', 'HV02', '--source', left_out,
                         '--dry-run', '-f', 'json')
    assert code == 2, out + err
    planned = json.loads(out)
    assert {'Change': '~', 'Provider': 'hv02',
            'What': 'DISK_GB allocation_ratio', 'From': '1e-07',
            'To': '1.5'} in planned
    assert node_state(cloud) != before
    code, out, err = csv('retire', '--node', 'HV02', '--source', left_out,
                         '-f', 'json')
    assert code == 0, out + err
    assert node_state(cloud) == before
    assert staying == (cloud.api.inventories(others),
                       cloud.api.traits(others),
                       cloud.api.aggregates(others))
    assert cloud.nodes['hv02'] not in home_traits.nodes_of(
        cloud.api.all_traits())
    assert csv('sync', '--source', left_out)[0] == 0
    assert cloud.hosts(400) == {'hv01', 'hv02'}


def test_an_export_of_the_closed_node_opens_it_as_it_was(
        csv, cloud, source, tmp_path):
    """In an export of a cluster that stands, the nodes are closed."""
    assert csv('sync', '--source', source)[0] == 0
    path = str(tmp_path / 'standing.json')
    assert csv('export', '--source', source, path)[0] == 0
    with open(source, 'w', encoding='utf-8') as file:
        file.write(command_line.SOURCE.replace(
            '  - {name: hv02, build: 14393}\n', ''))
    code, out, err = csv('retire', '--node', 'hv02', '--source', source,
                         '--from', path, '-f', 'json')
    assert code == 0, out + err
    assert node_state(cloud)[0] == 1.5


def test_servers_that_hold_shares_are_named(csv, cloud, left_out):
    server = cloud.nova.add(cloud.create(70, host='hv01'))
    cloud.allocate_more(server, 'hv02')
    before = node_state(cloud)[0]
    code, out, err = csv('retire', '--node', 'hv02', '--source', left_out,
                         '-f', 'json')
    assert code == 4, out + err
    refusal, = [row['To'] for row in json.loads(out)
                if row['What'] == 'refused']
    assert server in refusal and '70 GB' in refusal
    assert node_state(cloud)[0] == before


def test_a_server_that_only_nova_has_there_is_seen(
        csv, cloud, left_out, monkeypatch):
    """A failover whose change of Placement failed."""
    server = cloud.nova.add(cloud.create(70, host='hv01'))
    monkeypatch.setattr(cloud.nova_api, 'servers', lambda path, query: (
        '200 OK', {'servers': [
            cloud.nova_api.record(cloud.nova.servers[server])]}))
    code, out, err = csv('retire', '--node', 'hv02', '--source', left_out,
                         '-f', 'json')
    assert code == 4, out + err
    assert any(server in row['To'] for row in json.loads(out))


def test_a_node_the_source_still_lists_is_refused(csv, source, cloud):
    assert csv('sync', '--source', source)[0] == 0
    before = node_state(cloud)
    code, out, err = csv('retire', '--node', 'hv02', '--source', source)
    assert code == 4, out + err
    assert 'still lists it' in ' '.join(out.split())
    assert node_state(cloud) == before


@pytest.mark.parametrize('name', ['', ' '])
def test_an_empty_name_of_a_node_never_means_the_cluster(
        csv, cloud, left_out, name):
    """As a script passes it whose variable is not set."""
    before = cloud.state()
    code, _out, err = csv('retire', '--node', name, '--source', left_out)
    assert code == 1
    assert '--node' in err and 'Traceback' not in err
    assert cloud.state() == before


def test_a_node_that_was_given_back_stays_as_it_is(csv, cloud, left_out):
    """A run that ended with its last requests is run again."""
    args = ('retire', '--node', 'hv02', '--source', left_out, '-f', 'json')
    assert csv(*args)[0] == 0
    before = cloud.state()
    forgotten, = home_traits.traits_of([cloud.nodes['hv02']])
    cloud.api.ensure_trait(forgotten)
    code, out, err = csv(*args)
    assert (code, json.loads(out)) == (0, []), err
    assert cloud.state() == before
    assert forgotten not in cloud.api.all_traits()


def test_a_node_of_a_cluster_the_source_does_not_have_is_an_error(
        csv, cloud, left_out):
    uid = cloud.nodes['hv02']
    assert csv('retire', '--node', 'hv02', '--source', left_out)[0] == 0
    at, traits = cloud.api.traits(uid)
    cloud.api.set_traits(uid, at, traits | {names.CLUSTERED})
    code, _out, err = csv('retire', '--node', 'hv02', '--source', left_out)
    assert code == 1 and 'a node hv02' in err


def test_an_unknown_node_is_an_error(csv, cloud, left_out):
    code, _out, err = csv('retire', '--node', 'hv09', '--source', left_out)
    assert code == 1 and 'a node hv09' in err


def test_a_nova_that_does_not_know_the_node_is_not_believed(
        csv, cloud, left_out):
    before = node_state(cloud)
    cloud.nova_api.services = lambda path, query: (
        '200 OK', {'services': [{'host': 'elsewhere', 'status': 'enabled'}]})
    code, out, err = csv('retire', '--node', 'hv02', '--source', left_out,
                         '-f', 'json')
    assert code == 1, out + err
    assert 'none for hv02' in json.loads(out)[0]['To']
    assert node_state(cloud) == before


def test_killed_at_any_write_it_is_finished_by_another_run(
        csv, cloud, left_out):
    class Killed(Exception):
        pass

    def answer(environ):
        if environ['REQUEST_METHOD'] in ('PUT', 'DELETE'):
            count[0] -= 1
            if not count[0]:
                raise Killed
        return cloud.nova_api(environ)
    uid = cloud.nodes['hv02']
    for kill_at in range(1, 9):
        count = [kill_at]
        cloud.placement.service.before = answer
        try:
            code = csv('retire', '--node', 'hv02', '--source', left_out)[0]
        except Killed:
            code = 1
        cloud.placement.service.before = cloud.nova_api
        homes = ids.home_aggregate(VOLUME)
        is_open = cloud.api.inventories(uid)[1][names.DISK_GB].capacity > 0
        assert not (is_open and homes in cloud.api.aggregates(uid)[1])
        if code == 0:
            break
    assert node_state(cloud)[0] == 1.5
