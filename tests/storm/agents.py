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


"""hv-sched-agent as an operator runs it, with a journal of its passes.

``tests.functional.agent_journal`` is its entry; hv_sched itself is what the
cloud has installed from its wheel.
"""

import collections
import os
import pathlib
import sys

from tests import repository
from tests.cloud import processes
from tests.cloud import templates
from tests.functional import agent_journal
from tests.storm import site
from tests.storm import versions

INTERVAL_SECONDS = 5
ALONE = f'''
[hv_sched]
source = $source
agent_interval = {INTERVAL_SECONDS}
audit_every = 1
# Two of them would want the same one.
status_port = 0
heal_codes = missing,lost,wrong-node,closed-node,evacuated,held,missing-source
[hv_sched_events]
transport_url = $transport_url
[oslo_messaging_rabbit]
rabbit_quorum_queue = false
heartbeat_in_pthread = false
'''
COORDINATED = '''
[coordination]
backend_url = file://$state/coordination
'''


class Agents:
    """The agents of one storm.

    :param source: what describes the cluster
    :ivar starts: of each version, how many
    """

    def __init__(self, cloud: site.Site, source: pathlib.Path) -> None:
        self._cloud = cloud
        self.journal = cloud.folder.run / 'journal'
        # Each storm its own: what a former one wrote is none of it.
        self.journal.unlink(missing_ok=True)
        self._path = self._tests_alone()
        self.starts: collections.Counter[str] = collections.Counter()
        self._files = {False: self._write('alone', ALONE, source), True:
                       self._write('coordinated', ALONE + COORDINATED,
                                   source)}
        (cloud.folder.state / 'coordination').mkdir(exist_ok=True)

    def _tests_alone(self) -> pathlib.Path:
        """A folder for ``PYTHONPATH``: hv_sched must come from its wheel."""
        folder = self._cloud.folder.run / 'path'
        folder.mkdir(exist_ok=True)
        link = folder / 'tests'
        link.unlink(missing_ok=True)
        link.symlink_to(repository.ROOT / 'tests')
        return folder

    def _write(self, name: str, addition: str, source: pathlib.Path
               ) -> pathlib.Path:
        path = self._cloud.folder.etc / 'hv_sched' / f'{name}.conf'
        templates.write(path, 'hv_sched.conf', {
            **self._cloud.files.values(), 'source': str(source)}, addition)
        return path

    def program(self, name: str, *, coordinated: bool = False
                ) -> processes.Program:
        """:param coordinated: it shares a lock with others of this kind"""
        conf = self._files[coordinated]
        path = str(self._path)
        if earlier := self._takes_earlier():
            path = f'{earlier.packages}{os.pathsep}{path}'
        self.starts[earlier.commit if earlier else versions.CHECKOUT] += 1
        return processes.Program(name, (
            sys.executable, '-c', agent_journal.PROGRAM, str(self.journal),
            '', '--config-file', str(conf)), {
                'HOME': str(self._cloud.folder.state),
                'PYTHONPATH': path}, (conf,))

    def _takes_earlier(self) -> versions.Earlier | None:
        """Each version in turn, where there are two."""
        return self._cloud.earlier if self.starts.total() % 2 else None

    def start(self, name: str = site.AGENTS[0], *, coordinated: bool = False
              ) -> None:
        self._cloud.start(self.program(name, coordinated=coordinated))

    def upgrade(self, name: str = site.AGENTS[0]) -> None:
        """Go on with the checkout's alone."""
        self._cloud.stop(name)
        self._cloud.earlier = None
        self.start(name)

    def text(self, name: str = site.AGENTS[0]) -> str:
        """All that it has logged."""
        return self._cloud.processes.log(name).read_text(errors='replace')

    def process_id(self, name: str) -> int:
        return self._cloud.processes.running()[name].pid
