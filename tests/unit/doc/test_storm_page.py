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


"""The page of the storm over a cloud."""

import json

import pytest

from doc import storm_page


@pytest.fixture
def record():
    return json.loads(storm_page.RECORD.read_text())


def test_the_storm_was_survived(record):
    figures = record['figures']
    assert figures['events'] >= record['events']
    assert figures['SIGKILLs of the agent'] == record['kills']
    assert figures['violations'] == 0
    assert figures['looks'] > 1000


def test_the_page_has_every_event_and_part(record):
    text = storm_page.page()
    for kind, came in record['figures'][storm_page.EVENTS].items():
        row = '\n     - '.join(str(came.get(outcome, 0))
                               for outcome in storm_page.OUTCOMES)
        assert f'* - {kind.replace("_", " ")}\n     - {row}\n' in text
    for name, seconds in record['parts'].items():
        assert f'* - {name}\n     - {seconds}\n' in text
