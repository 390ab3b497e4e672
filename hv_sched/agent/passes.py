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

"""One pass of the agent: sync the clusters, restore held shares, and audit.

They do not wait for each other: a source that cannot be read stops no
restoring, and a Nova that is away stops no sync.
"""

from collections.abc import Callable

from oslo_config import cfg

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import model
from hv_sched import printable
from hv_sched import sources
from hv_sched.agent import audit_pass
from hv_sched.agent import paused
from hv_sched.compute.servers import NovaRecords
from hv_sched.notices import Notice
from hv_sched.placement.client import Placement
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.recovery import restore
from hv_sched.sources import naming

LOG = printable.logger(__name__)


class Agent:
    """:param conf: options of hv_sched
    """

    def __init__(self, conf: cfg.ConfigOpts, placement: Placement,
                 servers: NovaRecords) -> None:
        self._conf = conf
        self._paused = paused.Paused(conf.pause_cluster)
        self._reconciler = reconcile.Reconciler(
            placement, settings.from_conf(conf))
        self._restorer = restore.Restorer(
            placement, servers,
            restore.options(conf, self._paused.volume))
        self._auditor = audit_pass.Audits(
            conf.hv_sched, placement, servers, self._paused.volume)
        self._passes = 0

    def run(self) -> int:
        """A pass; returns an exit code of hv_sched.exit_codes.

        1 when a part failed, else the most serious of all.
        """
        options = self._conf.hv_sched
        full = self._passes % options.full_read_every == 0
        audits = (options.audit_every
                  and self._passes % options.audit_every == 0)
        self._passes += 1
        codes = [self._attempt('sync', lambda: self._sync(full)),
                 self._attempt('restoring held shares',
                               lambda: self._restore(full))]
        if audits:
            codes.append(self._attempt('audit', self._audit))
        if exit_codes.ERROR in codes:
            return exit_codes.ERROR
        return max(codes, key=(0, 4, 3).index)

    def _attempt(self, part: str, half: Callable[[], int]) -> int:
        try:
            return half()
        except exception.HvSchedError as exc:
            LOG.error('This pass: %s failed: %s', part, exc)
            return exit_codes.ERROR

    def _sync(self, full: bool) -> int:
        options = self._conf.hv_sched
        if not options.source:
            LOG.info('[hv_sched]source is not set: nothing to sync')
            return exit_codes.OK
        facts = sources.load(options.source, options.source_type)
        self._say_paused(facts)
        result = self._reconciler.sync(self._paused.without(facts), full)
        for change in result.done:
            LOG.info('Synced: %s', change)
        for cluster, failure in sorted(result.failures.items()):
            LOG.error('Cluster %s: %s', cluster or '(all)', failure)
        _log(result.plan.all_findings)
        return exit_codes.of(result.plan.all_findings,
                             failed=bool(result.failures))

    def _say_paused(self, facts: model.Facts) -> None:
        for name in self._paused.names:
            LOG.info('Cluster %s is paused: it is left alone', name)
        clusters = [cluster.name for cluster in facts.clusters]
        for name in self._paused.unknown([
                *clusters, *(problem.cluster or ''
                             for problem in facts.problems)]):
            LOG.warning('--pause-cluster %s: the source has no such cluster; '
                        '%s', name,
                        naming.suggestion(name, clusters, 'clusters'))

    def _restore(self, full: bool) -> int:
        result = self._restorer.restore(full=full)
        for restored in result.done:
            LOG.info('%s %s GB of %s on volume %s',
                     restored.action.capitalize(),
                     restored.gb, restored.consumer, restored.volume)
        _log(result.findings)
        return exit_codes.of(result.findings)

    def _audit(self) -> int:
        """Log what is wrong; put right what may be."""
        return (exit_codes.OK if self._auditor.run() else
                exit_codes.PARTIAL)


def _log(findings: tuple[Notice, ...] | list[Notice]) -> None:
    for finding in findings:
        LOG.warning('%s', finding)
