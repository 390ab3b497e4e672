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

"""One look at some servers, by the judge and the gates of every pass.

Whatever a notification says, what is written is what Nova and Placement tell
now, of servers that stand still.
"""

from collections.abc import Collection

from hv_sched.agent.audit_pass import Audits
from hv_sched.agent.log_lines import log_restored
from hv_sched.audit import clusters
from hv_sched.audit.clusters import ClusterProviders
from hv_sched.parallel import in_parallel
from hv_sched.placement.client import Placement
from hv_sched.recovery.restore import Restorer
from hv_sched.status.recorder import Recorder


class ServerPass:
    """:param workers: threads that read
    :param recorder: what is restored is reported to it
    """

    def __init__(self, placement: Placement, restorer: Restorer,
                 audits: Audits, workers: int, recorder: Recorder) -> None:
        self._placement = placement
        self._restorer = restorer
        self._audits = audits
        self._workers = workers
        self._recorder = recorder

    def look(self, servers: Collection[str]) -> frozenset[str]:
        """Judge servers and put right what may be.

        :returns: those to look at again: see Audits.run_of(), and those that
            are moving
        :raises PlacementError, NovaError: they cannot be read or written
        """
        clusters_ = clusters.read(self._placement, self._workers)
        ours = self._of_clusters(servers, clusters_)
        if not ours:
            return frozenset()
        result = self._restorer.restore_servers(ours)
        log_restored(result.done, self._recorder)
        return result.moving | self._audits.run_of(ours, clusters_)

    def _of_clusters(self, servers: Collection[str],
                     clusters_: Collection[ClusterProviders]) -> list[str]:
        """Those that hold something there: nobody is asked of the others."""
        providers = {provider for cluster in clusters_
                     for provider in (*cluster.volumes, *cluster.nodes)}
        if not providers:
            return []
        ordered = sorted(servers)
        return [server for server, consumer in zip(ordered, in_parallel(
            self._workers, self._placement.consumer, ordered), strict=True)
            if consumer is not None and providers & consumer.held.keys()]
