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


"""The page of two versions in one cloud."""

import json

import pytest

from doc import mixed_page


@pytest.fixture
def record():
    return json.loads(mixed_page.RECORD.read_text())


def test_no_version_offered_what_is_not_there(record):
    figures = record['figures']
    assert record['minutes'] >= 60
    assert figures['events'] >= record['events']
    assert figures['SIGKILLs of the agent'] == record['kills']
    assert figures['violations'] == 0


def test_both_versions_had_their_part(record):
    starts = record['figures']['starts of agents']
    assert starts.keys() == {'checkout', record['earlier']}
    assert min(starts.values()) > 1


def test_the_page_names_the_earlier_version(record):
    assert f'``{record["earlier"]}``' in mixed_page.page()
