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

"""``csv plan`` and ``csv sync``."""

import argparse
from collections.abc import Iterable
import dataclasses
from typing import Any

from osc_lib.command import command
from oslo_config import cfg

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import model
from hv_sched.compute import checked_session
from hv_sched.compute import lookups
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.osc import base
from hv_sched.osc import change_rows
from hv_sched.osc import cluster_option
from hv_sched.osc import plan_screen
from hv_sched.providers import host_aggregates
from hv_sched.providers import plan as planning
from hv_sched.providers import settings
from hv_sched.providers import summary

# Of older releases; each allows its kinds for every name.
_FORMER_FLAGS = {
    '--allow-shrink': ('shrink:*',),
    '--allow-withdraw': ('withdraw:*', 'open:*'),
    '--allow-replace': ('replace:*',),
}
Table = tuple[tuple[str, ...], list[Any]]


@dataclasses.dataclass(frozen=True)
class _Shown:
    """Both forms of the answer, for programs and for people."""

    single_rows: list[change_rows.Row]
    outcome: plan_screen.Outcome


class _Planning(base.SourceCommand, command.Lister):
    """The options that bear on what is planned."""

    expendable = ('Reserved GB',)

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--full', action='store_true',
            help='Read every provider instead of only those the bulk '
                 'overview is in doubt about')
        parser.add_argument(
            '--allow', metavar='<kind>:<name>', action='append', default=[],
            type=lambda text: (text,),
            help='A step that is refused otherwise, for the node or volume '
                 'of this name; the refusal says which (may be repeated). '
                 + '; '.join(f'{kind}: {meaning}' for kind, meaning
                             in settings.ALLOW_KINDS.items()))
        parser.add_argument(
            '--long', action='store_true',
            help='A line for each single change instead of the summary '
                 '(other formats than table always have these)')
        for flag, kinds in _FORMER_FLAGS.items():
            parser.add_argument(
                flag, dest='allow', action='append_const',
                const=kinds, help=argparse.SUPPRESS)
        parser.add_argument(
            '--host-aggregates', action='store_true',
            help='Also keep one Nova host aggregate for each cluster, with '
                 'its nodes and the property hv_cluster; others stay as '
                 'they are')
        return parser

    @staticmethod
    def allow(parsed_args: argparse.Namespace) -> settings.Allow:
        return settings.allow_of(
            text for texts in parsed_args.allow for text in texts)

    def show_plan(self, parsed_args: argparse.Namespace) -> Table:
        """What a sync would do; the exit code says whether it would."""
        conf = self.conf(parsed_args)
        facts = self.required_facts(conf, parsed_args)
        plan, _observed = self.reconciler(
            conf, self.allow(parsed_args), asks_cpus=True,
            clusters=parsed_args.cluster).plan(facts, parsed_args.full)
        nova = self.aggregates_plan(
            conf, parsed_args, facts, plan.all_findings)
        findings = (*plan.all_findings, *nova.findings)
        aggregate_rows = [line for step in nova.steps
                          for line in host_aggregates.lines(step)]
        self.exit_code = exit_codes.of(
            findings, pending=bool(plan.changes or aggregate_rows))
        return self.shown(parsed_args, _Shown(
            [*change_rows.rows(plan.changes, ()), *aggregate_rows,
             *change_rows.rows((), findings)],
            plan_screen.Outcome(
                summary.of(plan.changes, planning.cluster_names(plan)),
                findings, aggregates=_names(nova.steps))))

    def shown(self, parsed_args: argparse.Namespace, answer: _Shown) -> Table:
        """The summary for people, single changes for everybody else."""
        is_table = parsed_args.formatter == 'table'
        if is_table:
            below = plan_screen.below(answer.outcome)
            # The lines of --long have what is left undone.
            self.below = below[-1:] if parsed_args.long else below
        if parsed_args.long or not is_table:
            return change_rows.COLUMNS, answer.single_rows
        return plan_screen.COLUMNS, plan_screen.rows(answer.outcome)

    def nova_aggregates(self, conf: cfg.ConfigOpts
                        ) -> host_aggregates.HostAggregates:
        """Nova's host aggregates as the user of the command may use them."""
        return host_aggregates.HostAggregates(lookups.Nova(
            self.connection_of(checked_session.NOVA, conf)))

    def aggregates_plan(self, conf: cfg.ConfigOpts,
                        parsed_args: argparse.Namespace,
                        facts: model.Facts, findings: Iterable[Notice]
                        ) -> host_aggregates.AggregatesPlan:
        """Nothing unless asked for, nor of clusters that are frozen."""
        if not parsed_args.host_aggregates:
            return host_aggregates.AggregatesPlan((), ())
        frozen = {finding.cluster for finding in findings
                  if finding.kind is Kind.FROZEN}
        return self.nova_aggregates(conf).plan(
            cluster for cluster in facts.clusters
            if cluster.name not in frozen and cluster_option.is_selected(
                cluster.name, parsed_args.cluster))


def _names(steps: Iterable[host_aggregates.AggregateStep]
           ) -> tuple[str, ...]:
    return tuple(step.name for step in steps)


class PlanSync(_Planning):
    """Show what a sync would change in Placement

    A line for each volume and each group of nodes to which the same would
    happen, then what would be left undone and why, then the sum. With --long
    and in other formats than table a line for each single change: + new, ~
    changed, - removed, ! left undone.

    Exit code 0: nothing to do; 2: there is something to do; 3: a cluster
    needs "adopt" first; 4: something is refused, skipped or frozen; 1: error.
    """

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        return self.show_plan(parsed_args)


class Sync(_Planning):
    """Bring Placement in line with the description of the clusters

    Each volume becomes a sharing resource provider, each node's own disk is
    closed, and nothing is schedulable before it is complete. May be
    interrupted and repeated at will.

    Exit code 0: all done; 3: a cluster needs "adopt" first; 4: something is
    refused, skipped or frozen; 1: error. With --dry-run as for "csv plan".
    """

    interrupted = (
        'Interrupted. What was written stands, and nothing half-done can be '
        'scheduled: run the same command again to finish.')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--dry-run', action='store_true',
                            help='Only show what would be done')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        if parsed_args.dry_run:
            return self.show_plan(parsed_args)
        conf = self.conf(parsed_args)
        facts = self.required_facts(conf, parsed_args)
        result = self.reconciler(
            conf, self.allow(parsed_args), asks_cpus=True,
            clusters=parsed_args.cluster).sync(facts, parsed_args.full)
        findings = result.plan.all_findings
        failures = list(result.failures.items())
        steps: list[host_aggregates.AggregateStep] = []
        try:
            plan = self.aggregates_plan(conf, parsed_args, facts, findings)
            findings = (*findings, *plan.findings)
            for step in plan.steps:
                self.nova_aggregates(conf).apply(step)
                steps.append(step)
        except exception.HvSchedError as exc:
            failures.append(('Nova', exc))
        self.exit_code = exit_codes.of(findings, failed=bool(failures))
        return self.shown(parsed_args, _Shown(
            [*change_rows.rows(result.done, ()),
             *(line for step in steps for line in host_aggregates.lines(step)),
             *change_rows.rows((), findings),
             *change_rows.failure_rows(failures)],
            plan_screen.Outcome(
                summary.of(result.done, result.clusters), findings, True,
                _names(steps), tuple(failures))))
