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

"""What only an operator decides, from a file of its own, in Placement."""

import json

import pytest

from hv_sched import exit_codes
from hv_sched.agent import cmd
from hv_sched.placement import names
from tests.functional import agent_conf
from tests.functional import cloud as clouds

pytestmark = pytest.mark.wide

VOLUMES = ('csv:hvc1/Volume1', 'csv:hvc1/Volume10')
OPEN = {'hv01', 'hv02'}
SOURCE = f'''
version: 1
clusters:
- name: hvc1
  guid: {clouds.CLUSTER_GUID}
  nodes:
  - {{name: hv01, build: 14393, home: Volume1}}
  - {{name: hv02, build: 14393, home: Volume10}}
  volumes:
  - {{name: Volume1, guid: {clouds.guid(1)}, size_gb: 500, free_gb: 500}}
  - {{name: Volume10, guid: {clouds.guid(2)}, size_gb: 500, free_gb: 500}}
'''
CLOSING = '''
version: 1
volumes:
- {name: volume1, accepts_new_disks: false, reserve_gb: 40}
'''
# The homes are the other way round in the source.
CLOSING_AND_HOMES = CLOSING + '''
nodes:
- {name: hv01, home: Volume10}
- {name: hv02, home: Volume1}
'''
NOTHING = 'version: 1\n'


@pytest.fixture
def source(tmp_path):
    path = tmp_path / 'clusters.yaml'
    path.write_text(SOURCE)
    return str(path)


@pytest.fixture
def overrides(tmp_path):
    """Writes the file, whose path is its ``path``."""
    path = tmp_path / 'overrides.yaml'

    def write(text):
        path.write_text(text)
        return str(path)
    write.path = str(path)
    return write


def closed(cloud, volume=VOLUMES[0]):
    return names.NO_NEW_DISKS in cloud.state()[volume][2]


def reserved(cloud, volume=VOLUMES[0]):
    return cloud.state()[volume][1]['DISK_GB'].reserved


def sync(csv, source, path):
    code, out, _err = csv('sync', '--source', source, '--overrides', path,
                         '-f', 'json')
    return code, [row for row in json.loads(out) if row['Change'] == '!']


def test_a_line_closes_and_reserves_and_taken_out_opens_again(
        csv, cloud, source, overrides):
    assert sync(csv, source, overrides(CLOSING)) == (0, [])
    assert closed(cloud) and not closed(cloud, VOLUMES[1])
    assert reserved(cloud) == 40
    assert sync(csv, source, overrides(NOTHING)) == (0, [])
    assert not closed(cloud)
    assert reserved(cloud) == 0


@pytest.mark.parametrize('damage', ['', 'version: 1\nvolumes: [{',
                                    'version: 1\nvolumes: [{reserve_gb: 1}]',
                                    'version: 1\nvolumes: nothing', None])
def test_a_file_that_cannot_be_read_changes_nothing_and_is_said(
        csv, cloud, source, overrides, tmp_path, damage):
    sync(csv, source, overrides(CLOSING_AND_HOMES))
    before = cloud.state()
    if damage is None:
        (tmp_path / 'overrides.yaml').unlink()
    else:
        overrides(damage)
    code, notices = sync(csv, source, overrides.path)
    assert code == exit_codes.PARTIAL
    assert 'overrides.yaml' in notices[0]['To']
    assert closed(cloud)
    assert cloud.state() == before, 'homes too, which the source has otherwise'


ONE_VOLUME = f'''
version: 1
clusters:
- name: hvc1
  guid: {clouds.CLUSTER_GUID}
  nodes: [{{name: hv01, build: 14393}}, {{name: hv02, build: 14393}}]
  volumes:
  - {{name: Volume1, guid: {clouds.guid(1)}, size_gb: 500, free_gb: 500,
     accepts_new_disks: true}}
'''


def test_a_new_volume_is_closed_until_the_overrides_can_be_read(
        csv, cloud, tmp_path, overrides):
    path = tmp_path / 'one.yaml'
    path.write_text(ONE_VOLUME)
    for _number in range(2):
        code, _notices = sync(csv, str(path), overrides('nothing at all'))
        assert code == exit_codes.PARTIAL
        assert closed(cloud)
    assert sync(csv, str(path), overrides(NOTHING)) == (0, [])
    assert not closed(cloud)


def test_a_volume_that_was_open_stays_so(csv, cloud, source, overrides):
    sync(csv, source, overrides(NOTHING))
    sync(csv, source, overrides('nothing at all'))
    assert not closed(cloud) and not closed(cloud, VOLUMES[1])


def test_a_wrong_line_costs_its_entry_and_the_rest_is_in_force(
        csv, cloud, source, overrides):
    sync(csv, source, overrides(CLOSING))
    code, notices = sync(csv, source, overrides('''
version: 1
volumes:
- {name: Volume1, accept_new_disks: true}
- {name: Volume10, accepts_new_disks: false}
'''))
    assert code == exit_codes.PARTIAL
    assert "did you mean 'accepts_new_disks'?" in notices[0]['To']
    assert closed(cloud) and closed(cloud, VOLUMES[1])


def test_homes_may_be_instances_paths(csv, cloud, source, overrides):
    both = overrides('''
version: 1
nodes:
- {name: HV01, home: 'C:\\ClusterStorage\\Volume10\\instances'}
- {name: hv02, home: c:/clusterstorage/volume10}
- {name: hv03, home: Volume1}
''')
    code, notices = sync(csv, source, both)
    assert cloud.hosts(400) == {'hv01', 'hv02'}
    assert VOLUMES[0] not in cloud.state()
    assert code == exit_codes.PARTIAL
    assert any("node 'hv03' is not in the source" in notice['To']
               for notice in notices)


def test_a_node_without_clustered_storage_joins_nothing(
        csv, cloud, source, overrides):
    before = cloud.state()['hv01']
    code, notices = sync(csv, source, overrides('''
version: 1
nodes:
- {name: hv01, home: 'D:\\OpenStack\\Instances'}
'''))
    assert any('not clustered storage' in notice['To'] for notice in notices)
    assert cloud.state()['hv01'] == before
    assert VOLUMES[1] in cloud.state()


def test_overrides_of_the_configuration_hold_where_none_are_named(
        csv, cloud, source, overrides, tmp_path):
    conf = agent_conf.write(tmp_path, cloud.placement,
                            overrides=overrides(CLOSING), source=source)
    assert csv('sync', '--config-file', conf)[0] == 0
    assert closed(cloud)


def test_the_agent_takes_them_too(cloud, source, overrides, tmp_path):
    conf = agent_conf.write(tmp_path, cloud.placement,
                            overrides=overrides(CLOSING), source=source)
    cmd.main(['--config-file', conf, '--once'])
    assert closed(cloud)


# -- who decided

def shown(csv, name, source, *paths):
    code, out, err = csv('show', name, '-f', 'json', '--source', source, *(
        part for path in paths for part in ('--overrides', path)))
    assert code == 0, err
    return json.loads(out)


def test_show_says_who_decided_what(csv, cloud, source, overrides):
    path = overrides(CLOSING + '''
nodes:
- {name: hv01, home: Volume10}
''')
    sync(csv, source, path)
    decided = shown(csv, 'hvc1/Volume10', source, path)['decisions']
    assert decided['reserve_gb'] == {'value': 0, 'origin': 'default'}
    assert decided['maintenance'] == {'value': None, 'origin': 'Placement'}
    node = shown(csv, 'HV01', source, path)
    assert node['name'] == 'hv01'
    assert node['node_decisions']['home'] == {
        'value': clouds.guid(2), 'origin': 'overrides'}
    assert shown(csv, 'hv02', source, path)['node_decisions']['home'] == {
        'value': clouds.guid(2), 'origin': 'source'}
    assert shown(csv, 'hvc1', source, path)['cluster_decisions'] == {
        'placement_chooses_volume': {'value': False, 'origin': 'default'}}


def test_show_without_overrides_names_source_and_placement(
        csv, cloud, source):
    csv('sync', '--source', source)
    fields = shown(csv, 'hvc1/Volume1', source)
    assert fields['decisions']['reserve_gb'] == {
        'value': None, 'origin': 'Placement'}
    assert shown(csv, 'hv01', source)['node_decisions']['home'][
        'origin'] == 'source'
    code, out, _err = csv('show', 'hv01', '--source', source)
    assert code == 0
    assert 'remotefx_enabled: kept as it stands in Placement' in out


FLOORED = """
version: 1
nodes:
- {name: hv01, home: Volume1}
- {name: hv02, home: Volume10}
volumes:
- {name: Volume1, floor_percent: 0, floor_gb: %d}
"""


def test_a_floor_of_one_volume_closes_it_and_outlives_an_unreadable_file(
        csv, cloud, source, overrides):
    with open(source, 'w') as file:
        file.write(SOURCE.replace('free_gb: 500', 'free_gb: 400'))
    sync(csv, source, overrides(FLOORED % 420))
    assert closed(cloud) and not closed(cloud, VOLUMES[1])
    overrides('version: 1\nvolumes: [{')
    sync(csv, source, overrides.path)
    assert closed(cloud)
    _code, out, _err = csv('plan', '--source', source, '-f', 'json')
    assert 'floor_gb: 0' in out
    sync(csv, source, overrides(FLOORED % 10))
    assert not closed(cloud)
    sync(csv, source, overrides(NOTHING))
    assert not {trait for trait in cloud.state()[VOLUMES[0]][2]
                if 'FLOOR' in trait}
