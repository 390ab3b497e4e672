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

"""What a node can be asked: the collector's two functions."""

from collections.abc import Callable
import dataclasses

from hv_sched.sources.winrm.access import Access

# Until a node has answered the first request at the latest.
CONNECT_BUDGET_SECONDS = 60
FILES_BUDGET_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class NodeQuestion:
    """One of the collector's functions, with its switches.

    :param seconds: how long the answer may take
    """

    function: str
    switches: tuple[str, ...]
    seconds: float

    @property
    def call(self) -> str:
        """The line of PowerShell; no part of it is data."""
        return ' '.join((self.function,
                         *(f'-{switch}' for switch in self.switches)))


CLUSTER = NodeQuestion('Get-HvSchedCluster', (), 45)
NODE = NodeQuestion('Get-HvSchedNode', (), 30)
EVERYTHING = NodeQuestion(NODE.function, ('Guarded', 'Files'),
                          FILES_BUDGET_SECONDS)

# Asks one node, by its host name.
Ask = Callable[[str, Access, NodeQuestion], str]
