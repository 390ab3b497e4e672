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

"""The edge to tooz, which is an extra: imported when it is used.

A lock of tooz, not its leader election: file and etcd have no election.
"""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Mapping
import contextlib
import importlib
import json
import os
import socket
import threading
import time
from typing import Any
import uuid

from oslo_config import cfg

from hv_sched import causes
from hv_sched import exception
from hv_sched import printable
from hv_sched.agent import in_hand
from hv_sched.agent import standing
from hv_sched.conf import coordination as options
from hv_sched.conf import references

LOG = printable.logger(__name__)
_BEAT_SECONDS = 1.0
_COMPARE_SECONDS = 30.0
# Members of a file's group stay for good when their process is killed.
_LIVES_SECONDS = 4 * _COMPARE_SECONDS
_LOCK = b'hv-sched-agent-leader'
_GROUP = b'hv-sched-agents'
Digests = Mapping[str, str]


class NoBackend:
    """Every agent writes."""

    leads = True

    def start(self) -> None:
        """See Leadership."""

    def is_stuck(self, _now: float) -> bool:
        """See Leadership."""
        return False

    def stop(self) -> None:
        """See Leadership."""


class Leadership:
    """Its thread tries to be the one, and tells when that changes.

    :param digests: tells digests of what all agents should have in common
    :param changed: called when ``leads`` changed
    :raises InvalidConfig: there is no such backend
    """

    def __init__(self, conf: cfg.ConfigOpts, digests: Callable[[], Digests],
                 changed: Callable[[], None],
                 beat_seconds: float = _BEAT_SECONDS) -> None:
        group = conf[options.GROUP]
        self._url = group.backend_url
        self._name = f'{socket.gethostname()}:{os.getpid()}'
        self._member = f'{self._name}:{uuid.uuid4().hex[:8]}'.encode()
        self._tooz = _tooz()
        self._digests = digests
        self._changed = changed
        self._beat_seconds = beat_seconds
        self._standing = standing.Standing(group.lost_after)
        self._stop = threading.Event()
        self._in_hand = in_hand.InHand()
        self._coordinator: Any = None
        self._lock: Any = None
        self._compared_at: float | None = None
        self._led = False
        self._failure = ''
        self._said_differing: Mapping[str, str] = {}
        self._uncompared = causes.Causes(LOG)
        self._thread = threading.Thread(
            target=self._run, daemon=True, name='leadership')
        self._new_coordinator()

    @property
    def leads(self) -> bool:
        """Whether this agent writes now."""
        return self._standing.leads

    def start(self) -> None:
        """Try from now on."""
        self._thread.start()

    def is_stuck(self, now: float) -> bool:
        """Whether the backend keeps its thread.

        :param now: of the monotonic clock
        """
        return self._in_hand.is_stuck(now)

    def stop(self) -> None:
        """Let another one lead, at once where the backend answers."""
        self._stop.set()
        self._thread.join(10)

    def _new_coordinator(self) -> None:
        """:raises InvalidConfig: the URL is none of a driver that is here"""
        try:
            self._coordinator = self._tooz.get_coordinator(
                self._url, self._member)
        except Exception as exc:
            # What was raised may name the URL, and the URL a password.
            raise exception.InvalidConfig(
                f'section [{options.GROUP}]: no installed tooz driver handles '
                f'backend_url ({type(exc).__name__}): it looks like '
                'redis://:password@host:6379, and needs tooz[redis]'
            ) from None

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with self._in_hand.step():
                    self._pass()
            except Exception:
                # This thread alone gives the lock back and takes it again.
                LOG.exception('Leadership: failed unexpectedly; the next '
                              'beat tries again')
            self._stop.wait(self._beat_seconds)
        with contextlib.suppress(Exception):
            if self._lock is not None and self._lock.acquired:
                self._lock.release()
            self._coordinator.stop()

    def _pass(self) -> None:
        try:
            self._beat()
            self._answers()
        except Exception as exc:
            self._away(exc)
        self._tell()

    def _beat(self) -> None:
        """Keep the lock, or try to get it."""
        if self._lock is None:
            self._coordinator.start()
            self._lock = self._coordinator.get_lock(_LOCK)
        if self._lock.acquired and not self._lock.is_still_owner():
            self._lock.release()
        self._coordinator.heartbeat()
        if not self._lock.acquired:
            self._lock.acquire(blocking=False)
        self._standing.answered(bool(self._lock.acquired))
        now = time.monotonic()
        if self._compared_at is None or (
                now - self._compared_at >= _COMPARE_SECONDS):
            self._compared_at = now
            self._try_compare()

    # -- what the agents should have in common

    def _try_compare(self) -> None:
        """What fails here is no reason to do without the lock."""
        failure: dict[Hashable, str] = {}
        try:
            self._compare()
        except NotImplementedError:
            pass  # a driver may have locks and no groups
        except Exception as exc:
            failure['compare'] = (
                'Leadership: the configuration of this agent and of others '
                f'cannot be compared ({type(exc).__name__}: {exc})')
        self._uncompared.update(failure)

    def _compare(self) -> None:
        mine = self._digests()
        self._publish({**mine, 'at': str(time.time())})
        others = {}
        for member in self._coordinator.get_members(_GROUP).get():
            if member == self._member:
                continue
            name, digests = self._digests_of(member)
            if digests:
                others[name] = digests
        self._standing.compare(mine, others)

    def _publish(self, digests: Digests) -> None:
        body = json.dumps(digests).encode()
        with contextlib.suppress(self._tooz.GroupAlreadyExist):
            self._coordinator.create_group(_GROUP).get()
        # Not every driver can change what it joined with.
        with contextlib.suppress(self._tooz.MemberNotJoined):
            self._coordinator.leave_group(_GROUP).get()
        self._coordinator.join_group(_GROUP, body).get()

    def _digests_of(self, member: Any) -> tuple[str, Digests]:
        """Those of an agent that lives; empty of another."""
        text = member.decode() if isinstance(member, bytes) else str(member)
        name = text.rpartition(':')[0]
        try:
            body = json.loads(self._coordinator.get_member_capabilities(
                _GROUP, member).get())
            age = time.time() - float(body.pop('at'))
        except Exception:
            return name, {}  # it left, or is none of ours
        return name, body if abs(age) < _LIVES_SECONDS else {}

    # -- what is reported

    def _answers(self) -> None:
        if self._failure:
            LOG.info('Leadership: the coordination backend answers again')
        self._failure = ''
        differing = self._standing.differing
        for name in differing:
            if name not in self._said_differing:
                LOG.error('Leadership: hv-sched-agent %s has other %s than '
                          'this one: configure all agents alike, or what is '
                          'published depends on the agent that leads',
                          name, differing[name])
        self._said_differing = dict(differing)

    def _away(self, exc: Exception) -> None:
        if not self._failure:
            LOG.error('Leadership: the coordination backend does not answer '
                      '(%s: %s); this agent %s', type(exc).__name__, exc,
                      'goes on writing' if self.leads else
                      'does not write until the backend answers or '
                      '[coordination]lost_after seconds have passed')
        self._failure = type(exc).__name__
        if self._lock is None:
            return
        if not self._lock.acquired:
            # A driver that lost its connection may never get another.
            with contextlib.suppress(Exception):
                self._coordinator.stop()
            self._lock = None
            self._new_coordinator()

    def _tell(self) -> None:
        if self.leads == self._led:
            return
        self._led = not self._led
        LOG.info('Leadership: %s', 'this agent writes' if self._led
                 else 'another agent writes')
        self._changed()


def _tooz() -> Any:
    try:
        return importlib.import_module('tooz.coordination')
    except ImportError as exc:
        raise exception.InvalidConfig(
            f'section [{options.GROUP}] has a backend_url, and tooz is not '
            'installed: install hv_sched[agent], or take the option out'
        ) from exc


def configured(conf: cfg.ConfigOpts, digests: Callable[[], Digests],
               changed: Callable[[], None]) -> NoBackend | Leadership:
    """Leadership as configured.

    :raises InvalidConfig: it cannot be had so
    """
    with references(f'[{options.GROUP}]backend_url'):
        if not conf[options.GROUP].backend_url:
            return NoBackend()
    return Leadership(conf, digests, changed)
