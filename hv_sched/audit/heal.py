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

"""Put right what an audit found, after a second look at each server.

Servers are written as adopt writes them (mover.py): check that it stands
still, read, judge again, check again, one atomic POST for a batch, check
again. What is not wrong any more by then is not touched. Orphans are
released when Nova still denies them a while later and nobody wrote them.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from hv_sched import exception
from hv_sched.audit import rewriter
from hv_sched.audit.auditor import AuditReport
from hv_sched.audit.closer_look import CloserLook
from hv_sched.audit.closer_look import of_servers
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.audit.orphans import Orphans
from hv_sched.compute import proven
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import NovaRecords
from hv_sched.placement.client import Placement

_OF_NOBODY = (Code.ORPHANED, Code.UNEXPLAINED)
# Released after a while, when a second look shows the same.
_RELEASED = (*_OF_NOBODY, Code.STRANDED)


@dataclasses.dataclass(frozen=True)
class HealOptions:
    """What may be healed.

    :param codes: findings of these; HELD is left to restore.py
    :param consumers: unexplained consumers that may be released all the same
    :param settle_seconds: how long Nova must deny an orphan
    :param skips: whether a volume, by its provider's name, is left alone
    """

    codes: frozenset[Code]
    consumers: frozenset[str] = frozenset()
    dry_run: bool = False
    workers: int = 8
    settle_seconds: float = 10
    skips: Callable[[str], bool] = lambda name: False


@dataclasses.dataclass(frozen=True)
class HealResult:
    """What healing came to.

    :param done: findings that are no more, or would be in a dry run
    :param remaining: findings that stay: not asked for, not certain, or the
        server moved
    :param reasons: by consumer, why it was left in spite of being asked for
    :param raised: by volume name, GB more than it has that are now on it
    :param failure: what stopped it before all was tried
    """

    done: tuple[Finding, ...] = ()
    remaining: tuple[Finding, ...] = ()
    reasons: Mapping[str, str] = dataclasses.field(default_factory=dict)
    raised: Mapping[str, int] = dataclasses.field(default_factory=dict)
    failure: exception.HvSchedError | None = None


class Healer:
    """:param sleep: called with the settling time before orphans go"""

    def __init__(self, client: Placement, cloud: NovaRecords,
                 options: HealOptions,
                 sleep: Callable[[float], None] | None = None) -> None:
        self._client = client
        self._cloud = cloud
        self._options = options
        self._sleep = sleep

    def heal(self, report: AuditReport) -> HealResult:
        """Heal one cluster's findings; a failure is part of the result."""
        targets = [finding for finding in report.findings
                   if self._may(finding, report)]
        if not targets or self._options.dry_run:
            return self._result(report, targets, {})
        raised: dict[str, int] = {}
        reasons: dict[str, str] = {}
        failure: exception.HvSchedError | None = None
        try:
            of_servers = [finding for finding in targets
                          if finding.code not in _RELEASED]
            self._servers(report, of_servers, reasons, raised)
            self._release(report, [
                finding for finding in targets
                if finding.code in _RELEASED], reasons,
                _owing(report, of_servers, reasons))
        except exception.HvSchedError as exc:
            failure = exc
        return dataclasses.replace(
            self._result(report, targets, reasons), failure=failure, raised={
                report.all_clusters.title(volume): gb
                for volume, gb in raised.items()})

    def _may(self, finding: Finding, report: AuditReport) -> bool:
        volumes = report.all_clusters.volumes
        touched = {finding.location, *(volumes[provider] for provider
                                       in finding.after or {}
                                       if provider in volumes)}
        return (finding.healable and finding.code in self._options.codes
                and finding.code is not Code.HELD
                and not any(map(self._options.skips, touched))
                and (finding.code is not Code.UNEXPLAINED
                     or finding.consumer in self._options.consumers))

    def _result(self, report: AuditReport, targets: Sequence[Finding],
                reasons: Mapping[str, str]) -> HealResult:
        done = [finding for finding in targets
                if _key(finding) not in reasons]
        stands = {id(finding) for finding in done}
        return HealResult(tuple(done), tuple(
            finding for finding in report.findings
            if id(finding) not in stands), reasons)

    # -- servers

    def _servers(self, report: AuditReport, findings: Sequence[Finding],
                 reasons: dict[str, str], raised: dict[str, int]) -> None:
        """Heal servers, node after node.

        :param reasons: why some are left is added to it
        :param raised: GB by volume, see ``HealResult``, are added to it
        """
        codes: dict[str, set[Code]] = {}
        for finding in findings:
            codes.setdefault(finding.subject, set()).add(finding.code)
        writer = rewriter.Rewriter(
            self._client, self._cloud, report.all_clusters, codes,
            rewriter.WatchedServers(self._cloud, report.hosts),
            report.abandoned)
        reasons |= dict.fromkeys(codes, _UNTRIED)
        try:
            for node, servers in _by_node(report, findings):
                skipped = {skip.consumer: skip.message for skip in writer.move(
                    node, servers, self._options.workers)}
                for uuid in servers:
                    if uuid in writer.changed:
                        del reasons[uuid]
                    else:
                        reasons[uuid] = _NO_MORE
                reasons |= skipped
        finally:
            raised.update(writer.space.raised)

    # -- what a server is not, or not any more

    def _release(self, report: AuditReport, findings: Sequence[Finding],
                 reasons: dict[str, str], owing: frozenset[str]) -> None:
        """Release what a second look tells the same of; see ``_servers``.

        :param owing: volumes of which nothing is released
        """
        consumers = {finding.consumer for finding in findings}
        if not consumers:
            return
        reasons |= dict.fromkeys(consumers, _UNTRIED)
        sleep = self._sleep or self._client.interruption.sleep
        sleep(self._options.settle_seconds)
        confirmed = self._confirmed(report, findings, reasons)
        for uuid in sorted(confirmed):
            reason = self._release_one(uuid, confirmed[uuid], report, owing)
            if reason:
                reasons[uuid] = reason
            else:
                del reasons[uuid]

    def _confirmed(self, report: AuditReport, findings: Sequence[Finding],
                   reasons: dict[str, str]) -> dict[str, Finding | None]:
        """What a second look says of each; none while Nova is in doubt."""
        proof = proven.prove(self._cloud, [
            node.name for node in report.context.nodes.values()])
        doubt = proof.reason if not proof.is_proven else (
            '' if all(self._cloud.computes().values())
            else 'a cell does not answer')
        if doubt:
            reasons |= dict.fromkeys((finding.consumer
                                      for finding in findings), doubt)
            return {}
        migrations = self._cloud.open_migrations()
        again = [*self._still_denied(report, [
            finding.consumer for finding in findings
            if finding.code in _OF_NOBODY], migrations),
            *self._still_stranded(report, [
                finding.server for finding in findings
                if finding.code is Code.STRANDED], migrations)]
        confirmed = {finding.consumer: finding for finding in again}
        return {finding.consumer: confirmed.get(finding.consumer)
                for finding in findings}

    def _still_denied(self, report: AuditReport, consumers: Collection[str],
                      migrations: Mapping[str, Migration]) -> list[Finding]:
        denied = [uuid for uuid in consumers if uuid not in migrations
                  and self._cloud.server(uuid) is None]
        return Orphans(self._client, self._cloud, report.all_clusters,
                       self._options.workers).gone(denied)

    def _still_stranded(self, report: AuditReport, uuids: Collection[str],
                        migrations: Mapping[str, Migration]
                        ) -> list[Finding]:
        look = CloserLook(self._client, self._cloud, report.all_clusters,
                          self._options.workers)
        servers = filter(None, map(self._cloud.server, sorted(set(uuids))))
        return [finding for finding in look.findings(
                    servers, of_servers(migrations))
                if finding.code is Code.STRANDED]

    def _release_one(self, uuid: str, finding: Finding | None,
                     report: AuditReport, owing: frozenset[str]
                     ) -> str | None:
        """Release a consumer; returns why it was not."""
        consumer = self._client.consumer(uuid)
        if (finding is None or consumer is None
                or not self._may(finding, report)):
            return _NO_MORE
        if owing & consumer.held.keys():
            return _AWAITED
        held = {provider: resources
                for provider, resources in consumer.held.items()
                if provider in (finding.after or {})}
        try:
            self._client.write_consumers([
                dataclasses.replace(consumer, held=held)])
        except exception.PlacementConflict as exc:
            return exception.told(exc)
        return None


_NO_MORE = ('a second look at Nova and Placement shows it no more; run it '
            'again to see whether it is still there')
_UNTRIED = 'not tried: see the error'
_AWAITED = ('it keeps the room of servers on its volume that have no share '
            'and were left; settle those, then run it again')


def _owing(report: AuditReport, findings: Iterable[Finding],
           reasons: Mapping[str, str]) -> frozenset[str]:
    """Volumes that owe a share to a server that was left as it is."""
    return frozenset(
        provider for finding in findings
        if reasons.get(finding.subject, _NO_MORE) != _NO_MORE
        for provider in finding.after or {}
        if provider in report.all_clusters.volumes)


def _key(finding: Finding) -> str:
    """What a reason is given for: the server that is written, or it."""
    return (finding.consumer if finding.code in _RELEASED
            else finding.subject)


def _by_node(report: AuditReport, findings: Iterable[Finding]
             ) -> list[tuple[str, list[str]]]:
    """The servers of each node, to ask Nova for in bulk."""
    by_node: dict[str, set[str]] = {}
    for finding in findings:
        by_node.setdefault(report.nodes.get(finding.subject, ''), set()).add(
            finding.subject)
    return [(node, sorted(servers)) for node, servers in by_node.items()]
