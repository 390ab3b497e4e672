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

"""Files and folders: what cannot be read is said, the rest is read."""

import json
import os
import pathlib
import stat
import types

import pytest
import yaml

from hv_sched import exception
from hv_sched import sources
from hv_sched.sources import files
from hv_sched.sources import validation
from tests.unit.sources import samples

WINDOWS = pathlib.Path(__file__).parents[2] / 'windows' / 'samples'

BOMB = """
a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
version: 1
clusters: [*c, *c]
"""

UNUSABLE = {
    'empty': ('', 'a.yaml: is empty'),
    'comment': ('# nothing\n', 'a.yaml: is empty'),
    'list': ('- 1\n', 'a.yaml: is a list, but has to be a mapping with '
             'version and clusters'),
    'no version': ('clusters: [{}]\n', 'a.yaml: the file has no version: '
                   'Version of this form'),
    'other version': ('version: 3\n', 'a.yaml: version: version 3 is not '
                      'known; this release reads versions 1 and 2'),
    'version true': ('version: true\nclusters: [{}]\n', 'a.yaml: version: '
                     'version true is not known; this release reads'),
    'no clusters': ('version: 1\n', 'a.yaml: the file has no clusters'),
    'zero clusters': ('version: 1\nclusters: []\n', 'a.yaml: clusters: '
                      'clusters of the file is an empty list'),
    'misspelt': ('version: 1\nclusters: [{}]\ncollectd_at: x\n',
                 'a.yaml: collectd_at: the file has an unknown field '
                 '\'collectd_at\'; did you mean \'collected_at\'?'),
    'no zone': ('version: 1\ncollected_at: 2026-03-01T08:30:00\n'
                'clusters: [{}]\n',
                'a.yaml: collected_at: collected_at of the file is '
                '\'2026-03-01T08:30:00\', but has to be of this form: When '
                'this was read from Windows, RFC 3339 with a time zone'),
    'no such day': ('version: 1\ncollected_at: 2026-02-30T08:30:00Z\n'
                    'clusters: [{}]\n',
                    'a.yaml: collected_at: \'2026-02-30T08:30:00Z\' is not '
                    'a time'),
    'not yaml': ('version: [1\n', 'a.yaml: is not valid YAML: line 2'),
    'bomb': (BOMB, 'a.yaml: line 3 has the alias *a as b[0]; write the '
             'value out'),
    'same field twice': ('version: 1\nversion: 1\n', 'a.yaml: line 2 has '
                         'the field version twice; keep one'),
    'same field twice in a list': (
        'clusters:\n- name: c1\n  volumes: [{guid: a}, {guid: b, guid: c}]',
        'a.yaml: line 3 has the field clusters[0].volumes[1].guid twice; '
        'keep one'),
    'same field twice after others': (
        'clusters: [{nodes: [a, [b], {c: {d: e}}], name: f, name: g}]',
        'a.yaml: line 1 has the field clusters[0].name twice; keep one'),
    'tag': ('version: !!python/object/apply:os.getcwd []\n', 'a.yaml: line '
            '1 has the tag tag:yaml.org,2002:python/object/apply:os.getcwd '
            'at version;'),
    'merge': ('clusters: [{<<: {version: 1}}]\n', 'a.yaml: line 1 has a '
              'merge (<<) in clusters[0];'),
    'two documents': ('version: 1\n---\nversion: 1\n', 'a.yaml: line 2 has '
                      'a second document (---)'),
    'deep': ('[' * 100000, 'a.yaml: line 1 is nested too deep'),
    'control character': ('version: \x07', 'a.yaml: is not valid YAML: '),
    'endless number': ('version: 1' + '0' * 5000, 'a.yaml: is not valid '
                       'YAML: '),
    'other encoding': (b'version: \xff\xff', 'a.yaml: is not utf-8-sig '
                       'text: byte 9'),
}
UNUSABLE_JSON = {
    'empty': ('', 'a.json: is empty'),
    'half': ('{"version": 1,', 'a.json: is not valid JSON: '),
    'same field twice': ('{"version": 1, "version": 1}', 'a.json: has the '
                         'field version twice; keep one'),
    'same field twice in a list': (
        '{"clusters": [{"volumes": [{"guid": 1}, {"guid": 2, "guid": 3}]}]}',
        'a.json: has the field clusters[0].volumes[1].guid twice; keep one'),
    'same field twice in what is there twice': (
        '{"a": {"b": 1, "b": 2}, "a": 3}', 'a.json: has the field b twice'),
    'not a number': ('{"version": NaN}', 'a.json: has NaN, which is not a '
                     'JSON number'),
    'deep': ('[' * 100000, 'a.json: is nested too deep'),
    'endless number': ('1' * 5000, 'a.json: is not valid JSON: '),
}


def _write(folder, name, content=None):
    if content is None:
        content = json.dumps(samples.document())
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content, 'utf-8')
    return str(path)


@pytest.mark.parametrize(
    ('name', 'content', 'message'),
    [('a.yaml', *each) for each in UNUSABLE.values()]
    + [('a.json', *each) for each in UNUSABLE_JSON.values()],
    ids=[*UNUSABLE, *(f'json {name}' for name in UNUSABLE_JSON)])
class TestAnUnusableFile:
    def test_alone_is_an_error(self, tmp_path, name, content, message):
        path = _write(tmp_path, name, content)
        with pytest.raises(exception.InvalidFacts) as caught:
            sources.load(path)
        assert str(caught.value).startswith(f'{tmp_path}{os.sep}{message}')

    def test_among_others_is_a_problem(self, tmp_path, name, content,
                                       message):
        _write(tmp_path, name, content)
        _write(tmp_path, 'z.yaml')
        facts = sources.load(str(tmp_path))
        assert [each.name for each in facts.clusters] == ['c1']
        problem, = facts.problems
        assert problem.cluster is None
        assert str(problem).startswith(f'{tmp_path}{os.sep}{message}')


def test_a_folder_is_its_visible_yaml_and_json_files_together(tmp_path):
    full = samples.full()
    first, second = full['clusters']
    _write(tmp_path, 'b.YML', yaml.safe_dump(
        samples.document(first, version=2)))
    _write(tmp_path, 'a.json', json.dumps(samples.document(
        second, version=2)))
    _write(tmp_path, '.hidden.yaml', 'rubbish: [')
    _write(tmp_path, 'notes.txt', 'rubbish')
    (tmp_path / 'folder.yaml').mkdir()
    facts = sources.load(str(tmp_path))
    assert [each.name for each in facts.clusters] == ['c2', 'c1']
    assert facts.problems == ()


def test_each_cluster_is_as_old_as_its_own_file(tmp_path):
    first, second = samples.full()['clusters']
    _write(tmp_path, 'a.json', json.dumps(samples.document(
        first, collected_at='2026-03-01T08:30:00Z', version=2)))
    _write(tmp_path, 'b.json', json.dumps(samples.document(
        second, version=2)))
    dated, undated = sources.load(str(tmp_path)).clusters
    assert dated.collected_at is not None
    assert undated.collected_at is None


def test_one_cluster_in_two_files_is_left_out_and_both_are_named(tmp_path):
    paths = [_write(tmp_path, name) for name in ('a.json', 'b.json')]
    facts = sources.load(str(tmp_path))
    assert facts.clusters == ()
    told = '\n'.join(str(each) for each in facts.problems)
    assert all(f'{path}: clusters[0].guid' in told for path in paths)


@pytest.mark.parametrize('source_type', ['static', 'json'])
def test_a_type_reads_only_its_files_of_a_folder(tmp_path, source_type):
    _write(tmp_path, 'a.yaml' if source_type == 'json' else 'a.json', '[')
    _write(tmp_path, 'z.json' if source_type == 'json' else 'z.yaml')
    assert sources.load(str(tmp_path), source_type).problems == ()


def test_a_file_of_any_name_can_be_read_by_its_type(tmp_path):
    path = _write(tmp_path, 'clusters')
    assert sources.load(path, 'json').clusters
    with pytest.raises(exception.InvalidFacts, match='source_type'):
        sources.load(path)


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_the_encodings_windows_writes_are_read(tmp_path, encoding):
    text = json.dumps(samples.document(samples.cluster(name='Süd')),
                      ensure_ascii=False)
    for name in ('a.json', 'a.yaml'):
        path = _write(tmp_path, name, text.encode(encoding))
        assert sources.load(path).clusters[0].name == 'Süd'


def test_what_yaml_would_read_as_something_else_stays_text(tmp_path):
    text = yaml.safe_dump(samples.document())
    path = _write(tmp_path, 'a.yaml',
                  text + 'collected_at: 2026-03-01T08:30:00+02:00\n')
    cluster, = sources.load(path).clusters
    assert cluster.collected_at.isoformat() == '2026-03-01T08:30:00+02:00'


def test_a_folder_without_files_says_what_it_looked_for(tmp_path):
    with pytest.raises(exception.InvalidFacts,
                       match='no file in this folder ends in .yaml or .yml '
                             'or .json'):
        sources.load(str(tmp_path))


def test_a_missing_path_is_named(tmp_path):
    with pytest.raises(exception.InvalidFacts,
                       match='/absent: No such file or directory'):
        sources.load(str(tmp_path / 'absent'))


def test_a_link_to_itself_is_an_error_and_not_a_loop(tmp_path):
    link = tmp_path / 'a.yaml'
    link.symlink_to(link)
    for path in (link, tmp_path):
        with pytest.raises(exception.InvalidFacts,
                           match='Too many levels of symbolic links'):
            sources.load(str(path))


def test_a_link_to_nothing_is_a_problem_and_not_skipped(tmp_path):
    (tmp_path / 'a.yaml').symlink_to(tmp_path / 'absent')
    _write(tmp_path, 'z.yaml')
    problem, = sources.load(str(tmp_path)).problems
    assert problem.message == 'No such file or directory'


@pytest.mark.skipif(os.geteuid() == 0, reason='root may read everything')
def test_a_file_without_permission_is_named(tmp_path):
    path = _write(tmp_path, 'a.yaml')
    os.chmod(path, 0)
    with pytest.raises(exception.InvalidFacts,
                       match='a.yaml: Permission denied'):
        sources.load(path)


def refusal(path):
    """What is said of a file that has something wrong."""
    try:
        facts = sources.load(path)
    except exception.InvalidFacts as exc:
        return str(exc)
    assert all(volume.size_bytes is None for cluster in facts.clusters
               for volume in cluster.volumes)
    return '; '.join(map(str, facts.problems))


@pytest.mark.parametrize('text', [
    '190:20:30', '010', '0o10', '0x1F4', '0b11', '1_000', '.inf', '-.inf',
    '.nan', '.NaN', '1:30.5', '1e3', '1_0.5'])
def test_yamls_other_ways_to_write_a_number_are_none(tmp_path, text):
    """YAML 1.1 reads 190:20:30 as 685230, and 010 as 8."""
    document = yaml.safe_dump(samples.document())
    path = _write(tmp_path, 'a.yaml', document.replace(
        'size_gb: 500', f'size_gb: {text}'))
    assert 'clusters[0].volumes[0].size_gb' in refusal(path)
    assert f"'{text}', but has to be a whole number" in refusal(path)


@pytest.mark.parametrize('text', ['190:20:30', '010', '0x1F4', '1_000'])
def test_a_name_that_looks_like_such_a_number_is_a_name(tmp_path, text):
    document = yaml.safe_dump(samples.document())
    path = _write(tmp_path, 'a.yaml', document.replace(
        'name: Volume1', f'name: {text}'))
    assert sources.load(path).clusters[0].volumes[0].name == text


@pytest.mark.parametrize('text,gb', [('0500', None), ('500', 500),
                                     ('+500', 500), ('500.0', 500)])
def test_plain_numbers_stay_numbers(tmp_path, text, gb):
    document = yaml.safe_dump(samples.document())
    path = _write(tmp_path, 'a.yaml', document.replace(
        'size_gb: 500', f'size_gb: {text}'))
    if gb is None:
        assert 'clusters[0].volumes[0].size_gb' in refusal(path)
    else:
        assert sources.load(path).clusters[0].volumes[0].size_bytes == (
            gb * 1024 ** 3)


@pytest.mark.parametrize('text', ['yes', 'Yes', 'on', 'true', 'TRUE'])
def test_yes_and_no_stay_booleans_in_version_1(tmp_path, text):
    document = yaml.safe_dump(samples.document())
    path = _write(tmp_path, 'a.yaml', document.replace(
        'size_gb: 500', f'size_gb: 500\n    maintenance: {text}'))
    assert sources.load(path).clusters[0].volumes[0].maintenance is True


@pytest.mark.parametrize('text', ['yes', 'no', 'on', 'off', 'Y'])
def test_in_version_2_yes_and_no_are_text_and_may_be_names(tmp_path, text):
    """The top-level domain of Norway, and a node called on."""
    document = yaml.safe_dump(samples.document(version=2))
    path = _write(tmp_path, 'a.yaml', document.replace(
        'name: hv02', f'name: {text}'))
    assert sources.load(path).clusters[0].nodes[1].name == text


@pytest.mark.parametrize('text,is_closed', [
    ('true', True), ('TRUE', True), ('yes', True), ('"True"', True),
    ('no', False), ('false', False), ('maybe', None), ('1', None)])
def test_in_version_2_a_boolean_is_what_its_word_says(
        tmp_path, text, is_closed):
    document = yaml.safe_dump(samples.document(version=2))
    path = _write(tmp_path, 'a.yaml', document.replace(
        'size_gb: 500', f'size_gb: 500\n    maintenance: {text}'))
    facts = sources.load(path)
    assert facts.clusters[0].volumes[0].maintenance is is_closed
    assert len(facts.problems) == (1 if is_closed is None else 0)


def test_a_pipe_is_refused_at_once(tmp_path):
    path = tmp_path / 'a.yaml'
    os.mkfifo(path)
    with pytest.raises(exception.InvalidFacts,
                       match='a.yaml: is a pipe, not a regular file'):
        sources.load(str(path))


@pytest.mark.parametrize('name', ['a.yaml', 'a.json'])
@pytest.mark.parametrize('document,words', [
    (samples.document(**{f'k{i}': 1 for i in range(1001)}),
     'more than 1000 fields'),
    (samples.document(samples.cluster(**{
        f'k{i}': 1 for i in range(1001)})), 'more than 1000 fields'),
    ({'version': 1, 'clusters': [{}] * 1001}, 'more than 1000 clusters'),
    (samples.document(samples.cluster(nodes=['x'] * 5000)),
     'more than 5000 values'),
])
def test_more_of_anything_than_any_cloud_has_is_refused(
        tmp_path, monkeypatch, name, document, words):
    monkeypatch.setattr(validation, 'MAX_VALUES', 5000)
    path = _write(tmp_path, name, json.dumps(document))
    assert words in refusal(path)
    assert len(refusal(path)) < 400


def test_as_many_as_the_limits_say_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(validation, 'MAX_VALUES', 60)
    clusters = [samples.cluster(
        name=f'c{i}', guid=samples.CLUSTER[:-1] + str(i),
        nodes=[{'name': f'hv{i}'}],
        volumes=[samples.volume(guid=samples.VOLUME_1[:-1] + str(i))])
        for i in range(2)]
    for name in ('a.yaml', 'a.json'):
        assert len(sources.load(_write(tmp_path, name, json.dumps(
            samples.document(*clusters)))).clusters) == 2


def test_a_file_beyond_the_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, 'MAX_FILE_BYTES', 1024 ** 2)
    path = _write(tmp_path, 'a.yaml', '#' * (1024 ** 2 + 1))
    with pytest.raises(exception.InvalidFacts,
                       match='is larger than 1 MiB'):
        sources.load(path)


@pytest.mark.parametrize('seconds', [1e12, -1e12, 2.0 ** 80])
def test_a_modification_time_in_no_year_is_an_error_of_ours(
        tmp_path, monkeypatch, seconds):
    """Whoever writes a file may give it any; tmpfs keeps it."""
    path = tmp_path / 'answers.jsonl'
    path.write_bytes((WINDOWS / 'cluster.jsonl').read_bytes())
    with monkeypatch.context() as patch:
        patch.setattr(files.os, 'stat', lambda path: types.SimpleNamespace(
            st_mode=stat.S_IFREG, st_mtime=seconds))
        with pytest.raises(exception.InvalidFacts) as caught:
            sources.load(str(path))
    assert 'its modification time cannot be' in str(caught.value)
