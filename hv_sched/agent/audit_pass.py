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
"""The agent's audit: what it is made of, and what it says."""

from collections.abc import Callable
from typing import Any

from hv_sched import exception
from hv_sched import ignored_findings
from hv_sched import printable
from hv_sched import sources
from hv_sched.audit import auditor
from hv_sched.audit import file_locations
from hv_sched.audit import heal as healing
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import identity
from hv_sched.compute import instance_names
from hv_sched.compute.servers import NovaRecords
from hv_sched.placement.client import Placement
from hv_sched.providers import reconcile

LOG = printable.logger(__name__)
# What syncing was answered is new enough: a winrm source asks for files
# every ten minutes, and what it lists has its age.
_MAX_AGE_SECONDS = 600


class Audits:
    """:param options: those of group hv_sched
    :param skips: whether a volume, by its provider's name, is left alone
    :param names: of the servers a source calls by name
    """

    def __init__(self, options: Any, placement: Placement, cloud: NovaRecords,
                 skips: Callable[[str], bool],
                 names: instance_names.InstanceNames) -> None:
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

    def run(self) -> bool:
        """One audit, with healing; returns whether nothing is left.

        :raises PlacementError, NovaError: it was not finished
        """
        options = self._options
        audit = auditor.Auditor(
            self._placement, self._cloud, auditor.AuditOptions(
                options.workers, known_on(options, self._names),
                cold_moves_keep_disk=options.cold_move_keeps_disk,
                settle_seconds=options.held_settle_time))
        remaining = 0
        for report in audit.audit():
            if any(map(self._skips, report.context.volumes.values())):
                continue
            remaining += self._heal(report)
            if report.unproven:
                remaining += report.unknown
                LOG.warning('Audit: %d consumers are not judged: %s',
                            report.unknown, report.unproven)
        if audit.down:
            LOG.warning('Audit: the cell of %s does not answer; nothing of '
                        'its servers is judged', ', '.join(sorted(audit.down)))
        return not remaining and not audit.down

    def _heal(self, report: auditor.AuditReport) -> int:
        """Heal what may be of one cluster; returns how much is left."""
        result = self._healer.heal(report)
        if result.failure is not None:
            LOG.error('Healing ended: %s; the next pass tries again',
                      result.failure)
        for finding in result.done:
            LOG.info('Healed %s of %s on %s (%d GB): %s',
                     finding.code.value, finding.consumer, finding.location,
                     finding.gb, finding.remedy)
        for volume, gb in sorted(result.raised.items()):
            LOG.warning('Volume %s: its room was given away; %d GB more than '
                        'it has are allocated now', volume, gb)
        remaining, left_out = self._ignored.split(
            result.remaining, identity)
        if left_out:
            LOG.info('Audit: %s', ignored_findings.left_out_text(left_out))
        for finding in remaining:
            LOG.warning('Audit: %s of %s on %s (%d GB): %s; heal: %s',
                        finding.code.value, finding.consumer, finding.location,
                        finding.gb, finding.evidence,
                        result.reasons.get(finding.consumer, finding.remedy))
        return len(remaining)


def known_on(options: Any, names: instance_names.InstanceNames
             ) -> dict[str, str]:
    """Where the source lists servers' files; nothing when it is away."""
    if not options.source:
        return {}
    try:
        facts = names.resolved(sources.configured(options, _MAX_AGE_SECONDS))
    except exception.InvalidFacts as exc:
        LOG.warning('Audit goes on without the source: %s', exc)
        return {}
    return file_locations.volumes_of(facts, reconcile.utcnow(),
                                     options.stale_after)
