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

"""What nova-scheduler knows of all volumes, read in bulk and kept a while.

Filters and weighers ask ``get()`` and nothing else: never a request per
host. None means that Placement could not be read, which is not the same as
nothing being published.
"""

from collections.abc import Callable
import dataclasses
import os
import threading
import time

import nova.conf

from hv_sched import conf
from hv_sched import exception
from hv_sched import printable
from hv_sched.snapshot import nova_reader
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
LOG = printable.logger(__name__)
conf.register_opts(CONF)

# An old answer is better than none for some time, but not for ever.
_MAX_AGE_TTLS = 5
# A snapshot of so many seconds is not read again for a refusal.
_RECENT_S = 1.0


class Cache:
    """One snapshot of a process.

    :param read: reads a snapshot or raises PlacementError
    :param clock: seconds that never go back
    :param read_volume: reads one volume, given by uuid and name
    """

    def __init__(self, read: Callable[[], volumes.Snapshot],
                 clock: Callable[[], float] = time.monotonic,
                 read_volume: Callable[
                     [str, str], volumes.VolumeState | None
                 ] = nova_reader.read_volume) -> None:
        self._read = read
        self._read_volume = read_volume
        self._clock = clock
        self._lock = threading.Lock()  # of who reads all volumes
        # Of who puts something in the place of the reading: nobody waits for
        # Placement while he has it.
        self._exchange = threading.Lock()
        # With when it was read: other threads see both of one reading.
        self._reading: tuple[volumes.Snapshot, float] | None = None
        self._tried_at: float | None = None

    def get(self, ttl: float) -> volumes.Snapshot | None:
        """The snapshot, at most ttl seconds old unless Placement is away.

        While one thread reads, the others go on with the old one, or wait
        where it is too old: without any they would use what nobody filtered.
        """
        if self._is_due(ttl) and self._lock.acquire(
                blocking=self._usable(ttl) is None):
            try:
                if self._is_due(ttl):
                    if self._usable(ttl) is None:
                        self._keep(None)  # a log line says so
                    self._refresh()
            finally:
                self._lock.release()
        return self._usable(ttl)

    def _usable(self, ttl: float) -> volumes.Snapshot | None:
        """What was read last, None where that is too long ago."""
        reading = self._reading
        if reading is None or self._clock() - reading[1] > ttl * _MAX_AGE_TTLS:
            return None
        return reading[0]

    def recent(self, ttl: float) -> volumes.Snapshot | None:
        """The snapshot, read again unless that was a moment ago.

        However many are refused, it is read once in that time.
        """
        with self._lock:
            if self._is_due(min(ttl, _RECENT_S)):
                self._refresh()
        return self.get(ttl)

    def volume(self, uuid: str, ttl: float) -> volumes.VolumeState | None:
        """One volume of the snapshot as it is now; others see it too.

        :returns: what the snapshot says while Placement cannot be read, None
            for what is no published volume (any more)
        """
        snapshot = self.get(ttl)
        former = snapshot.volumes.get(uuid) if snapshot else None
        if former is None:
            return None
        try:
            volume = self._read_volume(uuid, former.name)
        except exception.PlacementError as exc:
            LOG.warning('Volume %s cannot be read again: %s', former.name,
                        exc)
            return former
        with self._exchange:
            reading = self._reading
            if snapshot and volume and reading and reading[0] is snapshot:
                self._reading = dataclasses.replace(snapshot, volumes={
                    **snapshot.volumes, uuid: volume}), reading[1]
        return volume

    def _is_due(self, ttl: float) -> bool:
        return (self._tried_at is None
                or self._clock() - self._tried_at >= ttl)

    def _keep(self, reading: tuple[volumes.Snapshot, float] | None) -> None:
        with self._exchange:
            self._reading = reading

    def _refresh(self) -> None:
        try:
            snapshot = self._read()
            self._keep((snapshot, self._clock()))
        except exception.PlacementError as exc:
            LOG.warning(
                'The volumes in Placement cannot be read: %s. Until the next '
                'attempt candidates are used as Placement returns '
                'them%s.', exc,
                '' if self._reading else ' and volumes are not weighed')
        finally:
            self._tried_at = self._clock()


# By process: nova-scheduler forks its workers after building the filters, and
# a lock of the parent must never be used in them.
_caches: dict[int, Cache] = {}


def get() -> volumes.Snapshot | None:
    """The volumes as last read, None when Placement cannot be read."""
    return _cache().get(CONF.hv_sched.snapshot_ttl)


def recent() -> volumes.Snapshot | None:
    """The volumes as of now, give or take a second.

    For what an older snapshot cannot know, before a refusal that would leave
    a server in ERROR.
    """
    return _cache().recent(CONF.hv_sched.snapshot_ttl)


def volume(uuid: str) -> volumes.VolumeState | None:
    """One volume as it is now, for a decision that gives its room away.

    A request, or two with escrow on it. What the snapshot says while
    Placement cannot be read; None for no published volume.
    """
    return _cache().volume(uuid, CONF.hv_sched.snapshot_ttl)


def forget() -> None:
    """Read again at the next ``get()``; for tests."""
    _caches.clear()


def _cache() -> Cache:
    """One for a process, also when its first threads ask at the same time."""
    pid = os.getpid()
    # setdefault is one step; a lock here could not be made anew at a fork.
    return _caches.get(pid) or _caches.setdefault(pid, Cache(nova_reader.read))
