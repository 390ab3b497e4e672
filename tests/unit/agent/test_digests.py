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

"""Agents with other sources, overrides or options can be told apart."""

import types

import pytest

from hv_sched import model
from hv_sched.agent import digests
from hv_sched.providers.settings import Settings

GUID = '3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d01'
DECIDED = 'version: 1\nvolumes:\n- {name: Volume1, reserve_gb: 5}\n'
SOURCE, OVERRIDES, OPTIONS = (
    'clusters, nodes or volumes in the source', 'overrides',
    'options in [hv_sched]')


def facts(*, free_gb=100, node='hv01', volume=GUID):
    return model.Facts((model.Cluster(
        GUID, 'c1', (model.Node(node),),
        (model.Volume(volume, 'Volume1', 500 * model.GIB,
                      free_bytes=free_gb * model.GIB),)),))


def digest(source=None, overrides=(), publishing=None, **options):
    options = types.SimpleNamespace(**{
        'overrides': list(map(str, overrides)), 'heal_codes': ['escrow'],
        'cold_move_keeps_disk': False, **options})
    source = source or facts()
    return digests.Digests(options, publishing or Settings(),
                           lambda: source)()


def differing(mine, theirs):
    assert mine.keys() == theirs.keys()
    return {name for name in mine if mine[name] != theirs[name]}


@pytest.fixture
def write(tmp_path):
    def write_file(name, text=DECIDED):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path
    return write_file


def test_what_changes_by_itself_tells_no_agents_apart():
    assert not differing(digest(facts(free_gb=100)),
                         digest(facts(free_gb=7)))


@pytest.mark.parametrize('other', [
    {'node': 'hv02'}, {'volume': '3f2c7a10-5b8e-4c61-9d42-7e1a0b6c5d02'}])
def test_another_source_is_told(other):
    assert differing(digest(), digest(facts(**other))) == {SOURCE}


@pytest.mark.parametrize('options', [
    {'publishing': Settings(floor_gb=7)}, {'heal_codes': []},
    {'cold_move_keeps_disk': True}])
def test_another_option_is_told(options):
    assert differing(digest(), digest(**options)) == {OPTIONS}


def test_another_release_is_told(monkeypatch):
    mine = digest()
    monkeypatch.setattr(digests.metadata, 'version', lambda name: '9.9.9')
    assert differing(mine, digest()) == {'release of hv_sched'}


def test_one_decision_in_a_file_and_in_a_folder_is_the_same(write):
    file, folder = write('o.yaml'), write('folder/a.yaml').parent
    commented = write('p.yaml', f'# by hand\n{DECIDED}')
    assert not differing(digest(overrides=[file]),
                         digest(overrides=[folder]))
    assert not differing(digest(overrides=[file]),
                         digest(overrides=[commented]))


@pytest.mark.parametrize('text', [
    DECIDED.replace('5', '6'), f'{DECIDED}standalone: [hv09]\n',
    'version: 1\n', 'version: 1\nvolumes: [{'])
def test_another_decision_in_a_folder_is_told(write, text):
    mine, theirs = (write('mine/a.yaml').parent,
                    write('theirs/a.yaml', text).parent)
    assert differing(digest(overrides=[mine]),
                     digest(overrides=[theirs])) == {OVERRIDES}


def test_a_file_that_is_gone_is_told(write, tmp_path):
    assert differing(digest(overrides=[write('o.yaml')]),
                     digest(overrides=[tmp_path / 'gone.yaml'])) == {
        OVERRIDES}
