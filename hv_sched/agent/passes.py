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

"""What the agent does: sync the clusters, restore held shares, and audit.

Syncing needs no Nova and restoring no source, so neither waits for the other:
the daemon gives each a thread and a rhythm of its own. A Nova that takes for
ever delays restoring and audits; a sync asks it for what the source leaves
open only, and then seldom.
"""

from collections.abc import Iterable
import threading

from oslo_config import cfg

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import ignored_findings
from hv_sched import model
from hv_sched import printable
from hv_sched import sources
from hv_sched.agent import audit_pass
from hv_sched.agent import paused
from hv_sched.agent.part import Part
from hv_sched.compute import instance_names
from hv_sched.compute.servers import NovaRecords
from hv_sched.doctor import finding_catalogue
from hv_sched.notices import Notice
from hv_sched.placement.client import Placement
from hv_sched.providers import changes
from hv_sched.providers import node_cpus
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.recovery import restore
from hv_sched.sources import naming

LOG = printable.logger(__name__)
# A pass that began may end; a service that hangs stops no shutdown.
_LAST_PASS_SECONDS = 30


class Agent:
    """:param conf: options of hv_sched
    """

    def __init__(self, conf: cfg.ConfigOpts, placement: Placement,
                 servers: NovaRecords) -> None:
        self._conf = conf
        self._paused = paused.Paused(conf.pause_cluster)
        # One for each half: their threads share nothing.
        self._names = instance_names.InstanceNames(servers)
        audited_names = instance_names.InstanceNames(servers)
        self._ignored = ignored_findings.IgnoredFindings(
            tuple(conf.hv_sched.ignore_findings))
        for fault in self._ignored.unknown(finding_catalogue.codes()):
            LOG.warning('%s', fault)
        self._reconciler = reconcile.Reconciler(
            placement, settings.from_conf(conf),
            nova=servers, cpus=node_cpus.NodeCpus(servers))
        self._restorer = restore.Restorer(
            placement, servers,
            restore.options(conf, self._paused.volume,
                            lambda: audit_pass.known_on(
                                conf.hv_sched, audited_names)))
        self._auditor = audit_pass.Audits(
            conf.hv_sched, placement, servers, self._paused.volume,
            audited_names)
        self._halves = (
            (Part('Sync', self._sync),),
            (Part('Restoring held shares', self._restore),
             Part('Audit', self._audit)))

    def run(self) -> int:
        """One pass of everything; returns an exit code.

        1 when a part failed, else the most serious of all.
        """
        codes = [part.run() for half in self._halves for part in half]
        if exit_codes.ERROR in codes:
            return exit_codes.ERROR
        return max(codes, key=(0, 4, 3).index)

    def run_until(self, stop: threading.Event, seconds: float) -> None:
        """Pass after pass until told to stop, which ends between two.

        :param seconds: between two passes of a half
        """
        threads = [threading.Thread(
            target=_repeat, args=(half, stop, seconds), daemon=True)
            for half in self._halves]
        for thread in threads:
            thread.start()
        stop.wait()
        for thread in threads:
            thread.join(_LAST_PASS_SECONDS)

    def _is_full(self, number: int) -> bool:
        return bool(number % self._conf.hv_sched.full_read_every == 0)

    def _sync(self, number: int) -> int:
        options = self._conf.hv_sched
        if not options.source:
            return exit_codes.OK
        try:
            facts = self._names.resolved(sources.configured(options))
        except exception.InvalidFacts as exc:
            # Not to know anything for too long closes the volumes.
            self._apply(number, model.Facts((), (model.Problem(
                None, options.source, str(exc).removeprefix(
                    f'{options.source}: '), 'unreadable'),)))
            raise
        return self._apply(number, facts)

    def _apply(self, number: int, facts: model.Facts) -> int:
        self._say_paused(facts)
        result = self._reconciler.sync(self._paused.without(facts),
                                       self._is_full(number))
        for change in result.done:
            for line in _lines(change):
                LOG.info('Synced: %s', line)
        for cluster, failure in sorted(result.failures.items()):
            LOG.error('Sync: cluster %s: %s; the next pass tries again',
                      cluster or '(all)', failure)
        notices = self._log(result.plan.all_findings)
        if result.done or result.failures:
            LOG.info('Sync: %d changes written, %d clusters failed, %d '
                     'notices', len(result.done), len(result.failures),
                     len(notices))
        return exit_codes.of(notices, failed=bool(result.failures))

    def _log(self, findings: Iterable[Notice]) -> list[Notice]:
        """Say them, but for those that are ignored."""
        notices, left_out = self._ignored.notices(findings)
        if left_out:
            LOG.info('%s', ignored_findings.left_out_text(left_out))
        for notice in notices:
            LOG.warning('%s', notice)
        return notices

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

    def _restore(self, number: int) -> int:
        result = self._restorer.restore(full=self._is_full(number))
        for restored in result.done:
            LOG.info('%s %s GB of %s on volume %s',
                     restored.action.capitalize(),
                     restored.gb, restored.consumer, restored.volume)
        notices = self._log(result.findings)
        if result.done:
            LOG.info('Restoring held shares: %d shares changed, %d notices',
                     len(result.done), len(notices))
        if result.failure is not None:
            raise result.failure
        return exit_codes.of(notices)

    def _audit(self, number: int) -> int:
        """Log what is wrong; put right what may be."""
        audit_every = self._conf.hv_sched.audit_every
        if not audit_every or number % audit_every:
            return exit_codes.OK
        return (exit_codes.OK if self._auditor.run() else
                exit_codes.PARTIAL)


def _repeat(parts: Iterable[Part], stop: threading.Event, seconds: float
            ) -> None:
    while not stop.is_set():
        for part in parts:
            part.run()
        stop.wait(seconds)


def _lines(change: changes.Change) -> list[str]:
    """What ``csv sync`` prints in the columns of a row."""
    return [' '.join(filter(None, (
        sign, change.name, label, before and f'{before} ->', after)))
        for sign, label, before, after in change.lines]
