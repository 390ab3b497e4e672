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


"""The page of the releases, and the runner that fills it."""

import json

import pytest

from doc import matrix_page
from tests import records
from tests.matrix import run

RESULT = {'passed': 3, 'failed': 1, 'skipped': 2, 'seconds': 7,
          'nova': '29.4.0', 'placement': '11.0.0', 'python': '3.11.2',
          'date': '2026-11-27', 'commit': 'abc'}


def test_what_was_not_run_says_so():
    text = matrix_page.page_of({'2024.1': {'test_a': RESULT}},
                               ['test_a', 'test_b'])
    rest = '\n     - not run'
    assert (f'* - test_a{rest}{rest}\n     - 3, 1, 2{rest}' in text)
    assert f'* - test_b{rest * 9}\n' in text
    assert '* - 2023.1\n     - 27: not run\n' in text


def test_a_file_that_did_not_end_is_no_success():
    assert matrix_page.cell({**RESULT, 'broken off': 'TimeoutExpired'}) == (
        'broken off (TimeoutExpired)')


def test_every_release_of_the_page_has_constraints():
    assert set(run.releases()) <= matrix_page.NOVA.keys()


def test_a_column_is_a_release_or_one_with_native_threads():
    assert run.release_of('2026.2') == run.release_of('2026.2 threads')
    assert {'2024.1', '2026.2', '2026.2 threads'} <= set(run.columns())


def test_counts_are_those_of_pytest():
    assert run.counts_of(
        '<testsuites><testsuite tests="9" failures="1" errors="1" '
        'skipped="3" time="6.6"/></testsuites>') == {
            'passed': 4, 'failed': 2, 'skipped': 3, 'seconds': 7}


def test_reports_of_both_targets_are_one_result(tmp_path):
    for target in ('test', 'wide'):
        path = tmp_path / target / 'tests/nova/test_a.py.xml'
        path.parent.mkdir(parents=True)
        path.write_text('<testsuites><testsuite tests="2" failures="0" '
                        'errors="0" skipped="1" time="3"/></testsuites>')
    folders = [tmp_path / 'test', tmp_path / 'wide']
    assert run.reported('test_a', folders) == {
        'passed': 2, 'failed': 0, 'skipped': 2, 'seconds': 6}
    with pytest.raises(FileNotFoundError, match='test_b'):
        run.reported('test_b', folders)


def test_a_result_is_kept_at_once_and_not_made_again(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(run, 'RECORD', tmp_path / 'matrix.json')
    monkeypatch.setattr(run, 'install', lambda release: None)

    def result(release, suite):
        ran.append((release, suite))
        # Another run, side by side with this.
        records.keep(run.RECORD, ('2025.1', 'test_c'), RESULT)
        return RESULT

    monkeypatch.setattr(run, 'run', result)
    records.keep(run.RECORD, ('2024.1', 'test_a'), RESULT)
    run.fill(['2024.1'], ['test_a', 'test_b'])
    assert ran == [('2024.1', 'test_b')]
    kept = json.loads(run.RECORD.read_text())
    assert kept == {'2024.1': {'test_a': RESULT, 'test_b': RESULT},
                    '2025.1': {'test_c': RESULT}}
