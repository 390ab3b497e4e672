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
"""The page of what was killed in the middle of what."""

import json

from doc import accidents_page
from tests.cloud import accidents


def test_every_service_was_killed_in_every_phase():
    record = json.loads(accidents_page.RECORD.read_text())
    assert {'adopt', 'sync', 'heal', 'retire', 'agent'} == set(record)
    for phase, services in record.items():
        assert set(services) == set(accidents.SERVICES), phase


def test_one_that_ended_before_the_accident_is_marked():
    text = accidents_page.page_of({'sync': {'keystone': {
        'in_the_middle': False, 'exit_code': 0, 'seconds_to_finish': 3.0}}})
    assert '``csv sync``' in text and '0 (too fast)' in text
