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
"""

from importlib import metadata
import threading
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
from hv_sched.status import observation
from hv_sched.status.recorder import Recorder

if TYPE_CHECKING:
    from hv_sched.status import server

MISSING = ('[hv_sched]status_port is set, and {} is not installed: pip '
           "install 'hv_sched[status]', or set it to 0")
_END_SECONDS = 5


class Watching:
    """:param conf: options of hv_sched, with a ``status_port``
    :param recorder: what the agent's parts report to
    :ivar parts: what reads the status, and what checks it
    :raises InvalidConfig: it cannot be shown as the options say
    """

    def __init__(self, conf: cfg.ConfigOpts, placement: Placement,
                 recorder: Recorder) -> None:
        self._server = _server(conf.hv_sched, recorder)
        publishing = settings.from_conf(conf)
        interval = conf.hv_sched.agent_interval
        reading = observation.StatusPart(recorder, placement, publishing)
        checking = doctor_pass.DoctorPass(
            conf.hv_sched, clients.looking(conf, placement), publishing,
            recorder)
        self.parts = tuple(
            Part(name, work, backoff.Backoff(interval), recorder)
            for name, work in (('Status', reading.run),
                               ('Doctor', checking.run)))
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=self._loop, name='watching', daemon=True)

    @property
    def port(self) -> int:
        """On which it answers."""
        return self._server.port

    def start(self) -> None:
        """Read, again and again, and answer whoever asks."""
        self.serve()
        self._thread.start()

    def serve(self) -> None:
        """Answer whoever asks; whoever runs the parts reads."""
        self._server.start()

    def stop(self) -> None:
        """Nobody is answered any more."""
        self._stop.set()
        self._server.stop()
        if self._thread.is_alive():
            self._thread.join(_END_SECONDS)

    def _loop(self) -> None:
        while not self._stop.is_set():
            for part in self.parts:
                part.run()
            self._stop.wait(min(part.pause_seconds for part in self.parts))


def watching(conf: cfg.ConfigOpts, placement: Placement,
             recorder: Recorder) -> Watching | None:
    """None where ``[hv_sched]status_port`` is 0."""
    if not conf.hv_sched.status_port:
        return None
    return Watching(conf, placement, recorder)


def _server(options: cfg.ConfigOpts, recorder: Recorder
            ) -> 'server.StatusServer':
    """Listens already; imports what only an extra installs."""
    token = access.checked_token(
        options.status_address, options.status_token_file)
    try:
        from hv_sched.status import app  # noqa: PLC0415
        from hv_sched.status import server as servers  # noqa: PLC0415
    except ImportError as exc:
        raise exception.InvalidConfig(MISSING.format(exc.name)) from exc
    return servers.StatusServer(
        app.StatusApp(recorder, token, metadata.version('hv_sched')),
        options.status_address, options.status_port)
