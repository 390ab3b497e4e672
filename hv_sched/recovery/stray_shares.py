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


"""What moves that ended well, or badly, leave wrong on volumes.

A resize that kept the disk is charged the larger of both sizes until it is
confirmed, and Nova then leaves it so; an evacuation to another home leaves a
share on a volume too many. Which servers are suspected is decided here, what
is wrong with them by the judge. Each volume's shares are read, so this is for
a full pass.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import time

from hv_sched.audit import clusters
from hv_sched.audit import rewriter
from hv_sched.audit.closer_look import CloserLook
from hv_sched.audit.closer_look import of_servers
from hv_sched.audit.context import AuditContext
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.compute.servers import ERROR
from hv_sched.compute.servers import NovaRecords
from hv_sched.compute.servers import RESIZED
from hv_sched.compute.servers import Server
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.parallel import in_parallel
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.shares import escrow
from hv_sched.shares import quiescence

# Nova's services stamp their records with clocks of their own.
_CLOCK_MARGIN_S = 300
_OURS = (names.DISK_GB, names.HELD_DISK_GB)
Shares = Mapping[str, escrow.Amounts]


@dataclasses.dataclass(frozen=True)
class ShareCorrection:
    """What a server should hold on volumes instead of what it holds."""

    server: str
    before: escrow.Amounts
    after: escrow.Amounts


class StrayShares:
    """:param cold_moves_keep_disk: [hv_sched]cold_move_keeps_disk
    :param known_on: tells by server the one volume the source lists it on
    """

    def __init__(self, client: Placement, servers: NovaRecords, workers: int,
                 cold_moves_keep_disk: bool,
                 known_on: Callable[[], Mapping[str, str]]) -> None:
        self._client = client
        self._servers = servers
        self._workers = workers
        self._cold_moves_keep_disk = cold_moves_keep_disk
        self._known_on = known_on
        # When this process last looked at all resizes there were, and whose
        # servers could not be put right then.
        self._looked_at: float | None = None
        self._later: frozenset[str] = frozenset()

    def settle(self, volumes: Mapping[str, str], dry_run: bool
               ) -> tuple[list[ShareCorrection], list[Notice]]:
        """Put right what stands still.

        :param volumes: names by provider uuid
        :returns: what was changed, or would be in a dry run
        :raises PlacementError, NovaError:
        """
        now = time.monotonic()
        shares = self._shares(volumes)
        strayed = {uuid for uuid, on in shares.items() if len(on) > 1}
        resized, later = self._resized(shares)
        if not strayed and not resized:
            self._note(now, later, dry_run)
            return [], []
        context, abandoned = self._context(volumes)
        judged = self._judged({**self._at_rest(strayed), **resized}, context)
        findings = [finding for finding in judged if _is_ours(
            finding, resized, shares)]
        corrections = {finding.consumer: _correction(finding, shares)
                       for finding in findings}
        skipped = (self._not_standing(corrections) if dry_run
                   else self._write(findings, context, abandoned))
        self._note(now, later | (skipped & resized.keys()), dry_run)
        return ([change for server, change in sorted(corrections.items())
                 if server not in skipped], [
            Notice('', finding.consumer, Kind.SKIPPED,
                   f'{finding.evidence}; {finding.remedy}', 'stray-shares')
            for finding in judged if finding.code is Code.DOUBLED])

    def _note(self, now: float, later: Collection[str], dry_run: bool
              ) -> None:
        if not dry_run:
            self._looked_at, self._later = now, frozenset(later)

    def _shares(self, volumes: Mapping[str, str]) -> Shares:
        uuids = sorted(volumes)
        shares: dict[str, dict[str, int]] = {}
        for volume, on_volume in zip(uuids, in_parallel(
                self._workers, self._client.allocations_on, uuids),
                strict=True):
            for consumer, resources in on_volume.items():
                amount = max(resources.get(rc, 0) for rc in _OURS)
                if amount:
                    shares.setdefault(consumer, {})[volume] = amount
        return shares

    # -- whom to suspect

    def _at_rest(self, uuids: Collection[str]) -> dict[str, Server]:
        answers = in_parallel(self._workers, self._servers.server,
                              sorted(uuids))
        return {server.uuid: server for server in answers
                if server is not None and _is_at_rest(server)}

    def _resized(self, shares: Shares
                 ) -> tuple[dict[str, Server], set[str]]:
        """Servers whose last confirmed resize made them smaller.

        :returns: also those that do not stand still
        """
        resized, later = {}, set()
        for uuid in sorted(shares.keys() & self._ever_resized()):
            server = self._servers.server(uuid)
            if server is None:
                continue
            if not _is_at_rest(server) or server.vm_state == ERROR:
                later.add(uuid)
                continue
            needed_gb = self._servers.resolved(server).needs.disk_gb
            if needed_gb and needed_gb < max(shares[uuid].values()):
                resized[uuid] = server
        return resized, later

    def _ever_resized(self) -> set[str]:
        """Or since this process last looked, and those left then."""
        seconds = None if self._looked_at is None else (
            time.monotonic() - self._looked_at + _CLOCK_MARGIN_S)
        return {*self._servers.resized_since(seconds), *self._later}

    # -- what is wrong with them

    def _context(self, volumes: Mapping[str, str]
                 ) -> tuple[AuditContext, frozenset[str]]:
        """All clusters but those left alone.

        :returns: also the evacuated servers whose former node is gone
        """
        read = clusters.read(self._client, self._workers)
        waiting, abandoned = clusters.evacuations(self._client, self._servers)
        return AuditContext(
            volumes, {uuid: dataclasses.replace(
                node, homes=node.homes & volumes.keys(),
                reach=node.reach & volumes.keys())
                for cluster in read for uuid, node in cluster.nodes.items()},
            self._known_on(), waiting,
            cold_moves_keep_disk=self._cold_moves_keep_disk,
            move_traits=clusters.move_traits(read)), abandoned

    def _judged(self, servers: Mapping[str, Server], context: AuditContext
                ) -> list[Finding]:
        return CloserLook(
            self._client, self._servers, context, self._workers).findings(
                servers.values(),
                of_servers(self._servers.open_migrations()))

    # -- writing

    def _not_standing(self, uuids: Collection[str]) -> set[str]:
        view = quiescence.read_view(self._servers, (), uuids)
        return {skip.consumer
                for skip in quiescence.sort(uuids, view).skipped}

    def _write(self, findings: Collection[Finding], context: AuditContext,
               abandoned: Collection[str]) -> set[str]:
        """Write those that stand still; returns the others."""
        codes: dict[str, set[Code]] = {}
        for finding in findings:
            codes.setdefault(finding.consumer, set()).add(finding.code)
        if not codes:
            return set()
        writer = rewriter.Rewriter(
            self._client, self._servers, context, codes,
            rewriter.WatchedServers(self._servers, {}), abandoned)
        skipped = writer.move('', codes, self._workers)
        return {skip.consumer for skip in skipped} | (
            codes.keys() - writer.changed)


def _is_ours(finding: Finding, resized: Collection[str], shares: Shares
             ) -> bool:
    """What is put right on every full pass, whatever else is asked for."""
    if not finding.healable:
        return False
    if finding.code is Code.EVACUATED:
        return True
    return (finding.code is Code.WRONG_AMOUNT and finding.consumer in resized
            and len(shares[finding.consumer]) == 1)


def _correction(finding: Finding, shares: Shares) -> ShareCorrection:
    before = shares[finding.consumer]
    after = {provider: resources[names.DISK_GB]
             for provider, resources in (finding.after or {}).items()
             if provider in before and names.DISK_GB in resources}
    return ShareCorrection(finding.consumer, before, after)


def _is_at_rest(server: Server) -> bool:
    """Not a server to be confirmed."""
    return (server.known and not server.task_state
            and server.vm_state != RESIZED)
