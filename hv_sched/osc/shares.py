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
import dataclasses
from typing import Any

from osc_lib.command import command
from oslo_config import cfg

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import model
from hv_sched.notices import Notice
from hv_sched.notices import of_problem
from hv_sched.osc import base
from hv_sched.osc import change_rows
from hv_sched.osc import cluster_option
from hv_sched.osc import moving_screen
from hv_sched.osc import numbers

Rows = list[change_rows.Row]
Answer = tuple[tuple[str, ...], list[Any]]


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one cluster.

    :param failures: what could not be written although nothing forbids it
    :param screen: the same for people
    """

    rows: Rows
    notices: Iterable[Notice] = ()
    failures: Iterable[Exception] = ()
    screen: moving_screen.Screen = moving_screen.Screen()


Move = Callable[[model.Cluster], Outcome]


class SharesCommand(base.ServersCommand):
    """What the commands about shares have in common."""

    def clusters(self, conf: cfg.ConfigOpts,
                 parsed_args: argparse.Namespace
                 ) -> tuple[list[model.Cluster], list[Notice]]:
        """The clusters asked for, and those that cannot be used.

        :raises InvalidConfig: a cluster is named that nobody describes
        """
        facts = self.required_facts(conf, parsed_args)
        selected = parsed_args.cluster
        return [cluster for cluster in facts.clusters
                if cluster_option.is_selected(cluster.name, selected)], [
            of_problem(problem) for problem in facts.problems
            if cluster_option.is_selected(problem.cluster or '', selected)]

    def providers(self, conf: cfg.ConfigOpts,
                  clusters: Iterable[model.Cluster]) -> list[str]:
        """The nodes and volumes of clusters that are in Placement."""
        cloud, overview = self.reconciler(conf).overview(
            model.Facts(tuple(clusters)))
        return [uuid for layout in cloud.layouts
                for uuid in (*layout.nodes, *layout.volumes)
                if uuid in overview.listed]


class MovingCommand(SharesCommand, command.Lister):
    """Options, outcome and interruption of adopt and retire."""

    # What happens to shares, for the last line.
    VERB = ''
    interrupted = (
        'Interrupted. No share is lost and nothing is half open: run the '
        'same command again to finish.')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--dry-run', action='store_true',
                            help='Only show what would be done')
        parser.add_argument(
            '--long', action='store_true',
            help='A line for each single change instead of the summary '
                 '(other formats than table always have these)')
        parser.add_argument(
            '--batch', metavar='<n>', type=numbers.batch('--batch'),
            default=50,
            help='Servers written in one request (default: 50)')
        return parser

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
        screens: list[moving_screen.Screen] = []
        notices = list(findings)
        failures: list[tuple[str, Exception]] = []
        for cluster in clusters:
            try:
                outcome = move(cluster)
                rows += outcome.rows
                screens.append(outcome.screen)
                notices += outcome.notices
                failures += [(cluster.name, failure)
                             for failure in outcome.failures]
            except exception.HvSchedError as exc:
                failures.append((cluster.name, exc))
        self.exit_code = exit_codes.of(
            notices, failed=bool(failures),
            pending=parsed_args.dry_run and bool(rows))
        is_table = parsed_args.formatter == 'table'
        if is_table:
            below = moving_screen.below(screens, notices, failures, self.VERB,
                                        parsed_args.dry_run)
            self.below = below[-1:] if parsed_args.long else below
        if parsed_args.long or not is_table:
            return change_rows.COLUMNS, [
                *rows, *change_rows.rows((), notices),
                *change_rows.failure_rows(failures)]
        return moving_screen.COLUMNS, moving_screen.rows(
            screens, not parsed_args.dry_run)
