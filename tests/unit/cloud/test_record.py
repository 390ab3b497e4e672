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

"""What the acceptance tests saw outlives a run that failed."""

import json

import pytest

from tests.cloud import record


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'steps.json'


def test_a_phase_is_written_at_once(path):
    kept = record.Record(path)
    kept.steps['shelve'] = {'stock': 'accepted'}
    kept.phase('all servers', 90)
    written = json.loads(path.read_text())
    assert written['steps'] == {'shelve': {'stock': 'accepted'}}
    assert written['phases']['all servers']['minutes'] == 1.5
    assert written['machine']['processors'] > 0


def test_a_later_run_goes_on_with_what_was_kept(path):
    former = record.Record(path)
    former.before['uuid'] = 10
    former.figures['minutes'] = 4.5
    former.phase('all servers', 90)
    kept = record.Record(path)
    kept.read()
    kept.phase('adopt', 30)
    assert kept.before == {'uuid': 10}
    written = json.loads(path.read_text())
    assert set(written['phases']) == {'all servers', 'adopt'}
    assert written['figures'] == {'minutes': 4.5}


def test_nothing_kept_is_an_empty_record(path):
    kept = record.Record(path)
    kept.read()
    assert (kept.steps, kept.before) == ({}, {})


def test_the_name_of_a_test_is_a_sentence():
    assert record.title('test_hv_sched_fills_the_last_gb_of_stock_nova_once'
                        ) == 'hv_sched fills the last GB of stock Nova once'
