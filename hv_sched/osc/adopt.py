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


"""``csv adopt``, ``csv retire`` and ``csv export``."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
import datetime
import sys

from keystoneauth1 import adapter
from osc_lib.command import command
from oslo_config import cfg
import tqdm

from hv_sched import exception
from hv_sched import model
from hv_sched.osc import base
from hv_sched.osc import exit_codes
from hv_sched.osc import sync
from hv_sched.providers import client
from hv_sched.providers import settings
from hv_sched.providers.findings import Finding
from hv_sched.providers.findings import Kind
from hv_sched.shares import adopt
from hv_sched.shares import export
from hv_sched.shares import nova_servers
from hv_sched.shares import retire
from hv_sched.shares.adopt_plan import AdoptPlan
from hv_sched.shares.proof import Proof

Rows = list[sync.Row]
Answer = tuple[tuple[str, ...], Rows]


class Progress(base.Progress):
    """A bar of shares, with their rate and the time left."""

    def start(self, total: int) -> None:
        self._bar = tqdm.tqdm(total=total, unit='share', file=sys.stderr,
                              disable=None, leave=False)

    def advance(self, count: int) -> None:
        if self._bar is not None:
            self._bar.update(count)


class _Shares(base.CsvCommand):
    """What the commands about shares have in common."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--cluster', metavar='<name>', action='append',
            help='Only this cluster (may be repeated; default: all)')
        return parser

    def clusters(self, conf: cfg.ConfigOpts,
                 parsed_args: argparse.Namespace
                 ) -> tuple[list[model.Cluster], list[Finding]]:
        """The clusters asked for, and those that cannot be used.

        :raises InvalidConfig: a cluster is named that nobody describes
        """
        facts = self.required_facts(conf, parsed_args)
        wanted = set(parsed_args.cluster or ())
        known = {cluster.name for cluster in facts.clusters}
        broken = [Finding(p.cluster or '', p.cluster or 'source',
                          Kind.FROZEN, str(p)) for p in facts.problems
                  if not wanted or p.cluster in wanted]
        missing = wanted - known - {p.cluster for p in facts.problems}
        if missing:
            raise exception.InvalidConfig(
                f'the source describes no cluster {", ".join(sorted(missing))}'
                f'; it has {", ".join(sorted(known)) or "none"}')
        return [cluster for cluster in facts.clusters
                if not wanted or cluster.name in wanted], broken

    def nova(self) -> nova_servers.NovaServers:
        """Nova as the user of the command may use it."""
        placement = self.app.client_manager.placement
        return nova_servers.NovaServers(adapter.Adapter(
            placement.session,
            **{**placement.ks_filter, 'service_type': 'compute'}))

    def providers(self, conf: cfg.ConfigOpts,
                  clusters: Iterable[model.Cluster]) -> list[str]:
        """The nodes and volumes of clusters that are in Placement."""
        cloud, observed = self.reconciler(conf).observe(
            model.Facts(tuple(clusters)), full=False)
        return [uuid for one in cloud.layouts
                for uuid in (*one.nodes, *one.volumes)
                if uuid in observed.overview.listed]


class Export(_Shares):
    """Write all shares, and every inventory we may touch, to a file

    The file is JSON, sorted, so that two of them can be compared line by
    line. It is never overwritten.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('file', metavar='<file>', help='A new file')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        conf = self.conf(parsed_args)
        clusters, broken = self.clusters(conf, parsed_args)
        placement = self.placement(conf.hv_sched.request_timeout)
        export.write(export.read(
            placement, self.providers(conf, clusters),
            conf.hv_sched.workers), parsed_args.file)
        self.exit_code = exit_codes.of(broken)


class _Moving(_Shares, command.Lister):
    """Options of adopt and retire."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--dry-run', action='store_true',
                            help='Only show what would be done')
        parser.add_argument(
            '--batch', metavar='<n>', type=_positive, default=50,
            help='Servers written in one request (default: 50)')
        return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{text} is not above 0')
    return number


class Adopt(_Moving):
    """Move a running cluster's disk shares from its nodes to its volumes

    Until all shares are moved the cluster takes no new servers. Servers that
    are moving are left alone: run it again, or --wait for them. May be
    interrupted at any time; the next run finishes it. An export of
    everything that may change is written first.

    Exit code 0: all done; 2: (--dry-run) there is something to do; 3: some
    nodes still hold shares; 4: refused, or something was left; 1: error.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--allow-overcommit', action='store_true',
            help="Raise the allocation_ratio of an over-booked volume just "
                 'enough; it goes down again as servers are deleted')
        parser.add_argument(
            '--wait', metavar='<seconds>', type=float, default=0,
            help='Wait so long for moving servers to stand still')
        parser.add_argument(
            '--export', metavar='<file>',
            help='Where to write the export first (default: '
                 'hv_sched-adopt-<time>.json here)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Answer:
        conf = self.conf(parsed_args)
        clusters, findings = self.clusters(conf, parsed_args)
        placement = self.placement(conf.hv_sched.request_timeout)
        adopter = adopt.Adopter(
            placement, self.nova(), settings.from_conf(conf), adopt.Options(
                parsed_args.batch, parsed_args.allow_overcommit,
                parsed_args.wait), Progress())
        if not parsed_args.dry_run:
            self._export(conf, parsed_args, placement, clusters)
        rows: Rows = []
        failures: list[tuple[str, Exception]] = []
        for cluster in clusters:
            try:
                more, told = self._one(adopter, cluster, parsed_args.dry_run)
                rows += more
                findings += told
            except exception.HvSchedError as exc:
                failures.append((cluster.name, exc))
        self.exit_code = exit_codes.of(
            findings, failed=bool(failures),
            pending=parsed_args.dry_run and bool(rows))
        return sync.COLUMNS, [*rows, *sync.rows((), findings),
                              *sync.failure_findings(failures)]

    def _export(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace,
                placement: client.Placement,
                clusters: list[model.Cluster]) -> None:
        now = datetime.datetime.now(datetime.timezone.utc)
        path = parsed_args.export or (
            f'hv_sched-adopt-{now:%Y%m%dT%H%M%S.%fZ}.json')
        export.write(export.read(placement, self.providers(conf, clusters),
                                 conf.hv_sched.workers), path)
        self.app.stderr.write(f'Exported to {path}\n')

    @staticmethod
    def _one(adopter: adopt.Adopter, cluster: model.Cluster, dry_run: bool
             ) -> tuple[Rows, list[Finding]]:
        situation = adopter.look(cluster)
        if dry_run:
            left = adopter.unknown(situation)
            names = {uuid: node.name
                     for uuid, node in situation.layout.nodes.items()}
            return list(planned_rows(situation.plan, names)), [
                *situation.plan.refusals,
                *(Finding(cluster.name, one.consumer, Kind.SKIPPED,
                          one.message) for one in left)]
        report = adopter.adopt(situation)
        done = report.published.done if report.published else ()
        return [*(row for proof in report.proofs
                  for row in proof_rows(proof)),
                *sync.rows(done, ())], list(report.findings)


def planned_rows(plan: AdoptPlan, names: dict[str, str]
                 ) -> Iterator[sync.Row]:
    """What an adopt would do."""
    yield from sync.rows(plan.changes, ())
    for node, used_gb in plan.nodes.items():
        if used_gb:
            yield '-', names[node], 'GB of its own disk', str(used_gb), '0'
    for volume in plan.volumes:
        if volume.arriving_gb:
            yield ('+', volume.name, 'GB in shares',
                   str(sum(volume.held_gb.values())), str(volume.after_gb))
        if volume.merged_gb:
            yield ('-', volume.name, 'GB counted on two nodes',
                   str(volume.merged_gb), '0')


def proof_rows(proof: Proof) -> Iterator[sync.Row]:
    """A volume's account; the first line is the proof."""
    yield ('=' if proof.holds else '!', proof.volume, 'sum of shares in GB',
           str(proof.before_gb), str(proof.after_gb))
    for what, amount_gb in (
            ('GB counted on two nodes', -proof.merged_gb),
            ('GB of deleted servers', -proof.gone_gb),
            ('GB still on nodes', -proof.left_gb),
            ('GB of new servers', proof.arrived_gb)):
        if amount_gb:
            yield ('-' if amount_gb < 0 else '+', proof.volume, what, '',
                   str(amount_gb))


class Retire(_Moving):
    """Give a cluster back: shares and ratios to its nodes, no trace of ours

    The reverse of adopt. Keep the agent and "csv sync" off the cluster, or
    they publish it again. May be interrupted at any time; the next run
    finishes it.

    Exit code 0: all done; 2: (--dry-run) there is something to do; 4:
    something was left; 1: error.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--from', metavar='<file>', dest='export',
            help="An export whose nodes' allocation_ratio go before those "
                 'remembered in Placement')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Answer:
        conf = self.conf(parsed_args)
        clusters, findings = self.clusters(conf, parsed_args)
        ratios = (export.load(parsed_args.export).ratios
                  if parsed_args.export else {})
        retirer = retire.Retirer(
            self.placement(conf.hv_sched.request_timeout), self.nova(),
            settings.from_conf(conf), parsed_args.batch, ratios, Progress())
        rows: Rows = []
        failures: list[tuple[str, Exception]] = []
        for cluster in clusters:
            try:
                situation = retirer.look(cluster)
                if parsed_args.dry_run:
                    rows += retire_rows(situation)
                    continue
                report = retirer.retire(situation)
                rows += sync.rows(report.done, ())
                findings += report.findings
            except exception.HvSchedError as exc:
                failures.append((cluster.name, exc))
        self.exit_code = exit_codes.of(
            findings, failed=bool(failures),
            pending=parsed_args.dry_run and bool(rows))
        return sync.COLUMNS, [*rows, *sync.rows((), findings),
                              *sync.failure_findings(failures)]


def retire_rows(situation: retire.Situation) -> Rows:
    """What a retire would do."""
    return [('-', name, 'GB in shares',
             str(sum(situation.shares[uuid].values())), '0')
            for uuid, name in sorted(situation.volumes.items(),
                                     key=lambda item: item[1])]
