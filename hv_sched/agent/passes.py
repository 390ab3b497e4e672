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
the daemon gives each a thread and a rhythm of its own, and syncing one for
each cluster. A Nova that takes for ever delays restoring and audits; a sync
asks it for what the source leaves open only, and then seldom.
"""

import logging
import threading
import time

from oslo_config import cfg

from hv_sched import causes
from hv_sched import exit_codes
from hv_sched import ignored_findings
from hv_sched import model
from hv_sched import printable
from hv_sched.agent import audit_pass
from hv_sched.agent import backoff
from hv_sched.agent import digests
from hv_sched.agent import due
from hv_sched.agent import gathering
from hv_sched.agent import leadership
from hv_sched.agent import log_lines
from hv_sched.agent import notice_log
from hv_sched.agent import paused
from hv_sched.agent import syncing
from hv_sched.agent.events import wiring
from hv_sched.agent.part import Part
from hv_sched.compute import instance_names
from hv_sched.compute.servers import NovaRecords
from hv_sched.doctor import finding_catalogue
from hv_sched.placement.client import Placement
from hv_sched.providers import node_cpus
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.recovery import restore
from hv_sched.sources import naming
from hv_sched.status import findings
from hv_sched.status.recorder import Recorder

LOG = printable.logger(__name__)
# What goes on while another agent writes.
_STANDBY_PARTS = ('Reading the source', 'Status', 'Doctor')
# What nobody runs without a source.
_SOURCE_PARTS = ('Sync', 'Reading the source')
# A pass that began may end; a service that hangs stops no shutdown.
LAST_PASS_SECONDS = 30
# Answers of many clusters come one after the other: one look serves them.
_GATHERING_SECONDS = 1.0


class Agent:
    """:param conf: options of hv_sched
    :param recorder: what is done is reported to it
    """

    def __init__(self, conf: cfg.ConfigOpts, placement: Placement,
                 servers: NovaRecords, recorder: Recorder | None = None
                 ) -> None:
        self.conf = conf
        self._placement = placement
        self._is_stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._longest_pause_seconds = float(conf.hv_sched.agent_interval)
        options = conf.hv_sched
        self._paused = paused.Paused(conf.pause_cluster)
        self._ignored = ignored_findings.IgnoredFindings(
            tuple(options.ignore_findings))
        for fault in self._ignored.unknown(finding_catalogue.codes()):
            LOG.warning('%s', fault)
        interval = options.agent_interval
        recorder = recorder or Recorder(interval)
        self._recorder = recorder
        publishing = settings.from_conf(conf)
        # One for each half: their threads share nothing.
        self._reconciler = reconcile.Reconciler(
            placement, publishing, nova=servers,
            cpus=node_cpus.NodeCpus(servers))
        self._syncing = syncing.Syncing(
            self._reconciler, options, publishing, interval, recorder)
        self._gathering = gathering.Gathering(
            options, instance_names.InstanceNames(servers), interval,
            self._syncing.wake.set, recorder)
        self._pauses = causes.Causes(LOG)
        self._mistyped = causes.Causes(LOG)
        self._notices = notice_log.NoticeLog(LOG, self._ignored)
        audited_names = instance_names.InstanceNames(servers)
        self._restorer = restore.Restorer(
            placement, servers,
            restore.options(conf, self._paused.volume,
                            lambda: audit_pass.known_on(
                                options, audited_names)))
        self._auditor = audit_pass.Audits(
            options, placement, servers, self._paused.volume, audited_names,
            recorder)
        self._sync = Part('Sync', self._look, backoff.Backoff(interval),
                          recorder)
        self._once = Part('Sync', self._sync_once, recorder=recorder)
        self._shares = (
            Part('Restoring held shares', self._restore,
                 backoff.Backoff(interval), recorder),
            Part('Audit', self._audit, backoff.Backoff(interval), recorder))
        self._due = due.Due()
        self._full_at: float | None = None
        self._shares_wake = threading.Event()
        self._leadership = leadership.configured(
            conf, digests.Digests(options, publishing,
                                  self._gathering.latest),
            self._lead_changed)
        self._events = wiring.configured(
            conf, placement, servers, self._paused.volume,
            self._syncing.wake.set, recorder)

    def take_over(self, former: 'Agent') -> None:
        """Remember what a former agent of this process does.

        What it saw closed opens no sooner, and no older facts are believed.
        """
        self._reconciler.memory = former._reconciler.memory

    def run(self) -> int:
        """One pass of everything; returns an exit code.

        1 when a part failed, else the most serious of all.
        """
        return syncing.worst([
            half.run() for half in (self._once, *self._shares)])

    def run_until(self, stop: threading.Event, seconds: float | None = None
                  ) -> None:
        """Pass after pass until told to stop, which ends between two writes.

        :param seconds: between two passes of a half, at most
        """
        self.start(seconds)
        stop.wait()
        self.stop()

    def start(self, seconds: float | None = None) -> None:
        """Begin to pass, in threads."""
        if seconds is not None:
            self._longest_pause_seconds = seconds
        self._threads = [
            threading.Thread(target=target, daemon=True, name=name)
            for name, target in (('sync', self._keep_synced),
                                 ('shares', self._keep_shares))]
        self._events.start()
        self._events.listen(self._leadership.leads)
        self._leadership.start()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more, and wait until what is begun is written."""
        self._is_stopping.set()
        self._placement.interruption.set()
        self._syncing.wake.set()
        self._shares_wake.set()
        self._gathering.stop()
        end = time.monotonic() + LAST_PASS_SECONDS
        self._events.stop()
        self._syncing.stop(LAST_PASS_SECONDS)
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        # What was in hand is written: another may begin.
        self._leadership.stop()

    def _lead_changed(self) -> None:
        """This agent writes from now on, or no more."""
        # Another one wrote meanwhile.
        self._full_at = None
        if self._leadership.leads:
            self._recorder.leads()
        else:
            self._recorder.stands_by(_STANDBY_PARTS)
        self._events.listen(self._leadership.leads)
        self._syncing.wake.set()
        self._shares_wake.set()

    def status(self) -> str:
        """One line on how it is."""
        failures = [f'{each.name}: {each.failure}' for each in self._parts
                    if each.failure]
        clusters = len(self._syncing.parts)
        if not self._leadership.leads:
            return 'another agent writes'
        return (f'{clusters} clusters; '
                + ('; '.join(failures) if failures else 'all parts work'))

    def stuck_parts(self, now: float) -> list[str]:
        """The parts that do not progress, by the monotonic clock."""
        return [
            *(each.name for each in (self._sync, *self._shares)
              if each.is_stuck(now, waits=not self._leadership.leads)),
            *(each.name for each in self._syncing.parts
              if each.is_stuck(now, waits=True)),
            *(name for name, thread in (('Events', self._events),
                                        ('Leadership', self._leadership))
              if thread.is_stuck(now))]

    @property
    def _parts(self) -> list[Part]:
        return [self._sync, self._once, *self._shares, *self._syncing.parts]

    def _keep_synced(self) -> None:
        if not self.conf.hv_sched.source:
            self._recorder.undescribed(_SOURCE_PARTS)
            return
        self._gathering.start()
        self._gathering.wait_first()
        self._syncing.start()
        while not self._is_stopping.is_set():
            self._syncing.wake.clear()
            if self._leadership.leads:
                self._sync.run()
            self._is_stopping.wait(min(
                _GATHERING_SECONDS, self._longest_pause_seconds))
            self._syncing.wake.wait(self._pause_seconds(self._sync))

    def _keep_shares(self) -> None:
        while not self._is_stopping.is_set():
            self._shares_wake.clear()
            if self._leadership.leads:
                for half in self._shares:
                    half.run()
            if not self._is_stopping.is_set():
                self._shares_wake.wait(min(map(self._pause_seconds,
                                               self._shares)))

    def _pause_seconds(self, half: Part) -> float:
        if not self._leadership.leads:
            return self._longest_pause_seconds
        return min(half.pause_seconds, self._longest_pause_seconds)

    def _is_full(self, number: int) -> bool:
        return bool(number % self.conf.hv_sched.full_read_every == 0)

    def _is_full_look(self) -> bool:
        """Looks come when there is something new; full ones by the clock."""
        options = self.conf.hv_sched
        now = time.monotonic()
        if self._full_at is not None and now - self._full_at < (
                options.full_read_every * options.agent_interval):
            return False
        self._full_at = now
        return True

    def _sync_once(self, number: int) -> int:
        """Ask, look, and sync every cluster."""
        if not self.conf.hv_sched.source:
            return exit_codes.OK
        try:
            facts = self._gathering.read()
        except Exception:
            # What it cannot say freezes its clusters; the cause is reported.
            self._syncing.run(self._facts(self._gathering.latest()),
                              self._is_full(number))
            raise
        return self._syncing.run(self._facts(facts), self._is_full(number))

    def _look(self, _number: int) -> int:
        """Look, and let each cluster's loop do what there is to do."""
        is_full = self._is_full_look()
        try:
            return self._syncing.offer(
                self._facts(self._gathering.latest()), is_full)
        except BaseException:
            self._full_at = None if is_full else self._full_at
            raise

    def _facts(self, facts: model.Facts) -> model.Facts:
        """Those of clusters that are not paused."""
        self._say_paused(facts)
        return self._paused.without(facts)

    def _say_paused(self, facts: model.Facts) -> None:
        self._pauses.update({
            name: f'Cluster {name} is paused: it is left alone'
            for name in self._paused.names}, logging.INFO)
        clusters = [cluster.name for cluster in facts.clusters]
        self._mistyped.update({
            name: f'--pause-cluster {name}: the source has no such cluster; '
            + naming.suggestion(name, clusters, 'clusters')
            for name in self._paused.unknown([
                *clusters, *(problem.cluster or ''
                             for problem in facts.problems)])})

    def _restore(self, number: int) -> int:
        is_full = self._due.is_due('full', self._is_full(number))
        result = self._restorer.restore(full=is_full)
        log_lines.log_restored(result.done, self._recorder)
        notices = self._notices.update(result.findings)
        self._recorder.told('restore', findings.of_notices(
            'restore', notices))
        if result.done:
            LOG.info('Restoring held shares: %d shares changed, %d notices',
                     len(result.done), len(notices))
        if result.failure is not None:
            raise result.failure
        self._due.done('full')
        return exit_codes.of(notices)

    def _audit(self, number: int) -> int:
        """Log what is wrong; put right what may be."""
        every = self.conf.hv_sched.audit_every
        if not every or not self._due.is_due('audit', number % every == 0):
            return exit_codes.OK
        is_clean = self._auditor.run()
        self._due.done('audit')
        return exit_codes.OK if is_clean else exit_codes.PARTIAL
