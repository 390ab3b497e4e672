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

"""What an overrides file may say, and what becomes of one that is wrong."""

import os
import threading

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched.sources import overrides
from hv_sched.sources.overrides import form

GUID = 'a1d0c3b2-4e5f-4a6b-8c7d-100000000001'
WHOLE = f'''
version: 1
clusters:
- {{name: c1, identity: {GUID}, placement_chooses_volume: false}}
nodes:
- name: hv01
  cluster: c1
  home: C:\\ClusterStorage\\Volume1\\instances
  remotefx_enabled: true
  state: Paused
volumes:
- name: Volume1
  reserve_gb: 20
  floor_percent: 0
  floor_gb: 10
  medium: ssd
  maintenance: true
  accepts_new_disks: false
- {{guid: '{{{GUID}}}'}}
standalone: [hv09]
'''


def read(text, tmp_path, name='o.yaml'):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return overrides.read([str(path)])


def messages(found):
    return ' / '.join(map(str, found.problems))


def test_each_field_is_read(tmp_path):
    found = read(WHOLE, tmp_path)
    assert found.is_complete and not found.problems
    cluster, node, volume, other = found.entries
    assert cluster.values == {'identity': GUID,
                              'placement_chooses_volume': False}
    assert (node.name, node.cluster) == ('hv01', 'c1')
    assert node.values['home'] == 'C:\\ClusterStorage\\Volume1\\instances'
    assert {name for entry in found.entries for name in entry.values} == {
        field.name for fields in form.FIELDS.values() for field in fields}
    assert (other.name, other.guid, other.values) == (None, GUID, {})
    assert found.standalone == ('hv09',)


def test_a_file_with_a_version_alone_decides_that_nothing_is_decided(
        tmp_path):
    found = read('version: 1', tmp_path)
    assert (found.is_complete, found.entries, found.problems) == (
        True, (), ())


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'is empty'), ('[]', 'is a list, but has to be a mapping'),
    ('x', "is 'x', but has to be a mapping"),
    ('{}', 'version is empty, but has to be 1'),
    ('version: 2', 'version is 2'), ('version: true', 'version is true'),
    ('{version: 1, volumess: []}', "did you mean 'volumes'?"),
    ('{version: 1, volumes: [}', 'is not valid YAML'),
    ('{version: 1, version: 1}', 'has the field version twice'),
    ('version: 1\n---\nversion: 1', 'second document'),
    ('version: &a 1\nnodes: *a', 'alias'),
    ('version: !!python/object:os.system 1', 'has the tag'),
    (b'\xff\xfe\x00', 'is not utf-16'), (b'version: \xe9', 'is not utf-8'),
    ('[' * 200, 'nested too deep'),
    ('version: ' + '9' * 9000, '')])
def test_a_file_nobody_can_read_is_not_the_operators_word(
        tmp_path, text, message):
    found = read(text, tmp_path)
    assert not found.is_complete and not found.entries
    problem, = found.problems
    assert problem.code == 'overrides-not-read' and not problem.freezes
    assert message in str(problem)
    assert 'o.yaml' in problem.where


@pytest.mark.parametrize(('text', 'message'), [
    ('volumes: {name: V}', 'volumes is a mapping, but has to be a list'),
    ('nodes: hv01', "nodes is 'hv01'"),
    ('volumes: [V]', "is 'V', but has to be a mapping"),
    ('volumes: [{reserve_gb: 1}]', 'says of no volume: give name or guid'),
    ('nodes: [{guid: x}]', 'says of no node: give name'),
    ('volumes: [{name: 7}]', 'name is 7, but has to be text'),
    ('volumes: [{name: ""}]', "name is '', but has to be text"),
    ('volumes: [{guid: abc}]', "guid is 'abc', which is no GUID"),
    ('volumes: [{name: V, cluster: []}]', 'cluster is a list'),
    ('standalone: [7]', '7 is no name of a node'),
    ('standalone: hv01', "standalone is 'hv01', but has to be a list")])
def test_an_entry_about_nothing_makes_the_file_incomplete(
        tmp_path, text, message):
    found = read(f'version: 1\n{text}', tmp_path)
    assert not found.is_complete
    assert message in messages(found)
    assert 'nothing returns to its default' in messages(found)


@pytest.mark.parametrize(('kind', 'line', 'message'), [
    ('volumes', 'reserve_gb: 20GB', "reserve_gb is '20GB', but has to be a "
                                    'whole number of GiB'),
    ('volumes', 'reserve_gb: -1', 'reserve_gb is -1'),
    ('volumes', 'reserve_gb: 1.5', 'reserve_gb is 1.5'),
    ('volumes', 'reserve_gb: 190:20:30', "reserve_gb is '190:20:30'"),
    ('volumes', f'reserve_gb: {10 ** 60}', 'more than 30 digits'),
    ('volumes', 'reserve_gb:', 'reserve_gb is empty'),
    ('volumes', 'reserve_gb: true', 'reserve_gb is true'),
    ('volumes', 'maintenance: "yes"', "maintenance is 'yes', but has to be "
                                      'true or false'),
    ('volumes', 'medium: tape', "has to be one of hdd, ssd"),
    ('volumes', 'identity: x', 'has to be a GUID'),
    ('volumes', 'acepts_new_disks: false', "unknown field "
     "'acepts_new_disks'; did you mean 'accepts_new_disks'?"),
    ('volumes', 'home: Volume1', "unknown field 'home'"),
    ('volumes', '7: 1', 'unknown field 7'),
    ('nodes', 'state: pause', 'has to be one of up, paused'),
    ('nodes', 'home: ""', 'home is'), ('nodes', 'home: [x]', 'home is a'),
    ('clusters', 'identity: []', 'identity is a list')])
def test_a_wrong_line_costs_its_entry(tmp_path, kind, line, message):
    found = read(f'version: 1\n{kind}:\n- name: X\n  {line}\n- name: Y\n',
                 tmp_path)
    assert found.is_complete
    assert [entry.is_faulty for entry in found.entries] == [True, False]
    problem, = found.problems
    assert problem.code == 'override-invalid'
    assert message in str(problem)
    assert f"{kind[:-1]} 'X'" in str(problem)


def test_several_files_and_folders_are_read_together(tmp_path):
    (tmp_path / 'd').mkdir()
    for name in ('b.yaml', 'a.yml', '.c.yaml', 'd.txt'):
        (tmp_path / 'd' / name).write_text(
            f'version: 1\nstandalone: [{name[0]}]')
    (tmp_path / 'x.yaml').write_text('version: 1\nstandalone: [x]')
    found = overrides.read([str(tmp_path / 'x.yaml'), str(tmp_path / 'd')])
    assert found.standalone == ('x', 'a', 'b')
    assert found.is_complete


@pytest.mark.parametrize('kind', ['missing', 'empty folder', 'fifo',
                                  'device', 'no right', 'nul'])
def test_what_is_no_file_is_unknown_and_never_waited_for(tmp_path, kind):
    path = tmp_path / 'o.yaml'
    if kind == 'empty folder':
        path.mkdir()
    elif kind == 'fifo':
        os.mkfifo(path)
    elif kind == 'no right':
        path.symlink_to('/proc/self/mem')
    name = {'device': '/dev/zero', 'nul': 'a\0b'}.get(kind, str(path))
    answers = []
    reader = threading.Thread(
        target=lambda: answers.append(overrides.read([name])), daemon=True)
    reader.start()
    reader.join(30)
    found, = answers
    assert not found.is_complete
    assert found.problems[0].code == 'overrides-not-read'


def test_a_huge_file_is_refused_and_many_faults_are_cut_short(tmp_path):
    rows = '\n'.join(f'- {{name: V{i}, reserve_gb: x}}' for i in range(500))
    found = read(f'version: 1\nvolumes:\n{rows}', tmp_path)
    assert len(found.problems) == form.MAX_PROBLEMS + 1
    assert 'and 480 more faults' in messages(found)
    assert all(entry.is_faulty for entry in found.entries)
    assert 'larger than 64 MiB' in messages(
        read(b' ' * (65 * 1024 * 1024), tmp_path))


def test_a_hostile_name_is_cut_short(tmp_path):
    found = read('version: 1\nvolumes: [{name: "' + '\\e[2J' * 30
                 + '", reserve_gb: ' + '"' + 'x' * 90000 + '"}]', tmp_path)
    assert len(messages(found)) < 1000
    assert '\x1b' not in messages(found)


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp('o')
    found = read(data, folder)
    assert found.is_complete or found.problems
