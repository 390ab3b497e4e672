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


"""One cloud, one storm, in the order of the tests; stopped at the end."""

import collections.abc
import os
import pathlib
import time

import pytest

from tests.cloud import folder
from tests.storm import site
from tests.storm import story as story_module
from tests.storm import versions


def say(text: str) -> None:
    print(time.strftime('%H:%M:%S', time.gmtime()), text, flush=True)


@pytest.fixture(scope='module')
def story() -> collections.abc.Iterator[story_module.Story]:
    """A new cloud; whatever comes, nothing of it runs afterwards."""
    cloud = site.Site(folder.Folder(
        pathlib.Path(os.environ['STORM_FOLDER']).absolute()), say)
    keep = bool(os.environ['STORM_KEEP'])
    start = time.monotonic()
    if not keep:
        cloud.down(purge=True)
    try:
        if commit := os.environ['STORM_EARLIER']:
            cloud.earlier = versions.install(commit, cloud.folder)
        cloud.up()
        story = story_module.Story(
            cloud, int(os.environ['STORM_EVENTS']),
            int(os.environ['STORM_KILLS']), int(os.environ['STORM_SEED']),
            int(os.environ['STORM_MINUTES']))
        story.part('start the cloud', time.monotonic() - start)
        yield story
        story.end()
    finally:
        cloud.stop(*site.AGENTS)
        if not keep:
            cloud.down()


@pytest.fixture(autouse=True)
def part(request: pytest.FixtureRequest, story: story_module.Story
         ) -> collections.abc.Iterator[None]:
    """How long a test took that has passed."""
    failed = request.session.testsfailed
    start = time.monotonic()
    yield
    if request.session.testsfailed == failed:
        story.part(
            request.node.name.removeprefix('test_').replace('_', ' '),
            time.monotonic() - start)
