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


"""Syncs all clusters: one look at Placement, and a loop for each cluster.

Planning needs the facts of all clusters, for what two of them claim, and the
bulk overview contains all at once; so both are read once, and what each
cluster's own loop then plans and writes concerns that cluster alone.
"""

import threading
import time
from typing import Any

from hv_sched import exit_codes
from hv_sched import ignored_findings
from hv_sched import model
from hv_sched import printable
from hv_sched.agent import backoff
from hv_sched.agent import cluster_sync
from hv_sched.agent import notice_log
from hv_sched.agent.cluster_sync import ClusterSync
from hv_sched.agent.part import Part
from hv_sched.parallel import in_parallel
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.providers.look import Look
from hv_sched.status import findings
from hv_sched.status.recorder import Recorder

LOG = printable.logger(__name__)


class Syncing:
    """:param options: those of group hv_sched
    :param interval_seconds: between two looks
    """

    def __init__(self, reconciler: reconcile.Reconciler, options: Any,
                 publishing: settings.Settings, interval_seconds: float,
                 recorder: Recorder | None = None) -> None:
        self._reconciler = reconciler
        self._options = options
        self._settings = publishing
        self._interval_seconds = interval_seconds
        self._recorder = recorder or Recorder()
        self._ignored = ignored_findings.IgnoredFindings(
            tuple(options.ignore_findings))
        self._notices = notice_log.NoticeLog(LOG, self._ignored)
        self._clusters: dict[str, ClusterSync] = {}
        self._is_started = False
        self.wake = threading.Event()

    def run(self, facts: model.Facts, full: bool) -> int:
        """Look, sync every cluster, and wait until all are done."""
        look = self._reconciler.look(facts, full)
        clusters = self._of(look)
        codes = in_parallel(
            self._options.workers, lambda cluster: cluster.run(look),
            clusters)
        is_quiet = exit_codes.ERROR not in codes
        return worst([*codes, self._cloud(look, is_quiet)])

    def offer(self, facts: model.Facts, full: bool) -> int:
        """Look, and give it to each cluster's loop; waits for none."""
        look = self._reconciler.look(facts, full)
        clusters = self._of(look)
        is_quiet = not any(cluster.is_busy for cluster in clusters)
        code = self._cloud(look, is_quiet)
        for cluster in clusters:
            cluster.offer(look)
        return code

    def start(self) -> None:
        """From now on clusters have threads."""
        self._is_started = True

    def stop(self, seconds: float) -> None:
        """End all of them, each after the write in hand.

        :param seconds: to wait, for all of them together
        """
        clusters = list(self._clusters.values())
        for cluster in clusters:
            cluster.stop()
        end = time.monotonic() + seconds
        for cluster in clusters:
            cluster.join(max(0.0, end - time.monotonic()))

    @property
    def parts(self) -> list[Part]:
        """Of all clusters."""
        return [cluster.part for cluster in list(self._clusters.values())]

    def _of(self, look: Look) -> list[ClusterSync]:
        """The loops of a look's clusters; those of others end."""
        names = look.clusters(self._settings)
        self._recorder.described(look.facts, names)
        for name in self._clusters.keys() - set(names):
            self._clusters.pop(name).stop()
        for name in names:
            if name not in self._clusters:
                self._clusters[name] = self._cluster(name)
        return [self._clusters[name] for name in names]

    def _cluster(self, name: str) -> ClusterSync:
        cluster = ClusterSync(
            name, self._reconciler,
            notice_log.NoticeLog(cluster_sync.LOG, self._ignored),
            backoff.Backoff(self._interval_seconds), self.wake.set,
            self._recorder)
        if self._is_started:
            cluster.start()
        return cluster

    def _cloud(self, look: Look, is_quiet: bool) -> int:
        """What is no single cluster's.

        :param is_quiet: no cluster is being synced; names of traits are
            deleted only then, as one may be about to use them
        """
        plan = self._reconciler.cloud_plan(look)
        notices = self._notices.update(plan.findings)
        self._recorder.told('sync', findings.of_notices('sync', notices))
        if not is_quiet or not plan.cleaning:
            return exit_codes.of(notices)
        result = self._reconciler.clean(look, plan)
        cluster_sync.say(result, 'the names of traits')
        self._recorder.written(result.done)
        for failure in result.failures.values():
            raise failure
        return exit_codes.of(notices)


def worst(codes: list[int]) -> int:
    """1 when something failed, else the most serious of all."""
    if exit_codes.ERROR in codes:
        return exit_codes.ERROR
    return max(codes, key=(exit_codes.OK, exit_codes.PARTIAL,
                           exit_codes.ADOPT).index, default=exit_codes.OK)
