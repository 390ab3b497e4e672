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

"""Every share against Nova's servers and migrations, in bulk.

One cluster after the other, so memory holds the largest cluster and not the
cloud: what each volume and node has allocated, the servers of each node, and
for the whole cloud the open migrations and the soft-deleted servers. That is
a request for each volume and two for each node, however many servers there
are. Only a server with which something looks wrong is looked at a second
time, by itself and by all it holds in all clusters, and only what that look
shows is reported: a server that moved in between is left out.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import functools
import time

from hv_sched import exception
from hv_sched.audit import closer_look
from hv_sched.audit import clusters
from hv_sched.audit import judge
from hv_sched.audit import orphans
from hv_sched.audit.closer_look import CloserLook
from hv_sched.audit.cluster_view import AuditView
from hv_sched.audit.cluster_view import Cells
from hv_sched.audit.cluster_view import Services
from hv_sched.audit.clusters import ClusterProviders
from hv_sched.audit.context import AuditContext
from hv_sched.audit.context import MigrationShares
from hv_sched.audit.context import NodeVolumes
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.audit.owners import Owners
from hv_sched.compute import proven
from hv_sched.compute.servers import NovaRecords
from hv_sched.compute.servers import Server
from hv_sched.parallel import in_parallel
from hv_sched.placement.client import Placement
from hv_sched.shares import quiescence
from hv_sched.shares.quiescence import SkipReason

_OF_NOBODY = (Code.ORPHANED, Code.UNEXPLAINED)


@dataclasses.dataclass(frozen=True)
class AuditOptions:
    """:param known_on: by server, the one volume the source lists it on
    :param assume_home: take files to be on the home of a server's node
    :param cold_moves_keep_disk: [hv_sched]cold_move_keeps_disk
    :param settle_seconds: a server whose migration changed since is left
        out: Nova ends one a moment before it is done with it, and its
        services stamp their records with clocks of their own
    :param owners: by server, the node its cluster runs it on
    :param needs_owner: see ``AuditContext``
    """

    workers: int = 8
    known_on: Mapping[str, str] = dataclasses.field(default_factory=dict)
    assume_home: bool = False
    cold_moves_keep_disk: bool = False
    settle_seconds: float = 10
    owners: Owners = dataclasses.field(default_factory=dict)
    needs_owner: bool = False


@dataclasses.dataclass(frozen=True)
class AuditReport:
    """What an audit of one cluster came to.

    :param context: the cluster's volumes and nodes
    :param all_clusters: what the findings were judged on
    :param hosts: host by node's provider, as far as their cells answer
    :param servers: how many were looked at
    :param nodes: by server with a finding, the provider of its node
    :param abandoned: evacuated servers whose former node is gone for good
    :param busy: servers that are moving or were a moment ago: not judged
    :param unknown: consumers that nobody can explain while a cell is down,
        or while Nova is not proven
    :param unproven: why Nova is not believed that it knows consumers not,
        empty when it is
    """

    findings: tuple[Finding, ...]
    context: AuditContext
    all_clusters: AuditContext
    hosts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    nodes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    abandoned: frozenset[str] = frozenset()
    servers: int = 0
    busy: int = 0
    unknown: int = 0
    unproven: str = ''


@dataclasses.dataclass(frozen=True)
class _Judgement:
    """What one reading of a cluster shows; see ``AuditReport``."""

    findings: list[Finding]
    busy: int = 0
    unknown: int = 0
    unproven: str = ''


class Auditor:
    """:ivar doubt: why some servers were not checked, empty when all were"""

    def __init__(self, client: Placement, cloud: NovaRecords,
                 options: AuditOptions | None = None) -> None:
        self._client = client
        self._cloud = cloud
        self._options = options or AuditOptions()
        self.doubt = ''

    def audit(self) -> Iterator[AuditReport]:
        """One report a cluster.

        :raises PlacementError, NovaError: when it cannot be read
        """
        clusters_ = clusters.read(self._client, self._options.workers)
        if not clusters_:
            return
        audit_pass = _Pass(self._client, self._cloud, self._options,
                           clusters_)
        self.doubt = audit_pass.cells.doubt
        for cluster in clusters_:
            yield audit_pass.audit(cluster)

    def audit_servers(self, servers: Collection[str],
                      clusters_: list[ClusterProviders]
                      ) -> tuple[AuditReport, frozenset[str]]:
        """Of these servers alone, by all they hold in all clusters.

        :param clusters_: all there are, as they were just read
        :returns: what was found; and the servers that are moving, or were a
            moment ago
        :raises PlacementError, NovaError: when it cannot be read
        """
        audit_pass = _Pass(self._client, self._cloud, self._options,
                           clusters_)
        self.doubt = audit_pass.cells.doubt
        return audit_pass.audit_servers(servers)


class _Pass:
    """One audit of the cloud: what is read once, and each cluster."""

    def __init__(self, client: Placement, cloud: NovaRecords,
                 options: AuditOptions,
                 clusters_: list[ClusterProviders]) -> None:
        self._client = client
        self._cloud = cloud
        self._options = options
        self._started = time.monotonic()
        self._services = Services(cloud)
        self.cells = self._read_cells(clusters_)
        self._open = cloud.open_migrations()
        self._open_of = closer_look.of_servers(self._open)
        self._all_clusters = self._context(
            {volume: name for cluster in clusters_
             for volume, name in cluster.volumes.items()},
            {uuid: node for cluster in clusters_
             for uuid, node in cluster.nodes.items()},
            clusters.move_traits(clusters_))
        self.orphans = orphans.Orphans(
            client, cloud, self._all_clusters, options.workers)
        self._look = CloserLook(client, cloud, self._all_clusters,
                                options.workers)

    def _read_cells(self, clusters_: list[ClusterProviders]) -> Cells:
        """Nova cannot list its hypervisors while a cell is down; a compute
        node then is taken to be called like its host, as on Windows.
        """
        computes = self._services.computes()
        down = frozenset(host for host, up in computes.items() if not up)
        if not down:
            hosts = self._cloud.hosts()
            unlisted = frozenset(
                node.name for cluster in clusters_
                for uuid, node in cluster.nodes.items() if uuid not in hosts)
            return Cells(hosts, unlisted=unlisted.difference(
                proven.missing_hosts(computes, unlisted)))
        return Cells({uuid: node.name for cluster in clusters_
                      for uuid, node in cluster.nodes.items()
                      if computes.get(node.name)}, down)

    def _context(self, volumes: Mapping[str, str],
                 nodes: Mapping[str, NodeVolumes],
                 move_traits: Mapping[str, frozenset[str]]) -> AuditContext:
        waiting, _abandoned = self._evacuations
        return AuditContext(
            volumes, nodes, self._options.known_on, waiting,
            assume_home=self._options.assume_home,
            cold_moves_keep_disk=self._options.cold_moves_keep_disk,
            owners=self._options.owners,
            needs_owner=self._options.needs_owner,
            move_traits=move_traits)

    @functools.cached_property
    def _evacuations(self) -> tuple[frozenset[str], frozenset[str]]:
        """See ``clusters.evacuations``."""
        return clusters.evacuations(self._client, self._cloud)

    def audit(self, cluster: ClusterProviders) -> AuditReport:
        context = self._context(cluster.volumes, cluster.nodes,
                                cluster.move_traits)
        view = self._read_cluster(cluster)
        first = self._judge(view, context)
        findings = self._second_look(first.findings, view)
        findings.sort(key=lambda finding: (finding.code.value, finding))
        return AuditReport(
            tuple(findings), context, self._all_clusters, self.cells.hosts,
            _nodes(findings, view, context), self._evacuations[1],
            len(view.servers), first.busy, first.unknown, first.unproven)

    def audit_servers(self, uuids: Collection[str]
                      ) -> tuple[AuditReport, frozenset[str]]:
        servers = {server.uuid: server for server in in_parallel(
            self._options.workers, self._cloud.server, sorted(uuids))
            if server}
        at_rest, _busy = self._at_rest(servers, servers)
        changed = self._changed()
        still = [uuid for uuid in at_rest if uuid not in changed]
        findings = self._look.findings(
            [servers[uuid] for uuid in still], self._open_of)
        return AuditReport(
            tuple(findings), self._all_clusters, self._all_clusters,
            self.cells.hosts, abandoned=self._evacuations[1],
            servers=len(servers)), frozenset(servers) - frozenset(still)

    def _changed(self) -> Collection[str]:
        """Servers of which a migration changed since, or just before."""
        return self._cloud.changed_since(
            time.monotonic() - self._started + self._options.settle_seconds)

    def _second_look(self, first: list[Finding], view: AuditView
                     ) -> list[Finding]:
        """What is still so when each server is looked at by itself.

        By all it holds in all clusters, which is what heal will see; and
        not of a server that moved meanwhile. What nobody is was read so
        before.
        """
        if not first:
            return []
        suspects = {finding.subject for finding in first
                    if finding.code not in _OF_NOBODY}
        servers = self._servers_again(suspects, view)
        findings = self._look.findings(
            [servers[uuid] for uuid in self._at_rest(servers, servers)[0]],
            self._open_of)
        findings += [finding for finding in first
                     if finding.code in _OF_NOBODY]
        changed = self._changed()
        return [finding for finding in findings
                if self.orphans.server_of.get(
                    finding.consumer, finding.subject) not in changed]

    def _servers_again(self, suspects: Collection[str], view: AuditView
                       ) -> dict[str, Server]:
        """Servers as Nova returns them now; in bulk those of its nodes."""
        nodes = {view.servers[uuid].node for uuid in suspects
                 if uuid in view.servers}
        hosts = {self.cells.hosts.get(provider) for provider in map(
            self._all_clusters.node_named, nodes) if provider}
        listed = self._on_hosts(sorted(filter(None, hosts)))
        answers = in_parallel(
            self._options.workers, self._cloud.server,
            sorted(suspects - listed.keys()))
        listed.update({server.uuid: server for server in answers if server})
        return {uuid: listed[uuid] for uuid in suspects if uuid in listed}

    def _read_cluster(self, cluster: ClusterProviders) -> AuditView:
        held: dict[str, dict[str, dict[str, int]]] = {}
        providers = [*cluster.volumes, *cluster.nodes]
        for provider, allocations in zip(providers, in_parallel(
                self._options.workers, self._client.allocations_on,
                providers), strict=True):
            for consumer, resources in allocations.items():
                held.setdefault(consumer, {})[provider] = resources
        hosts = sorted({self.cells.hosts[node] for node in cluster.nodes
                        if node in self.cells.hosts})
        names_ = {node.name for node in cluster.nodes.values()}
        return AuditView(held, {
            **{uuid: server for uuid, server in self._soft_deleted.items()
               if server.node in names_}, **self._on_hosts(hosts)})

    @functools.cached_property
    def _soft_deleted(self) -> Mapping[str, Server]:
        """They have files until they are reclaimed; no host's list has them.
        """
        return self._cloud.soft_deleted()

    def _on_hosts(self, hosts: Iterable[str]) -> dict[str, Server]:
        servers: dict[str, Server] = {}
        for on_host in in_parallel(self._options.workers, self._cloud.on_host,
                                   hosts):
            servers.update(on_host)
        return servers

    def _judge(self, view: AuditView, context: AuditContext) -> _Judgement:
        """Of servers, and of consumers that are none where Nova is proven."""
        at_rest, busy = self._at_rest(view.servers, view.servers)
        context = dataclasses.replace(context, migrations={
            uuid: self._shares_of(view.servers[uuid], view, context)
            for uuid in at_rest if uuid in self._open_of})
        findings = [finding for uuid in at_rest
                    for finding in judge.judge(
                     view.servers[uuid], view.held.get(uuid, {}), context)]
        unlisted = [
            consumer for consumer in view.holding_disk
            if consumer not in view.servers and consumer not in self._open]
        if self.cells.doubt:
            return _Judgement(findings, busy, len(unlisted))
        servers, denied = self._asked_for(unlisted)
        doubt = self._omission(servers, context)
        if doubt:
            return _Judgement(findings, busy, len(unlisted), doubt)
        findings += self._look.findings(servers, self._open_of)
        try:
            findings += self._of_nobody(denied, context,
                                        len(view.holding_disk))
        except exception.NovaNotProven as exc:
            return _Judgement(findings, busy, len(denied), str(exc))
        return _Judgement(findings, busy)

    def _omission(self, servers: Iterable[Server], context: AuditContext
                  ) -> str:
        """Why the lists of hosts are not believed; empty when they are.

        A server that the list of its host omits may not be the only one.

        :param servers: that are at rest and were in no list
        """
        listed = {node.name for uuid, node in context.nodes.items()
                  if uuid in self.cells.hosts}
        omitted = [server for server in servers if server.node in listed]
        return (f'Nova returns server {omitted[0].uuid} as one on '
                f'{omitted[0].node} and lists the servers there without it: '
                'run it again, and check that every request is led to the '
                'same Nova') if omitted else ''

    def _of_nobody(self, denied: list[str], context: AuditContext,
                   checked: int) -> list[Finding]:
        """:raises NovaNotProven: Nova is not believed that it knows nobody"""
        if not denied:
            return []
        proven.prove(self._services, [
            node.name for node in context.nodes.values()]).require()
        return self.orphans.gone(denied, checked)

    def _at_rest(self, servers: Mapping[str, Server],
                 uuids: Collection[str]) -> tuple[list[str], int]:
        sorted_ = quiescence.sort(uuids, quiescence.NovaView(
            servers, {migration.uuid: migration
                      for server in servers.keys() & self._open_of.keys()
                      for migration in self._open_of[server]
                      if not quiescence.is_dead(
                          migration, servers[server])}))
        return ([unit.server for unit in sorted_.units],
                sum(1 for skip in sorted_.skipped
                    if skip.reason is SkipReason.MOVING))

    def _shares_of(self, server: Server, view: AuditView,
                   context: AuditContext) -> list[MigrationShares]:
        """What its open migrations hold; read where that is elsewhere."""
        return [MigrationShares(
            migration, view.held.get(migration.uuid, {})
            if context.node_named(migration.source_node)
            else closer_look.held_by(self._client, migration.uuid),
            quiescence.is_dead(migration, server))
            for migration in self._open_of[server.uuid]]

    # -- consumers that are no server of the cluster's nodes

    def _asked_for(self, consumers: list[str]
                   ) -> tuple[list[Server], list[str]]:
        """Those that are servers at rest, and those that are none."""
        answers = dict(zip(consumers, in_parallel(
            self._options.workers, self._cloud.server, consumers),
            strict=True))
        servers = {uuid: server for uuid, server in answers.items() if server}
        return ([servers[uuid] for uuid in self._at_rest(servers, servers)[0]],
                [uuid for uuid, server in answers.items() if server is None])


def _nodes(findings: Iterable[Finding], view: AuditView,
           context: AuditContext) -> dict[str, str]:
    nodes = {finding.subject: context.node_of(view.servers[finding.subject])
             for finding in findings if finding.subject in view.servers}
    return {server: node for server, node in nodes.items() if node}
