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

"""Placement's own behaviour, told from outside by the files of gabbits/.

Every claim hv_sched leans on is a story here: a sequence of HTTP requests to
a real Placement that starts empty. One file is one test.
"""

import typing
import unittest

from gabbi import driver
import pytest

from tests.functional import base
from tests.functional import gabbi_fixtures
from tests.repository import ROOT

FOLDER = ROOT / 'gabbits'


class _LateApplication:
    """The WSGI application, known only when a story runs.

    gabbi asks for it while it builds the stories, before any fixture.
    """

    current: base.Service | None = None

    def __call__(self, environ: base.Environ,
                 start_response: base.StartResponse) -> typing.Any:
        assert self.current is not None
        return self.current(environ, start_response)


_APPLICATION = _LateApplication()


def _stories() -> dict[str, unittest.TestSuite]:
    suites = driver.build_tests(
        str(FOLDER), unittest.TestLoader(), test_loader_name=__name__,
        fixture_module=gabbi_fixtures, intercept=lambda: _APPLICATION)
    # A test's class is named after its file: <file>_<name of the test>.
    return {next(iter(suite)).__class__.__name__.split('_')[0]: suite
            for suite in suites}


STORIES = _stories()


def test_every_file_is_told() -> None:
    assert sorted(STORIES) == sorted(
        path.stem for path in FOLDER.glob('*.yaml'))
    assert len(STORIES) >= 9


@pytest.mark.parametrize('story', sorted(STORIES))
def test_story(placement: base.Placement, monkeypatch: pytest.MonkeyPatch,
               story: str) -> None:
    monkeypatch.setattr(_APPLICATION, 'current', placement.service)
    monkeypatch.setattr(gabbi_fixtures.Cluster, 'placement', placement,
                        raising=False)
    result = unittest.TestResult()
    STORIES[story].run(result)
    told = '\n'.join(f'{test.id()}\n{trace}' for test, trace
                     in (*result.failures, *result.errors,
                         *((test, 'passed, though marked xfail') for test
                           in result.unexpectedSuccesses)))
    assert not told, told
    assert result.testsRun and not result.skipped
