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
still, read, judge anew, check again, one atomic POST for a batch, check
again. What is not wrong any more by then is not touched. Orphans are
released when Nova still denies them a while later and nobody wrote them.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import time

from hv_sched import exception
from hv_sched.audit import judge
from hv_sched.audit.auditor import AuditReport
from hv_sched.audit.context import AuditContext
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.audit.orphans import Orphans
from hv_sched.compute import proven
from hv_sched.compute.servers import Changes
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import NovaRecords
from hv_sched.compute.servers import Server
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.shares import mover
from hv_sched.shares import room
from hv_sched.shares.rewrite import Move

_BATCH = 50
_OF_NOBODY = (Code.ORPHANED, Code.UNEXPLAINED)


@dataclasses.dataclass(frozen=True)
class HealOptions:
    """What may be healed.

    :param codes: findings of these; HELD is left to restore.py
    :param consumers: unexplained consumers that may be released all the same
    :param settle_seconds: how long Nova must deny an orphan
    """

    codes: frozenset[Code]
    consumers: frozenset[str] = frozenset()
    dry_run: bool = False
    workers: int = 8
    settle_seconds: float = 10


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
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._cloud = cloud
        self._options = options
        self._sleep = sleep

    def heal(self, report: AuditReport) -> HealResult:
        """Heal one cluster's findings; a failure is part of the result."""
        targets = [finding for finding in report.findings
                   if self._may(finding)]
        if not targets or self._options.dry_run:
            return self._result(report, targets, {})
        space = room.Room(self._client)
        reasons: dict[str, str] = {}
        failure: exception.HvSchedError | None = None
        try:
            self._servers(report, space, [
                finding for finding in targets
                if finding.code not in _OF_NOBODY], reasons)
            self._orphans(report, {
                finding.consumer for finding in targets
                if finding.code in _OF_NOBODY}, reasons)
        except exception.HvSchedError as exc:
            failure = exc
        return dataclasses.replace(
            self._result(report, targets, reasons), failure=failure, raised={
                report.context.title(volume): gb
                for volume, gb in space.raised.items()})

    def _may(self, finding: Finding) -> bool:
        return (finding.healable and finding.code in self._options.codes
                and finding.code is not Code.HELD
                and (finding.code is not Code.UNEXPLAINED
                     or finding.consumer in self._options.consumers))

    def _result(self, report: AuditReport, targets: Sequence[Finding],
                reasons: Mapping[str, str]) -> HealResult:
        done = [finding for finding in targets
                if finding.consumer not in reasons]
        stands = {id(finding) for finding in done}
        return HealResult(tuple(done), tuple(
            finding for finding in report.findings
            if id(finding) not in stands), reasons)

    # -- servers

    def _servers(self, report: AuditReport, space: room.Room,
                 findings: Sequence[Finding], reasons: dict[str, str]
                 ) -> None:
        """Heal servers, node after node.

        :param reasons: why some are left is added to it
        """
        rewriter = _Rewriter(self._client, self._cloud, report, findings,
                             space)
        moves = mover.Mover(
            rewriter, rewriter.watched, mover.MoveStrategy(  # type: ignore[arg-type]
                rewriter.rewrite, rewriter.write, _nowhere),
            _BATCH, self._options.workers)
        reasons |= dict.fromkeys(rewriter.codes, _UNTRIED)
        for node, servers in _by_node(report, findings):
            skipped = {skip.consumer: skip.message for skip in moves.move(
                node, servers, lambda count: None)}
            for uuid in servers:
                if uuid in rewriter.changed:
                    del reasons[uuid]
                else:
                    reasons[uuid] = _NO_MORE
            reasons |= skipped

    # -- orphans

    def _orphans(self, report: AuditReport, consumers: Collection[str],
                 reasons: dict[str, str]) -> None:
        """Release what Nova still denies; see ``_servers``."""
        if not consumers:
            return
        reasons |= dict.fromkeys(consumers, _UNTRIED)
        self._sleep(self._options.settle_seconds)
        confirmed = self._still_denied(report, consumers, reasons)
        for uuid in sorted(confirmed):
            reason = self._release(uuid, confirmed[uuid], report)
            if reason:
                reasons[uuid] = reason
            else:
                del reasons[uuid]

    def _still_denied(self, report: AuditReport, consumers: Collection[str],
                      reasons: dict[str, str]
                      ) -> dict[str, Finding | None]:
        """What a second look says of each; none while Nova is in doubt."""
        proof = proven.prove(self._cloud, [
            node.name for node in report.context.nodes.values()])
        if not proof.is_proven:
            reasons |= dict.fromkeys(consumers, proof.reason)
            return {}
        if not all(self._cloud.computes().values()):
            reasons |= dict.fromkeys(consumers, 'a cell does not answer')
            return {}
        migrations = self._cloud.open_migrations()
        denied = [uuid for uuid in consumers if uuid not in migrations
                  and self._cloud.server(uuid) is None]
        confirmed = {finding.consumer: finding for finding in Orphans(
            self._client, self._cloud, report.context,
            self._options.workers).gone(denied)}
        return {uuid: confirmed.get(uuid) for uuid in consumers}

    def _release(self, uuid: str, finding: Finding | None, report: AuditReport
                 ) -> str | None:
        """Release an orphan; returns why it was not."""
        consumer = self._client.consumer(uuid)
        if finding is None or consumer is None or not self._may(finding):
            return _NO_MORE
        held = {provider: resources
                for provider, resources in consumer.held.items()
                if provider in (finding.after or {})}
        try:
            self._client.write_consumers([
                dataclasses.replace(consumer, held=held)])
        except exception.PlacementConflict:
            return 'somebody wrote it meanwhile'
        return None


_NO_MORE = 'a second look shows it no more'
_UNTRIED = 'not tried: see the error'


class _Watched:
    """Servers, with what was last said of each.

    :param hosts: host by node's provider
    """

    def __init__(self, cloud: NovaRecords, hosts: Mapping[str, str]) -> None:
        self._cloud = cloud
        self._hosts = hosts
        self.said: dict[str, Server] = {}
        self.evacuated: frozenset[str] = frozenset()

    def on_node(self, node: str) -> Mapping[str, Server]:
        if node not in self._hosts:
            return {}
        return self._noted(self._cloud.on_host(self._hosts[node]))

    def server(self, uuid: str) -> Server | None:
        server = self._cloud.server(uuid)
        if server is not None:
            self._noted({uuid: server})
        return server

    def open_migrations(self) -> Mapping[str, Migration]:
        self.evacuated = frozenset(self._cloud.waiting_evacuations())
        return self._cloud.open_migrations()

    def changes(self, seconds: float) -> Changes:
        self.evacuated = frozenset(self._cloud.waiting_evacuations())
        changed = self._cloud.changes(seconds)
        self._noted({uuid: server for uuid, server in changed.servers.items()
                     if server is not None})
        return changed

    def computes(self) -> Mapping[str, bool]:
        return self._cloud.computes()

    def node_names(self) -> Collection[str]:
        return self._cloud.node_names()

    def _noted(self, servers: Mapping[str, Server]) -> Mapping[str, Server]:
        self.said.update(servers)
        return servers


class _Rewriter:
    """What the mover is told to write: what a fresh judgement says.

    Also the mover's Placement, where a server that holds nothing is an empty
    consumer instead of none.

    :ivar codes: what is to be healed, by server
    :ivar changed: servers that were to be written
    """

    def __init__(self, client: Placement, cloud: NovaRecords,
                 report: AuditReport,
                 findings: Iterable[Finding], space: room.Room) -> None:
        self._client = client
        self._cloud = cloud
        self._report = report
        self._space = space
        self._judged: dict[str, tuple[Server | None, AuditContext]] = {}
        self.watched = _Watched(cloud, report.hosts)
        self.codes: dict[str, set[Code]] = {}
        self.changed: set[str] = set()
        for finding in findings:
            self.codes.setdefault(finding.consumer, set()).add(finding.code)

    def rewrite(self, consumer: Consumer) -> Move:
        uuid = consumer.uuid
        server, context = self._judged[uuid] = self._now(uuid)
        if server is None or uuid not in self.codes:
            return Move(consumer, consumer)
        after = judge.healed(self._cloud.resolved(server), consumer.held,
                             context, self.codes[uuid])
        move = Move(consumer, dataclasses.replace(consumer, held=after))
        if move.changes:
            self.changed.add(uuid)
        return move

    def write(self, moves: Sequence[Move]) -> None:
        """Write moves, after another look at their servers.

        :raises PlacementConflict: a server is not as it was judged
        """
        for move in moves:
            uuid = move.before.uuid
            if self._now(uuid) != self._judged[uuid]:
                raise exception.PlacementConflict(
                    f'server {uuid} changed while it was read')
        self._space.make(moves)
        self._client.write_consumers(move.after for move in moves)

    def _now(self, uuid: str) -> tuple[Server | None, AuditContext]:
        """A server, and its context with the evacuations there are now."""
        waiting = self.watched.evacuated - self._report.abandoned
        return self.watched.said.get(uuid), dataclasses.replace(
            self._report.context, waiting=waiting & {uuid})

    def consumer(self, uuid: str) -> Consumer | None:
        consumer = self._client.consumer(uuid)
        server = self.watched.said.get(uuid)
        if consumer is None and server is not None and server.project_id:
            return Consumer(uuid, None, server.project_id, server.user_id,
                            {})
        return consumer

    def write_consumers(self, consumers: Iterable[Consumer]) -> None:
        self._client.write_consumers(consumers)


def _by_node(report: AuditReport, findings: Iterable[Finding]
             ) -> list[tuple[str, list[str]]]:
    """The servers of each node, to ask Nova for in bulk."""
    by_node: dict[str, set[str]] = {}
    for finding in findings:
        by_node.setdefault(report.nodes.get(finding.consumer, ''), set()).add(
            finding.consumer)
    return [(node, sorted(servers)) for node, servers in by_node.items()]


def _nowhere(migration: Migration) -> tuple[str | None, str | None]:
    """Where a move goes that overtook a write: the next audit tells."""
    return None, None

