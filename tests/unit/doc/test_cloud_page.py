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

"""The page that compares a cloud without and with hv_sched."""

import json

import pytest

from doc import cloud_page


@pytest.fixture
def record():
    return json.loads(cloud_page.RECORD.read_text())


def test_every_step_was_taken_on_both_sides(record):
    assert record['steps']
    for step, told in record['steps'].items():
        assert set(told) == set(cloud_page.SIDES), step


def test_the_page_has_a_row_for_each_step(record):
    text = cloud_page.page()
    for step, told in record['steps'].items():
        assert f'* - {step}\n     - {told["stock"]}\n' in text


def test_stock_nova_accepts_what_the_volume_has_not(record):
    told = record['steps']['fill the volume by availability zone']
    assert 'GB accepted' in told['stock']
    assert told['hv_sched'] == '500 GB on 500, then refused'


def test_the_page_tells_the_minutes_of_each_phase(record):
    text = cloud_page.page()
    assert len(record['phases']) > 15
    for name, phase in record['phases'].items():
        assert f'* - {name}\n     - {phase["minutes"]:.1f}\n' in text


def test_the_page_tells_the_memory_and_the_first_server(record):
    text = cloud_page.page()
    assert 'minutes to the first ACTIVE server' in text
    assert 'sum of RSS' in text
