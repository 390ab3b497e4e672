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

"""The cloud of the acceptance tests, and the record of what they saw."""

import collections.abc
import os
import pathlib
import time

import pytest

from tests.cloud import client
from tests.cloud import cloud
from tests.cloud import folder
from tests.cloud import record
from tests.cloud import steps


class Story:
    """One cloud, through all tests of a module, in their order."""

    def __init__(self, home: cloud.Cloud, kept: record.Record) -> None:
        self.home = home
        self.openstack = client.OpenStack(home)
        self.steps = steps.Steps(self.openstack, home)
        self.record = kept
        # GB of each consumer before the cloud was taken over.
        self.before = kept.before
        self.figures = kept.figures

    def tell(self, step: str, side: str, outcome: object) -> None:
        """Keep a line for the page that compares the two sides."""
        self.record.steps.setdefault(step, {})[side] = str(outcome)


def say(text: str) -> None:
    print(time.strftime('%H:%M:%S', time.gmtime()), text, flush=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--from', metavar='TEST', dest='first',
                     help='go on at this test, on the cloud that stands')


def pytest_collection_modifyitems(config: pytest.Config,
                                  items: list[pytest.Item]) -> None:
    first = config.getoption('first')
    if not first:
        return
    names = [item.name for item in items]
    if first not in names:
        raise pytest.UsageError(f'--from {first}: no such test')
    config.hook.pytest_deselected(items=items[:names.index(first)])
    del items[:names.index(first)]


@pytest.fixture(scope='module')
def story(request: pytest.FixtureRequest
          ) -> collections.abc.Iterator[Story]:
    """A new cloud without hv_sched; stopped when the tests are over.

    When one has failed the cloud is left as it is, to be looked at.
    """
    home = cloud.Cloud(folder.Folder(
        pathlib.Path(os.environ['CLOUD_FOLDER']).absolute()), say)
    kept = record.Record(home.folder.root / 'steps.json')
    if request.config.getoption('first'):
        kept.read()
        home.up(stock=not home.installation.wheel.exists())
    else:
        _start_anew(home, kept)
    yield Story(home, kept)
    kept.write()
    if request.session.testsfailed:
        say(f'the cloud stays up: . {home.folder.openrc}')
    else:
        home.down()


def _start_anew(home: cloud.Cloud, kept: record.Record) -> None:
    started = float(os.environ['CLOUD_STARTED'])
    home.down(purge=True)
    kept.phase('install OpenStack', time.time() - started)
    start = time.time()
    home.up(stock=True)
    kept.phase('start the cloud, with empty databases', time.time() - start)


@pytest.fixture(autouse=True)
def phase(request: pytest.FixtureRequest, story: Story
          ) -> collections.abc.Iterator[None]:
    """Keep how long a test took, when it has passed."""
    failed = request.session.testsfailed
    start = time.time()
    yield
    if request.session.testsfailed == failed:
        story.record.phase(record.title(request.node.name),
                           time.time() - start)
