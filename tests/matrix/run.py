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


"""Runs files of tests/nova on releases and keeps what came of each.

``make matrix MATRIX_ARGS='--release 2024.1 test_create test_gpu'``: a file at
a time, in the virtual environment ``.venv-RELEASE``. A result is written to
doc/matrix.json when its file has ended; a file that has one is not run again
without ``--again``, so a run that was stopped goes on where it ended, and two
that run side by side keep each other's results.

``make test PYTEST_ARGS=--junitxml=FOLDER/{}.xml``, and ``make test-wide`` with
another folder, leave reports of a run on the release of the checkout; with
``--reports`` for each folder they are that release's column.
"""

import argparse
from collections.abc import Collection
from collections.abc import Iterable
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any
from xml.etree import ElementTree

from doc import matrix_page
from tests import records
from tests import repository

ROOT = repository.ROOT
RECORD = matrix_page.RECORD
SUITES = matrix_page.SUITES
# Longer than any file needs that does not hang.
FILE_TIMEOUT_SECONDS = 1800
# Those of `make test` and `make test-wide`.
ALL = 'not faults and not long'
VERSIONS = """
import json, platform
from importlib import metadata
print(json.dumps({'nova': metadata.version('nova'),
                  'placement': metadata.version('openstack-placement'),
                  'python': platform.python_version()}))
"""


def releases() -> list[str]:
    """The releases that have constraints, the oldest first."""
    return sorted(path.stem for path in (ROOT / 'constraints').glob('2*.txt'))


def counts_of(report: str) -> dict[str, Any]:
    """The tests of a JUnit report that passed, failed and were skipped.

    :param report: the XML that pytest writes.
    """
    suite = ElementTree.fromstring(report).find('testsuite')
    if suite is None:
        raise ValueError('The report of pytest has no testsuite: run the file '
                         'with pytest to see why.')
    number = {name: int(suite.attrib[name])
              for name in ('tests', 'failures', 'errors', 'skipped')}
    failed = number['failures'] + number['errors']
    return {'passed': max(0, number['tests'] - failed - number['skipped']),
            'failed': failed, 'skipped': number['skipped'],
            'seconds': round(float(suite.attrib['time']))}


def columns() -> list[str]:
    """The columns of the page whose release has constraints."""
    return [column for column in matrix_page.NOVA
            if release_of(column) in releases()]


def release_of(column: str) -> str:
    """The release that a column is of."""
    return column.partition(' ')[0]


def install(release: str) -> None:
    """Make the virtual environment of a release that has none."""
    folder = f'.venv-{release}'
    if not (ROOT / folder / '.test').exists():
        subprocess.run(['make', f'RELEASE={release}', f'VENV={folder}',
                        f'{folder}/.test'], cwd=ROOT, check=True)


def run(column: str, suite: str) -> dict[str, Any]:
    """Run one file for one column.

    :returns: what came of it, with versions, seconds, date and the last
        commit that changed what is tested.
    """
    python = ROOT / f'.venv-{release_of(column)}/bin/python'
    started = time.monotonic()
    counts = _counts(python, suite, {
        'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'true'
        } if column.endswith(matrix_page.THREADS) else {})
    return {**counts, 'seconds': round(time.monotonic() - started),
            **_circumstances(python)}


def _circumstances(python: pathlib.Path) -> dict[str, str]:
    """Versions, date, and the last commit that changed what is tested."""
    return {**json.loads(_output(str(python), '-c', VERSIONS)),
            'date': records.today(),
            'commit': _output('git', 'log', '-1', '--format=%h', '--',
                              'hv_sched', 'tests/nova')}


def reported(suite: str, folders: Iterable[pathlib.Path]) -> dict[str, Any]:
    """What came of a file in runs of `make test` and `make test-wide`.

    :param folders: where ``--junitxml=FOLDER/{}.xml`` wrote their reports
    :raises FileNotFoundError: none of them has a report of the file
    """
    paths = [path for folder in folders if (
        path := folder / f'tests/nova/{suite}.py.xml').exists()]
    if not paths:
        raise FileNotFoundError(f'no report of {suite} in these folders')
    counts = [counts_of(path.read_text()) for path in paths]
    return {name: sum(each[name] for each in counts) for name in counts[0]}


def take(column: str, files: Iterable[str],
         folders: Collection[pathlib.Path]) -> None:
    """Keep what those runs made of the files, in the checkout's .venv."""
    circumstances = _circumstances(ROOT / '.venv/bin/python')
    for suite in files:
        records.keep(RECORD, (column, suite), {
            **reported(suite, folders), **circumstances})


def _counts(python: pathlib.Path, suite: str,
            environment: dict[str, str]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / 'report.xml'
        try:
            subprocess.run(
                [python, '-m', 'pytest', '-q', '-m', ALL,
                 f'--junitxml={report}', SUITES / f'{suite}.py'], cwd=ROOT,
                check=False, timeout=FILE_TIMEOUT_SECONDS,
                env={**os.environ, **environment})
            return counts_of(report.read_text())
        except (subprocess.TimeoutExpired, FileNotFoundError) as error:
            return {'passed': 0, 'failed': 0, 'skipped': 0,
                    'broken off': type(error).__name__}


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def fill(chosen: Iterable[str], files: Iterable[str],
         again: bool = False) -> None:
    """Run what has no result yet, and keep each result as it comes."""
    for column in chosen:
        install(release_of(column))
        for suite in files:
            if again or suite not in records.read(RECORD).get(column, {}):
                print(f'== {column} {suite}', flush=True)
                records.keep(RECORD, (column, suite), run(column, suite))


def main(arguments: list[str] | None = None) -> int:
    """Run the files named, or all; 1 if any test of them failed."""
    parser = argparse.ArgumentParser(
        prog='python -m tests.matrix.run',
        description='Run files of tests/nova on releases of OpenStack.')
    parser.add_argument('suites', nargs='*', metavar='FILE',
                        help='as test_create; all without one')
    parser.add_argument('--release', action='append', choices=columns(),
                        metavar='RELEASE', help=', '.join(columns()))
    parser.add_argument('--again', action='store_true',
                        help='run also what has a result')
    parser.add_argument('--reports', action='append', default=[],
                        metavar='FOLDER', type=pathlib.Path,
                        help='run nothing, take the reports that make test '
                             'and make test-wide wrote there')
    parsed = parser.parse_args(arguments)
    unknown = set(parsed.suites) - set(matrix_page.suites())
    if unknown:
        parser.error(f'tests/nova has no {", ".join(sorted(unknown))}')
    chosen = parsed.release or columns()
    files = parsed.suites or matrix_page.suites()
    if parsed.reports:
        take(chosen[0], files, parsed.reports)
    else:
        fill(chosen, files, parsed.again)
    record = records.read(RECORD)
    return int(any(record[column][suite]['failed']
                   or 'broken off' in record[column][suite]
                   for column in chosen for suite in files))


if __name__ == '__main__':
    sys.exit(main())
