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

import json
import os
import pathlib
import time

import pytest

from tests.cloud import client
from tests.cloud import cloud
from tests.cloud import folder
from tests.cloud import steps


class Story:
    """One cloud, through all tests of a module, in their order."""

    def __init__(self, home: cloud.Cloud) -> None:
        self.home = home
        self.openstack = client.OpenStack(home)
        self.steps = steps.Steps(self.openstack, home)
        # Step: side (stock, hv_sched): what came of it.
        self.record: dict[str, dict[str, str]] = {}
        self.before: dict[str, int] = {}
        self.figures: dict[str, float] = {}

    def tell(self, step: str, side: str, outcome: object) -> None:
        """Keep a line for the page that compares the two sides."""
        self.record.setdefault(step, {})[side] = str(outcome)


def say(text: str) -> None:
    print(time.strftime('%H:%M:%S', time.gmtime()), text, flush=True)


@pytest.fixture(scope='module')
def story(request):
    """A new cloud without hv_sched; stopped when the tests are over.

    When one has failed the cloud is left as it is, to be looked at.
    """
    home = cloud.Cloud(folder.Folder(
        pathlib.Path(os.environ['CLOUD_FOLDER']).absolute()), say)
    home.down(purge=True)
    start = time.monotonic()
    home.up(stock=True)
    told = Story(home)
    told.figures['cloud up, seconds'] = round(time.monotonic() - start)
    yield told
    (home.folder.root / 'steps.json').write_text(json.dumps(
        {'steps': told.record, 'figures': told.figures}, indent=1) + '\n')
    if request.session.testsfailed:
        say(f'the cloud stays up: . {home.folder.openrc}')
    else:
        home.down()
