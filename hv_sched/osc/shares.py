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

"""What ``csv adopt``, ``csv retire`` and ``csv export`` have in common."""

import abc
import argparse
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import sys

from osc_lib.command import command
from oslo_config import cfg
import tqdm

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import model
from hv_sched import windows_names
from hv_sched.notices import Notice
from hv_sched.notices import of_problem
from hv_sched.osc import base
from hv_sched.osc import numbers
from hv_sched.osc import sync

Rows = list[sync.Row]
Answer = tuple[tuple[str, ...], Rows]
INTERRUPTED = ('Interrupted. No share is lost and nothing is half open: run '
               'the same command again to finish.\n')


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one cluster.

    :param failures: what could not be written although nothing forbids it
    """

    rows: Rows
    notices: Iterable[Notice] = ()
    failures: Iterable[Exception] = ()


Move = Callable[[model.Cluster], Outcome]


class SharesProgressBar(base.ProgressBar):
    """A bar of shares, with their rate and the time left."""

    def start(self, total: int) -> None:
        self._bar = tqdm.tqdm(total=total, unit='share', file=sys.stderr,
                              disable=None, leave=False)

    def advance(self, count: int) -> None:
        if self._bar is not None:
            self._bar.update(count)


class SharesCommand(base.ServersCommand):
    """What the commands about shares have in common."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--cluster', metavar='<name>', action='append',
            help='Only this cluster (may be repeated; default: all)')
        return parser

    def clusters(self, conf: cfg.ConfigOpts,
                 parsed_args: argparse.Namespace
                 ) -> tuple[list[model.Cluster], list[Notice]]:
        """The clusters asked for, and those that cannot be used.

        :raises InvalidConfig: a cluster is named that nobody describes
        """
        facts = self.required_facts(conf, parsed_args)
        selected = {windows_names.key(name): name
                    for name in parsed_args.cluster or ()}
        _check_described(selected, facts)
        broken = [of_problem(p) for p in facts.problems if not selected
                  or windows_names.key(p.cluster or '') in selected]
        return [cluster for cluster in facts.clusters if not selected
                or windows_names.key(cluster.name) in selected], broken

    def providers(self, conf: cfg.ConfigOpts,
                  clusters: Iterable[model.Cluster]) -> list[str]:
        """The nodes and volumes of clusters that are in Placement."""
        cloud, overview = self.reconciler(conf).overview(
            model.Facts(tuple(clusters)))
        return [uuid for layout in cloud.layouts
                for uuid in (*layout.nodes, *layout.volumes)
                if uuid in overview.listed]


def _check_described(selected: Mapping[str, str], facts: model.Facts
                     ) -> None:
    """:raises InvalidConfig: nobody describes a cluster that was named"""
    described = {cluster.name for cluster in facts.clusters}
    mentioned = described | {p.cluster or '' for p in facts.problems}
    missing = selected.keys() - set(map(windows_names.key, mentioned))
    if missing:
        raise exception.InvalidConfig(
            'the source describes no cluster '
            f'{", ".join(sorted(selected[key] for key in missing))}; it has '
            f'{", ".join(sorted(described)) or "none"}')


class MovingCommand(SharesCommand, command.Lister):
    """Options, outcome and interruption of adopt and retire."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--dry-run', action='store_true',
                            help='Only show what would be done')
        parser.add_argument(
            '--batch', metavar='<n>', type=numbers.batch('--batch'),
            default=50,
            help='Servers written in one request (default: 50)')
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        try:
            return super().run(parsed_args)
        except KeyboardInterrupt:
            self.app.stderr.write(INTERRUPTED)
            return exit_codes.INTERRUPTED

    def take_action(self, parsed_args: argparse.Namespace) -> Answer:
        conf = self.conf(parsed_args)
        clusters, findings = self.clusters(conf, parsed_args)
        return self.run_each(parsed_args, clusters, findings,
                             self.mover(conf, parsed_args, clusters))

    @abc.abstractmethod
    def mover(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace,
              clusters: list[model.Cluster]) -> Move:
        """What moves one of these clusters, or shows what it would do."""

    def run_each(self, parsed_args: argparse.Namespace,
                 clusters: Iterable[model.Cluster],
                 findings: Iterable[Notice], move: Move) -> Answer:
        """One cluster after the other; the failure of one stops no other.

        :param findings: of clusters that cannot be used at all
        """
        rows: Rows = []
        notices = list(findings)
        failures: list[tuple[str, Exception]] = []
        for cluster in clusters:
            try:
                outcome = move(cluster)
                rows += outcome.rows
                notices += outcome.notices
                failures += [(cluster.name, failure)
                             for failure in outcome.failures]
            except exception.HvSchedError as exc:
                failures.append((cluster.name, exc))
        self.exit_code = exit_codes.of(
            notices, failed=bool(failures),
            pending=parsed_args.dry_run and bool(rows))
        return sync.COLUMNS, [*rows, *sync.rows((), notices),
                              *sync.failure_findings(failures)]
