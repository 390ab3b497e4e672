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


"""The observer of a storm: what is latency, and what is a fault."""

import datetime

import pytest

from tests.functional import storm_observer
from tests.functional.agent_journal import Entry
from tests.functional.storm_observer import DiskState
from tests.functional.storm_observer import Offer

OPEN = Offer(capacity_gb=400, used_gb=20, is_closed=False)


def at(second: int) -> datetime.datetime:
    return datetime.datetime(2026, 11, 27, second=second,
                             tzinfo=datetime.timezone.utc)


def disk(second: int, is_online: bool = True, capacity_gb: float = 400
         ) -> DiskState:
    return DiskState(at(second), is_online, capacity_gb)


def begun(second: int, process: int = 1) -> Entry:
    return Entry(False, process, at(second))


def ended(second: int, process: int = 1) -> Entry:
    return Entry(True, process, at(second))


@pytest.mark.parametrize('states, facts_of, kind', [
    ([disk(1)], 1, ''),
    # The facts are older than what went offline: the agent cannot know.
    ([disk(1), disk(2, False)], 1, ''),
    ([disk(1), disk(2, False)], 2, 'open, and never online'),
    ([disk(1), disk(3, False)], 2, ''),
    ([disk(1, False), disk(2), disk(3, False)], 1, ''),
    ([disk(1, False), disk(2), disk(3, False)], 3, 'open, and never online'),
    ([disk(1), disk(2, capacity_gb=300)], 1, ''),
    ([disk(1), disk(2, capacity_gb=300)], 2,
     'more room than there ever was'),
    # The room was there only while the volume was not.
    ([disk(1, capacity_gb=300), disk(2, False)], 1,
     'more room than there ever was'),
])
def test_an_offer_is_judged_by_the_disk_since_the_facts(
        states, facts_of, kind):
    assert storm_observer.excess(
        OPEN, storm_observer.since(states, at(facts_of))) == kind


def test_nothing_is_offered_by_one_that_is_closed_or_full():
    for offer in (Offer(400, 20, is_closed=True), Offer(400, 400, False)):
        assert storm_observer.excess(offer, [disk(1, False)]) == ''


CLOSED_AT_TWO = [disk(1), disk(2, False), disk(3), disk(4)]


@pytest.mark.parametrize('entries, may', [
    ([begun(2), ended(2), begun(3), ended(3), begun(4)], True),
    ([begun(2), ended(2), begun(3)], False),
    # The same answer, looked at again, is one.
    ([begun(2), ended(2), begun(3), ended(3), begun(3)], False),
    # Another process knows nothing of what the former one saw.
    ([begun(2), ended(2), begun(3, process=2)], True),
    ([begun(3), ended(3), begun(2)], False),
])
def test_two_answers_of_a_process_open(entries, may):
    assert storm_observer.may_open(
        CLOSED_AT_TWO, entries, len(entries) - 1) is may


@pytest.mark.parametrize('entries, first, passes', [
    ([begun(1), ended(1), begun(2), ended(2)], 2, [2]),
    ([begun(1), ended(1), begun(2), ended(2)], 3, [2]),
    ([begun(1), ended(1), begun(2), ended(2)], 4, []),
    # One that failed is over when the next one begins.
    ([begun(1), begun(2)], 2, [1]),
    ([begun(1), begun(2, process=2)], 2, [0, 1]),
])
def test_which_passes_may_have_written(entries, first, passes):
    assert storm_observer.under_way(entries, first, len(entries)) == passes


def test_a_line_that_is_under_way_is_read_when_it_is_whole(tmp_path):
    path = tmp_path / 'journal'
    journal = storm_observer.Journal(path)
    assert journal.read() == 0
    line = ('{"is_end": true, "process": 1, "collected_at": "'
            + at(1).isoformat() + '"}\n')
    path.write_text(line + line[:9])
    assert journal.read() == 1
    path.write_text(line + line)
    assert journal.read() == 2
    assert journal.in_force(2) == at(1) and journal.in_force(0) is None
