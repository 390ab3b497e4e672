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

"""The clusters of an access file, each asked for itself.

A cluster that hangs or cannot be reached delays and freezes no other one.
"""

import functools
import importlib
import threading
from typing import Any

from hv_sched import exception
from hv_sched import model
from hv_sched import parallel
from hv_sched.sources.windows import document
from hv_sched.sources.winrm import access as access_file
from hv_sched.sources.winrm import memory
from hv_sched.sources.winrm import rights
from hv_sched.sources.winrm.access import Access
from hv_sched.sources.winrm.asking import Asking
from hv_sched.sources.winrm.questions import Ask

CLUSTERS_AT_A_TIME = 8
NODES_AT_A_TIME = 16

Documents = list[tuple[str, Any]]


class Clusters:
    """What a process knows of the clusters of one file.

    :param path: of the access file, which is read again in each pass
    :param ask: asks one node; by default over PowerShell Remoting
    """

    def __init__(self, path: str, ask: Ask | None = None,
                 clock: memory.Clock | None = None) -> None:
        self._path = path
        self._ask = ask
        self._clock = clock or memory.Clock()
        self._asking = Asking(NODES_AT_A_TIME)
        self._memories: dict[Access, memory.ClusterMemory] = {}
        self._lock = threading.Lock()

    def collect(self) -> tuple[Documents, list[model.Problem]]:
        """A document of each cluster, by its name, and why others have none.

        :raises InvalidConfig: the file cannot be used, or pypsrp is missing
        """
        accesses = access_file.load(self._path)
        ask = self._ask or endpoint_ask()
        # Two parts of an agent may ask at the same time.
        with self._lock:
            self._memories = {
                access: self._memories.get(access) or memory.ClusterMemory(
                    access, ask, self._asking, self._clock)
                for access in accesses}
            results = parallel.in_parallel(
                CLUSTERS_AT_A_TIME, _collected, self._memories.values())
        documents = [result for result in results
                     if isinstance(result, tuple)]
        return documents, [result for result in results
                           if isinstance(result, model.Problem)]

    def text(self) -> str:
        """What the nodes of all clusters answered last, line by line.

        :raises InvalidFacts: none did
        :raises InvalidConfig: see ``collect``
        """
        _, problems = self.collect()
        lines = ''.join(of.text() for of in self._memories.values())
        if not lines:
            raise exception.InvalidFacts('; '.join(map(str, problems)))
        return lines


def _collected(of: memory.ClusterMemory) -> tuple[str, Any] | model.Problem:
    try:
        return of.name, document.document(of.collect())
    except exception.HvSchedError as exc:
        return model.Problem(of.name, f'cluster {of.name}', str(exc),
                             'unreachable', freezes=True)


def rights_of(path: str) -> list[rights.NodeRights]:
    """The rights on each node of each cluster of a file.

    :raises InvalidConfig: see ``Clusters.collect``
    """
    ask = endpoint_ask()

    def of_cluster(access: Access) -> list[rights.NodeRights]:
        return rights.of_cluster(access, ask, Asking(NODES_AT_A_TIME))
    return [node for nodes in parallel.in_parallel(
        CLUSTERS_AT_A_TIME, of_cluster, access_file.load(path))
        for node in nodes]


@functools.cache
def of(path: str) -> Clusters:
    """The clusters of a file; a process remembers them."""
    return Clusters(path)


@functools.cache
def endpoint_ask() -> Ask:
    """Asks over PowerShell Remoting.

    :raises InvalidConfig: the extra that does it is not installed
    """
    try:
        endpoint = importlib.import_module('hv_sched.sources.winrm.endpoint')
    except ImportError as exc:
        raise exception.InvalidConfig(
            f'source_type winrm needs a package that is missing ({exc.name})'
            ': run "pip install hv_sched[winrm]"') from exc
    ask: Ask = endpoint.ask
    return ask
