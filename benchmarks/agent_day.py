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

"""Memory and open files of an agent over a day of passes, compressed.

    python -m benchmarks.agent_day [--passes 1440] [--events 500]

The agent is a process of its own that passes without waiting, as often as it
does in a day at the default interval. Placement is another process, the
cluster is simulated and changes all the time. Prints JSON: passes, events, and
what the agent's process held after a tenth of them and at the end.
"""

import argparse
import gc
import json
import logging
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

from hv_sched.agent import cmd
from hv_sched.demo import service
from hv_sched.status.recorder import Recorder
from tests.functional import agent_journal
from tests.functional import agent_storm
from tests.functional import storm_observer
from tests.functional import storm_reading

PAUSE_SECONDS = 0.05
PAGE_BYTES = os.sysconf('SC_PAGE_SIZE')


class Passes(Recorder):
    """Counts the looks of an agent."""

    def __init__(self) -> None:
        super().__init__()
        self._counted = threading.Condition()
        self.count = 0
        self.failed = 0

    def passed(self, part: str, code: int, seconds: float,
               error: str = '') -> None:
        super().passed(part, code, seconds, error)
        if part == 'Sync':
            with self._counted:
                self.count += 1
                self.failed += code == 1
                self._counted.notify_all()

    def wait_for(self, count: int) -> None:
        with self._counted:
            self._counted.wait_for(lambda: self.count >= count)


def held() -> dict[str, int]:
    """By this process, now."""
    gc.collect()
    resident = int(pathlib.Path('/proc/self/statm').read_text().split()[1])
    return {'rss_kib': resident * PAGE_BYTES // 1024,
            'open_files': len(os.listdir('/proc/self/fd')),
            'threads': threading.active_count()}


def pass_often(conf: str, passes: int) -> None:
    """The agent's process: prints what it holds."""
    passes_ = Passes()
    _conf, agent = cmd.make_agent(['--config-file', conf], passes_)
    logging.disable(logging.CRITICAL)
    begun = time.monotonic()
    agent.start(PAUSE_SECONDS)
    print(json.dumps({'passes': 0, **held()}), flush=True)
    for count in range(passes // 10, passes + 1, passes // 10):
        passes_.wait_for(count)
        print(json.dumps({
            'passes': passes_.count, 'failed': passes_.failed,
            'seconds': round(time.monotonic() - begun), **held()}),
            flush=True)
    agent.stop()


def run(folder: pathlib.Path, passes: int, events: int) -> dict:
    """A day of it."""
    process, endpoint = service.start(folder, port=0)
    try:
        disks = agent_storm.Disks(folder, endpoint)
        conf = folder / 'hv_sched.conf'
        conf.write_text(f'''
[hv_sched]
source = {disks.source}
agent_interval = 1
audit_every = 0
workers = 2
[keystone]
auth_type = admin_token
token = admin
endpoint = {endpoint}
''')
        agent = subprocess.Popen(
            [sys.executable, '-m', 'benchmarks.agent_day', '--passes',
             str(passes), '--agent', str(conf)], stdout=subprocess.PIPE,
            stderr=(folder / 'agent.log').open('w'), text=True)
        storm = agent_storm.Storm(
            disks, storm_observer.Observer(
                disks, agent_journal.Journal(folder / 'journal'),
                storm_reading.PlacementReading(disks.endpoint)),
            random.randrange(2 ** 32))
        ended = threading.Event()
        weather = threading.Thread(
            target=_weather, args=(storm, ended, events))
        weather.start()
        try:
            # Among the lines of its log.
            states = [json.loads(line) for line in agent.stdout or ()
                      if line.startswith('{')]
        finally:
            ended.set()
            weather.join()
            agent.kill()
            agent.wait()
        return {'events': sum(storm.events.values()), 'after': states}
    finally:
        service.stop(process)


def _weather(storm: agent_storm.Storm, ended: threading.Event, events: int
             ) -> None:
    """Events while the agent passes; then the source is only dated anew."""
    api = storm.disks.cloud.api
    while not ended.wait(0.3) and not any(
            listed.name.startswith('csv:') for listed in api.list_providers()):
        storm.disks.write()
    while not ended.wait(0.3):
        if sum(storm.events.values()) < events:
            storm.one()
        else:
            storm.disks.write()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--passes', type=int, default=1440)
    parser.add_argument('--events', type=int, default=500)
    parser.add_argument('--agent', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.agent:
        pass_often(args.agent, args.passes)
        return
    with tempfile.TemporaryDirectory(prefix='hvs') as folder:
        print(json.dumps(run(pathlib.Path(folder), args.passes, args.events),
                         indent=2))


if __name__ == '__main__':
    main()
