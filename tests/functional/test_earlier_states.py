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

"""Every release goes on from what each earlier one left in Placement."""

import json

import pytest

from hv_sched import sources
from tests.functional import cloud as clouds
from tests.states import placement_dump
from tests.states import record

pytestmark = pytest.mark.wide

STATES = sorted(path.name for path in record.STATES.iterdir()
                if (path / 'placement.json').exists())


@pytest.fixture(params=STATES)
def state(request):
    """A folder of tests/states."""
    return record.STATES / request.param


@pytest.fixture
def written(state, placement):
    """What the release wrote, in Placement."""
    text = json.loads((state / 'placement.json').read_text())
    placement_dump.load(placement.another(), text)
    return text


def offered(state):
    """GB that each provider offers; nodes that are closed offer none."""
    return {provider['name']: int(
                (disk['total'] - disk['reserved']) * disk['allocation_ratio'])
            for provider in state['providers'].values()
            if (disk := provider['inventories'].get('DISK_GB'))}


def test_it_is_loaded_as_it_was_written(written, placement):
    assert placement_dump.dump(placement.another()) == written


def test_a_sync_offers_no_more_and_changes_no_share(state, written,
                                                    placement):
    cloud = clouds.Cloud(placement)
    cloud.sync(sources.load(str(state / 'clusters.yaml')))
    after = placement_dump.dump(cloud.admin)
    before_gb, after_gb = offered(written), offered(after)
    assert before_gb.keys() == after_gb.keys()
    assert not {name: (gb, after_gb[name]) for name, gb in before_gb.items()
                if after_gb[name] > gb}
    assert after['consumers'] == written['consumers']


def test_a_second_sync_changes_nothing(state, written, placement):
    cloud = clouds.Cloud(placement)
    facts = sources.load(str(state / 'clusters.yaml'))
    cloud.sync(facts)
    assert not cloud.sync(facts).done


def test_the_newest_state_is_what_this_release_writes(placement):
    """Differences are for the release notes, and for another state."""
    state = record.STATES / STATES[-1]
    placement_dump.load(placement.another(), json.loads(
        (state / 'placement.json').read_text()))
    cloud = clouds.Cloud(placement)
    result = cloud.sync(sources.load(str(state / 'clusters.yaml')))
    assert not result.done


def test_every_kind_of_thing_is_in_the_newest_state():
    text = (record.STATES / STATES[-1] / 'placement.json').read_text()
    for part in ('CUSTOM_CSV_CLOSED_', 'CUSTOM_CSV_CUT_OFF_',
                 'CUSTOM_CSV_FORMER_RATIO_', 'CUSTOM_CSV_RESERVE_',
                 'CUSTOM_CSV_UNCOVERED_', 'CUSTOM_REMOTEFX_VRAM_MB',
                 'CUSTOM_CSV_HELD_DISK_GB', '"MIGRATION"', '"INSTANCE"'):
        assert part in text, part
