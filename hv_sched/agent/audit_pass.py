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

"""The audit pass of the agent, and what it logs."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Hashable
from collections.abc import Mapping
import logging
from typing import Any

from hv_sched import causes
from hv_sched import exception
from hv_sched import ignored_findings
from hv_sched import model
from hv_sched import printable
from hv_sched import sources
from hv_sched.agent import log_lines
from hv_sched.agent import owner_watch
from hv_sched.audit import auditor
from hv_sched.audit import file_locations
from hv_sched.audit import heal as healing
from hv_sched.audit import owners
from hv_sched.audit.clusters import ClusterProviders
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.audit.findings import identity
from hv_sched.compute import instance_names
from hv_sched.compute.servers import NovaRecords
from hv_sched.placement.client import Placement
from hv_sched.providers import reconcile
from hv_sched.status import findings as finding_forms
from hv_sched.status.recorder import Recorder

LOG = printable.logger(__name__)
# What syncing was answered is new enough: a winrm source asks for files
# every ten minutes, and what it lists has its age.
_MAX_AGE_SECONDS = 600


class Audits:
    """:param options: those of group hv_sched
    :param skips: whether a volume, by its provider's name, is skipped
    :param names: instance names of servers in the source
    :param recorder: receives findings and repairs
    """

    def __init__(self, options: Any, placement: Placement, cloud: NovaRecords,
                 skips: Callable[[str], bool],
                 names: instance_names.InstanceNames,
                 recorder: Recorder | None = None) -> None:
        self._recorder = recorder or Recorder()
        self._options = options
        self._placement = placement
        self._cloud = cloud
        self._skips = skips
        self._names = names
        self._ignored = ignored_findings.IgnoredFindings(
            tuple(options.ignore_findings))
        self._healer = healing.Healer(placement, cloud, healing.HealOptions(
            frozenset(map(Code, options.heal_codes)),
            workers=options.workers,
            settle_seconds=options.held_settle_time, skips=skips))
        self._owner_watch = owner_watch.OwnerWatch(
            options.owner_differs_after, reconcile.utcnow)
        self._standing = causes.Causes(LOG)
        self._doubts = causes.Causes(LOG)
        self._left_out = causes.Causes(LOG)

    def run(self) -> bool:
        """One audit, with healing; returns whether nothing is left.

        :raises PlacementError, NovaError: it was not finished
        """
        options = audit_options(self._options, self._names)
        audit = auditor.Auditor(self._placement, self._cloud, options)
        unknown = 0
        unproven = ''
        doubts: dict[Hashable, str] = {}
        findings: list[Finding] = []
        reasons: dict[str, str] = {}
        for report in audit.audit():
            if any(map(self._skips, report.context.volumes.values())):
                continue
            result = self._heal(report)
            findings += result.remaining
            reasons |= result.reasons
            if report.unproven:
                unknown += report.unknown
                unproven = report.unproven
                doubts[frozenset(report.context.volumes),
                       causes.without_numbers(unproven)] = (
                    f'Audit: {report.unknown} consumers were not checked: '
                    f'{unproven}')
        if audit.doubt:
            doubts['Nova', audit.doubt] = (
                f'Audit: {audit.doubt}; the servers there were not checked')
        self._doubts.update(doubts)
        self._recorder.unread('Nova', unproven or audit.doubt)
        remaining = self._log(self._owner_watch.lasting(
            findings, options.owners), reasons)
        return not remaining and not unknown and not audit.doubt

    def _heal(self, report: auditor.AuditReport) -> healing.HealResult:
        """Heal what may be of one cluster, and say what was done."""
        result = self._healer.heal(report)
        log_lines.log_healed(result, self._recorder)
        return result

    def run_of(self, servers: Collection[str],
               clusters_: list[ClusterProviders]) -> frozenset[str]:
        """Heal what may be of these servers; the rest is for ``run``.

        :param clusters_: all there are, as they were just read
        :returns: servers to look at again: those that are moving, or were a
            moment ago, and those on another node than they are charged on.
            A failover is told by Nova before the source knows the owner
        :raises PlacementError, NovaError: it was not finished
        """
        if not self._options.heal_codes:
            return frozenset()
        report, moving = auditor.Auditor(
            self._placement, self._cloud,
            audit_options(self._options, self._names)).audit_servers(
                servers, clusters_)
        remaining = self._heal(report).remaining
        return moving | {finding.consumer for finding in remaining
                         if finding.code is Code.WRONG_NODE}

    def _log(self, findings: list[Finding], reasons: Mapping[str, str]
             ) -> int:
        """Say what is left, but for what is ignored; returns how much."""
        remaining, left_out = self._ignored.split(findings, identity)
        self._recorder.told('audit', finding_forms.of_audit(remaining))
        self._left_out.update({
            'ignored': 'Audit: ' + ignored_findings.left_out_text(left_out)}
            if left_out else {}, logging.INFO)
        self._standing.update({
            (finding.code, finding.consumer, finding.location):
            f'Audit: {finding.code.value} of {finding.consumer} on '
            f'{finding.location} ({finding.gb} GB): {finding.evidence}; heal: '
            + reasons.get(finding.consumer, finding.remedy)
            for finding in remaining})
        return len(remaining)


def audit_options(options: Any, names: instance_names.InstanceNames
                  ) -> auditor.AuditOptions:
    """How the agent audits, with what the source says of servers now."""
    facts = _facts(options, names)
    when = reconcile.utcnow(), options.stale_after
    return auditor.AuditOptions(
        options.workers, file_locations.volumes_of(facts, *when),
        cold_moves_keep_disk=options.cold_move_keeps_disk,
        settle_seconds=options.held_settle_time,
        owners=owners.owners_of(facts, *when), needs_owner=True)


def known_on(options: Any, names: instance_names.InstanceNames
             ) -> dict[str, str]:
    """Where the source lists servers' files; nothing when it is away."""
    return file_locations.volumes_of(
        _facts(options, names), reconcile.utcnow(), options.stale_after)


def _facts(options: Any, names: instance_names.InstanceNames) -> model.Facts:
    """What the source says; of no cluster when it is away."""
    if not options.source:
        return model.Facts(())
    try:
        return names.resolved(sources.configured(options, _MAX_AGE_SECONDS))
    except exception.InvalidFacts as exc:
        # Reading the source is a part of its own, which logs the cause.
        LOG.debug('Audit goes on without the source: %s', exc)
        return model.Facts(())
