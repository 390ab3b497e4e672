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

"""How long a snapshot is kept and what a failing read does to it."""

import os
import threading

from hv_sched import exception
from hv_sched.filters import shared_volume
from hv_sched.snapshot import cache as snapshot
from hv_sched.snapshot import nova_reader
from hv_sched.snapshot import volumes

TTL = 60
EMPTY = volumes.Snapshot({}, {}, {}, frozenset())


class Source:
    """A clock and a Placement that may be away."""

    def __init__(self):
        self.now = 1000.0
        self.is_away = False
        self.reads = 0

    def read(self):
        self.reads += 1
        if self.is_away:
            raise exception.PlacementUnavailable('503')
        return EMPTY

    def cache(self):
        return snapshot.Cache(self.read, lambda: self.now)

    def cache_of(self, known, read_volume):
        """A cache that has read a snapshot."""
        cache = snapshot.Cache(lambda: known, lambda: self.now, read_volume)
        cache.get(TTL)
        return cache


def test_one_read_serves_all_requests_of_an_interval():
    source = Source()
    cache = source.cache()
    for _ in range(59):
        assert cache.get(TTL) is EMPTY
        source.now += 1
    assert source.reads == 1
    source.now += 1
    cache.get(TTL)
    assert source.reads == 2


def test_an_old_snapshot_outlives_a_short_absence_but_not_a_long_one():
    source = Source()
    cache = source.cache()
    cache.get(TTL)
    source.is_away = True
    source.now += 4 * TTL
    assert cache.get(TTL) is EMPTY
    source.now += 2 * TTL
    assert cache.get(TTL) is None


def test_an_absent_placement_is_tried_once_in_an_interval():
    source = Source()
    source.is_away = True
    cache = source.cache()
    for _ in range(120):
        assert cache.get(TTL) is None
        source.now += 1
    assert source.reads == 2


def test_a_returning_placement_is_read_at_the_next_interval():
    source = Source()
    source.is_away = True
    cache = source.cache()
    cache.get(TTL)
    source.is_away = False
    source.now += TTL
    assert cache.get(TTL) is EMPTY


def test_one_that_asks_while_too_old_a_snapshot_is_read_again_waits_for_it():
    """None would be used as it comes from Placement, closed volumes too."""
    source, reading, may_end = Source(), threading.Event(), threading.Event()
    fresh = volumes.Snapshot({}, {'n': 'hv'}, {}, frozenset())
    answers = [EMPTY, fresh]

    def read():
        if len(answers) == 1:
            reading.set()
            may_end.wait(60)
        return answers.pop(0)

    cache = snapshot.Cache(read, lambda: source.now)
    assert cache.get(TTL) is EMPTY
    source.now += TTL * 10
    snapshots = []
    threads = [threading.Thread(
        target=lambda: snapshots.append(cache.get(TTL))) for _ in range(4)]
    threads[0].start()
    assert reading.wait(60)
    for thread in threads[1:]:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join(60)
    assert snapshots == [fresh] * 4
    assert cache.get(TTL) is fresh


def test_while_one_thread_reads_others_go_on_with_the_old_snapshot():
    source = Source()
    reading, go_on = threading.Event(), threading.Event()
    newer = volumes.Snapshot({}, {}, {}, frozenset({'NEW'}))

    def slow():
        if source.reads:
            reading.set()
            assert go_on.wait(10)
            return newer
        return source.read()

    cache = snapshot.Cache(slow, lambda: source.now)
    cache.get(TTL)
    source.now += TTL
    reader = threading.Thread(target=cache.get, args=(TTL,))
    reader.start()
    assert reading.wait(10)
    assert cache.get(TTL) is EMPTY
    go_on.set()
    reader.join()
    assert cache.get(TTL) is newer


VOLUME = volumes.VolumeState('v1', 'csv:c1/CSV1', 500, 300)
ESCROWED = volumes.VolumeState('v1', 'csv:c1/CSV1', 500, 0, held_gb=300)
KNOWN = volumes.Snapshot({'v1': VOLUME}, {}, {}, frozenset())


def test_a_volume_read_again_is_what_everybody_sees():
    asked = []

    def read_volume(uuid, name):
        asked.append((uuid, name))
        return ESCROWED

    cache = Source().cache_of(KNOWN, read_volume)
    assert cache.volume('v1', TTL) is ESCROWED
    assert cache.get(TTL).volumes == {'v1': ESCROWED}
    assert KNOWN.volumes == {'v1': VOLUME}
    assert asked == [('v1', 'csv:c1/CSV1')]


def test_a_volume_that_cannot_be_read_again_is_as_it_was():
    def away(uuid, name):
        raise exception.PlacementUnavailable('503')

    cache = Source().cache_of(KNOWN, away)
    assert cache.volume('v1', TTL) is VOLUME


def test_what_is_no_volume_is_not_asked_for():
    cache = Source().cache_of(KNOWN, None)
    assert cache.volume('v2', TTL) is None


def test_a_volume_withdrawn_since_is_none():
    cache = Source().cache_of(KNOWN, lambda uuid, name: None)
    assert cache.volume('v1', TTL) is None


def test_a_volume_read_again_waits_for_no_reading_of_all_volumes():
    """Placement may take its time for those; the one decision has its own."""
    reading, may_end = threading.Event(), threading.Event()
    snapshots = [KNOWN]

    def read():
        if not snapshots:
            reading.set()
            may_end.wait(60)
            return EMPTY
        return snapshots.pop()

    source = Source()
    cache = snapshot.Cache(read, lambda: source.now,
                           lambda uuid, name: ESCROWED)
    cache.get(TTL)
    source.now += TTL
    reader = threading.Thread(target=cache.get, args=(TTL,))
    decision = threading.Thread(target=cache.volume, args=('v1', TTL))
    reader.start()
    assert reading.wait(60)
    decision.start()
    decision.join(5)
    is_waiting = decision.is_alive()
    seen_meanwhile = cache.get(TTL).volumes
    may_end.set()
    reader.join(60)
    decision.join(60)
    assert not is_waiting
    assert seen_meanwhile == {'v1': ESCROWED}
    assert cache.get(TTL) is EMPTY


def test_for_refusals_it_is_read_again_once_a_second():
    source = Source()
    cache = source.cache()
    cache.get(TTL)
    for _ in range(10):
        cache.recent(TTL)
    assert source.reads == 1
    source.now += 1
    for _ in range(10):
        cache.recent(TTL)
    assert source.reads == 2
    cache.get(TTL)
    assert source.reads == 2


def test_a_failed_read_for_a_refusal_keeps_the_old_snapshot_for_long():
    source = Source()
    cache = source.cache()
    cache.get(TTL)
    source.is_away = True
    source.now += 30
    assert cache.recent(TTL) is EMPTY


def test_a_forked_worker_takes_neither_lock_nor_snapshot_of_its_parent(
        monkeypatch):
    snapshot.forget()
    monkeypatch.setattr(nova_reader, 'read', lambda: EMPTY)
    snapshot.get()
    parent = os.getpid()
    monkeypatch.setattr(os, 'getpid', lambda: parent + 1)
    snapshot.get()
    assert snapshot._caches[parent + 1] is not snapshot._caches[parent]
    snapshot.forget()


def test_building_a_filter_reads_and_locks_nothing():
    snapshot.forget()
    shared_volume.SharedVolumeFilter()
    assert not snapshot._caches
