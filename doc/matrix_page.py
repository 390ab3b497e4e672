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


"""Makes the page of what ran on which release of OpenStack.

``make matrix`` writes ``doc/matrix.json``, which the page is made of.
"""

from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/matrix.rst'
RECORD = HERE / 'matrix.json'
SUITES = HERE.parent / 'tests/nova'
# A column each. What follows a release is how Nova runs: eventlet's threads
# are the rule.
THREADS = 'threads'
NOVA = {'2023.1': '27', '2023.2': '28', '2024.1': '29', '2024.2': '30',
        '2025.1': '31', '2025.2': '32', '2026.1': '33', '2026.2': '34',
        f'2026.2 {THREADS}': '34 with native threads'}
NOT_RUN = 'not run'
Record = Mapping[str, Mapping[str, Mapping[str, Any]]]

INTRODUCTION = """\
======================
Releases that were run
======================

.. This page is written by python -m doc.generate.

``make matrix`` runs the files of ``tests/nova``, each in a process of its own,
with the Nova and Placement of a release. A cell has the tests that passed,
failed and were skipped; *broken off* is a file that did not end or did not
start. What has not been run on a release says so: nothing is known of it from
here. ``make test`` and ``make test-2024.1`` run the other suites, too. The
last column is Nova without eventlet (``OS_NOVA_DISABLE_EVENTLET_PATCHING``).

"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()), suites())


def suites() -> list[str]:
    """The names of the files of tests, without their suffix."""
    return sorted(path.stem for path in SUITES.glob('test_*.py'))


def page_of(record: Record, names: list[str]) -> str:
    """The page for these results.

    :param record: column to file to result, as ``make matrix`` writes it.
    :param names: of every file there is.
    """
    return INTRODUCTION + '\n'.join((
        *rst.title('Versions'),
        *rst.table(('Release', 'Nova', 'Placement', 'Python', 'Run on',
                    'Commit', 'Files', 'Seconds'),
                   (_versions(release, record.get(release, {}))
                    for release in NOVA)),
        *rst.title('Passed, failed, skipped'),
        *rst.table(('File', *(f'Nova {number}' for number in NOVA.values())),
                   ((suite, *(cell(record.get(release, {}).get(suite))
                              for release in NOVA)) for suite in names))))


def cell(result: Mapping[str, Any] | None) -> str:
    """What came of one file on one release."""
    if result is None:
        return NOT_RUN
    if 'broken off' in result:
        return f'broken off ({result["broken off"]})'
    return f'{result["passed"]}, {result["failed"]}, {result["skipped"]}'


def _versions(release: str, results: Mapping[str, Mapping[str, Any]]
              ) -> tuple[str, ...]:
    if not results:
        return (release, f'{NOVA[release]}: {NOT_RUN}', *('',) * 6)
    return (release, *(', '.join(sorted({result[name] for result
                                         in results.values()}))
                       for name in ('nova', 'placement', 'python', 'date',
                                    'commit')), str(len(results)),
            str(sum(result['seconds'] for result in results.values())))
