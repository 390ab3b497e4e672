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

"""What an export must be before a retire believes it."""

import errno
import json
import os
import stat
import subprocess
import sys

import pytest

from hv_sched import exception
from hv_sched import new_file
from hv_sched.adopt import export

NODE = '11111111-2222-4333-8444-555555555555'
WHERE = f'providers.{NODE}.inventories.DISK_GB.allocation_ratio'


def document(ratio=1.5, **fields):
    return {'hv_sched_export': 1, 'providers': {NODE: {
        'name': 'hv01', 'inventories': {
            'DISK_GB': {'total': 500, 'allocation_ratio': ratio}}}},
        **fields}


def refusal(tmp_path, content):
    path = tmp_path / 'export.json'
    path.write_text(content if isinstance(content, str)
                    else json.dumps(content))
    with pytest.raises(exception.InvalidConfig) as caught:
        export.load(str(path))
    told = str(caught.value)
    assert told.startswith(str(path)) and len(told) < 400
    return told


@pytest.mark.parametrize('ratio', [1e-7, 0.5, 1, 16.0, 10000])
def test_a_ratio_that_a_node_may_have_is_read(tmp_path, ratio):
    path = tmp_path / 'export.json'
    path.write_text(json.dumps(document(ratio)))
    assert export.load(str(path)).ratios == {NODE: ratio}


@pytest.mark.parametrize('ratio,shown', [
    (float('nan'), 'nan'), (float('inf'), 'inf'), (-1, '-1'), (0, '0'),
    (-float('inf'), '-inf'), (10001, '10001'), (True, 'true'),
    ('1.5', "'1.5'"), (None, 'empty'), ([1.5], 'a list'),
    (10 ** 400, 'a number of more than 30 digits')])
def test_any_other_ratio_is_refused_with_its_place(tmp_path, ratio, shown):
    told = refusal(tmp_path, document(ratio))
    assert (f'{WHERE} is {shown}, but has to be a number above 0 and at '
            'most 10000') in told


@pytest.mark.parametrize('content,words', [
    ('', 'is not valid JSON'),
    ('null', 'is not an export'),
    ('[]', 'is not an export'),
    ('{}', 'is not an export'),
    ('{"hv_sched_export": 1', 'is not valid JSON'),
    ('[' * 100000, 'is nested too deep'),
    ('{"a":' * 100000, 'is nested too deep'),
    ('{"hv_sched_export": 1, "hv_sched_export": 1}', 'twice'),
    (document(hv_sched_export=2), 'an export of version 2, not 1'),
    (document(hv_sched_export=True), 'an export of version true, not 1'),
    (document(providers=[]), 'providers is a list, but has to be a mapping'),
    (document(providers={NODE: 1}),
     f'providers.{NODE} is 1, but has to be a mapping'),
    (document(providers={NODE: {}}),
     f'providers.{NODE}.inventories is empty, but has to be a mapping'),
    (document(providers={NODE: {'inventories': {'DISK_GB': []}}}),
     f'providers.{NODE}.inventories.DISK_GB is a list, but has'),
    *((document(providers={NODE: {**document()['providers'][NODE],
                                  'traits': traits}}),
       f'providers.{NODE}.traits is {shown}, but has to be a list of names')
      for traits, shown in (('x', "'x'"), (None, 'empty'), ([1], 'a list'))),
])
def test_what_is_no_export_is_refused_with_the_reason(tmp_path, content,
                                                      words):
    assert words in refusal(tmp_path, content)


@pytest.mark.parametrize('trait,ratio', [
    ('CUSTOM_CSV_FORMER_RATIO_1_5', 1.5), ('CUSTOM_CSV_FORMER_RATIO_X', 1.0),
    ('CUSTOM_CSV_FORMER_RATIO_INF', 1.0), ('CUSTOM_CSV_FORMER_RATIO_NAN', 1.0),
    ('CUSTOM_CSV_FORMER_RATIO_' + 200 * '9', 10000), ('CUSTOM_GOLD', 1e-7)],
    ids=['read', 'letters', 'infinite', 'no number', 'huge', 'none'])
def test_a_closed_node_has_the_ratio_it_had_before(tmp_path, trait, ratio):
    path = tmp_path / 'export.json'
    closed = document(1e-7)
    closed['providers'][NODE]['traits'] = [trait]
    path.write_text(json.dumps(closed))
    assert export.load(str(path)).ratios == {NODE: ratio}


def test_a_provider_without_a_disk_has_no_ratio(tmp_path):
    path = tmp_path / 'export.json'
    path.write_text(json.dumps(document(providers={
        NODE: {'inventories': {}}})))
    assert export.load(str(path)).ratios == {}


def test_a_pipe_is_refused_without_waiting(tmp_path):
    path = str(tmp_path / 'pipe')
    os.mkfifo(path)
    with pytest.raises(exception.InvalidConfig, match='is a pipe, not a'):
        export.load(path)


_HALF = """
import os, sys
from hv_sched.adopt import export
def stop(document, file, **options):
    file.write('half')
    file.flush()
    print('half', flush=True)
    sys.stdin.read()
export.json.dump = stop
export.write({}, sys.argv[1])
"""


def test_a_kill_while_it_is_written_leaves_nothing(tmp_path):
    """SIGKILL: no half of a file, and no temporary one."""
    with subprocess.Popen(
            [sys.executable, '-c', _HALF, str(tmp_path / 'export.json')],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writing:
        assert writing.stdout.readline() == b'half\n'
        writing.kill()
        writing.wait()
    assert os.listdir(tmp_path) == []


@pytest.fixture(params=[True, False], ids=['unnamed', 'named'])
def temporary(request, monkeypatch):
    """Some file systems have no files without a name."""
    if not request.param:
        monkeypatch.setattr(new_file, '_unnamed', new_file.NOT_OFFERED)


def test_a_disk_that_is_full_leaves_nothing(tmp_path, monkeypatch, temporary):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(export.json, 'dump', full)
    with pytest.raises(exception.InvalidConfig, match='No space left'):
        export.write({}, str(tmp_path / 'export.json'))
    assert os.listdir(tmp_path) == []


def test_only_its_owner_reads_what_is_written(tmp_path, temporary):
    """Whatever the umask is."""
    path = tmp_path / 'export.json'
    before = os.umask(0)
    try:
        export.write(document(), str(path))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ['export.json']
    assert export.load(str(path)).ratios == {NODE: 1.5}


@pytest.mark.parametrize('kind', ['file', 'link', 'dangling', 'pipe',
                                  'folder'])
def test_nothing_that_is_there_is_replaced(tmp_path, temporary, kind):
    """Nor is a link followed, by which somebody aims at another file."""
    path, other = tmp_path / 'export.json', tmp_path / 'other'
    {'file': lambda: path.write_text('mine'),
     'link': lambda: (other.write_text('mine'), path.symlink_to(other)),
     'dangling': lambda: path.symlink_to(other),
     'pipe': lambda: os.mkfifo(path), 'folder': path.mkdir}[kind]()
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(exception.InvalidConfig, match='(?i)exists'):
        export.write(document(), str(path))
    assert sorted(os.listdir(tmp_path)) == before
    assert kind not in ('file', 'link') or path.read_text() == 'mine'


@pytest.mark.parametrize('target', ['/dev/zero', '/proc/self/mem', '.'])
def test_what_retire_is_given_is_a_file(tmp_path, target):
    """Also by way of a link, and without waiting."""
    path = tmp_path / 'export.json'
    path.symlink_to(target)
    with pytest.raises(exception.InvalidConfig, match=str(path)):
        export.load(str(path))


def test_a_file_that_is_huge_is_not_read(tmp_path):
    path = tmp_path / 'export.json'
    with path.open('wb') as file:
        file.truncate(10 ** 12)
    with pytest.raises(exception.InvalidConfig, match='larger than 64 MiB'):
        export.load(str(path))
