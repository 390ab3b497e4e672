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

"""The status of the cloud: read by a thread of its own, and shown over HTTP.

Nothing else waits for it, and nothing that syncs or heals uses what it reads.
It outlives the agents of a process: a SIGHUP that changes port, address or
token is followed, and one that cannot be changes nothing.
"""

from importlib import metadata
import threading
from typing import Any
from typing import TYPE_CHECKING

from oslo_config import cfg

from hv_sched import exception
from hv_sched.agent import backoff
from hv_sched.agent import clients
from hv_sched.agent import doctor_pass
from hv_sched.agent.part import Part
from hv_sched.placement.client import Placement
from hv_sched.providers import settings
from hv_sched.status import access
from hv_sched.status import hosts
from hv_sched.status import observation
from hv_sched.status.recorder import Recorder

if TYPE_CHECKING:
    from hv_sched.status import server

MISSING = ('[hv_sched]status_port is set, and {} is not installed: pip '
           "install 'hv_sched[status]', or set it to 0")
STATUS, DOCTOR = 'Status', 'Doctor'
_END_SECONDS = 5


class Watching:
    """Shows nothing until it is told to follow options with a port.

    :param recorder: what the agent's parts report to
    :ivar parts: what reads the status, and what checks it
    """

    def __init__(self, recorder: Recorder) -> None:
        self.parts: tuple[Part, ...] = ()
        self._recorder = recorder
        self._server: server.StatusServer | None = None
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(
            target=self._loop, name='watching', daemon=True)

    @property
    def port(self) -> int:
        """On which it answers; 0 where it does not."""
        return self._server.port if self._server else 0

    def follow(self, conf: cfg.ConfigOpts, placement: Placement) -> None:
        """Show the status as the options say from now on.

        :param conf: options of hv_sched
        :param placement: what is read; nothing else may use it
        :raises InvalidConfig: it cannot be; then it goes on as before
        """
        parts = (self._parts_of(conf, placement)
                 if conf.hv_sched.status_port else ())
        self._listen(conf.hv_sched)
        former, self.parts = self.parts, parts
        if not parts:
            for part in former:
                self._recorder.gone(part.name)
        self._wake.set()

    def start(self) -> None:
        """Begin to read, again and again."""
        self._thread.start()

    def stop(self) -> None:
        """Nobody is answered any more."""
        self._is_stopping = True
        self._wake.set()
        self._close()
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS)

    def _parts_of(self, conf: cfg.ConfigOpts, placement: Placement
                  ) -> tuple[Part, ...]:
        publishing = settings.from_conf(conf)
        reading = observation.StatusPart(
            self._recorder, placement, publishing)
        checking = doctor_pass.DoctorPass(
            conf.hv_sched, clients.looking(conf, placement), publishing,
            self._recorder)
        return tuple(
            Part(name, work, backoff.Backoff(conf.hv_sched.agent_interval),
                 self._recorder)
            for name, work in ((STATUS, reading.run), (DOCTOR, checking.run)))

    def _listen(self, options: Any) -> None:
        former = self._server
        if not options.status_port:
            self._close()
            return
        app = _app(options, self._recorder)
        place = options.status_address, options.status_port
        if former is not None and (former.address, former.port) == place:
            former.replace(app)
            return
        # One address may include the other: both cannot listen at a time.
        shares_port = former is not None and former.port == place[1]
        if shares_port:
            self._close()
        try:
            self._serve(app, *place)
        except exception.InvalidConfig:
            if former is not None and shares_port:
                self._serve(former.app, former.address, former.port)
            raise
        if former is not None and not shares_port:
            former.stop()

    def _serve(self, app: Any, address: str, port: int) -> None:
        from hv_sched.status import server as servers  # noqa: PLC0415

        serving = servers.StatusServer(app, address, port)
        serving.start()
        self._server = serving

    def _close(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def _loop(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            parts = self.parts
            for part in parts:
                if parts is self.parts:
                    part.run()
            if not self._is_stopping:
                self._wake.wait(min(
                    (part.pause_seconds for part in parts), default=None))


def _app(options: Any, recorder: Recorder) -> Any:
    """What answers; imports what only an extra installs.

    :raises InvalidConfig: it is not installed, or the token is no good
    """
    token = access.checked_token(
        options.status_address, options.status_token_file)
    try:
        from hv_sched.status import app  # noqa: PLC0415
        from hv_sched.status import server  # noqa: F401, PLC0415
    except ImportError as exc:
        raise exception.InvalidConfig(MISSING.format(exc.name)) from exc
    return app.StatusApp(
        recorder, token, metadata.version('hv_sched'),
        allowed=hosts.AllowedHosts.of(
            options.status_address, options.status_allowed_hosts))
