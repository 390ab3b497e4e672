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
from hv_sched.providers import changes
from hv_sched.providers import host_aggregates
from hv_sched.providers import settings

# Of older releases; each allows its kinds for every name.
_FORMER_FLAGS = {
    '--allow-shrink': ('shrink:*',),
    '--allow-withdraw': ('withdraw:*', 'open:*'),
    '--allow-replace': ('replace:*',),
}
COLUMNS = ('Change', 'Provider', 'What', 'From', 'To')
Row = tuple[str, str, str, str, str]


def rows(done: Iterable[changes.Change], findings: Iterable[Notice]
         ) -> list[Row]:
    """A row for each thing that changes, and one for each finding."""
    lines = [(sign, change.name, label, before, after)
             for change in done
             for sign, label, before, after in change.lines]
    return lines + [('!', finding.subject, finding.kind.value, finding.code,
                     finding.message) for finding in findings]


def failure_findings(failures: Iterable[tuple[str, Exception]]
                     ) -> list[Row]:
    return [('!', cluster or '(all clusters)', 'error', '',
             exception.told(failure))
            for cluster, failure in sorted(failures, key=lambda f: f[0])]


class _Planning(base.SourceCommand, command.Lister):
    """The options that bear on what is planned."""

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

    def show_plan(self, parsed_args: argparse.Namespace
                  ) -> tuple[tuple[str, ...], list[Row]]:
        """What a sync would do; the exit code says whether it would."""
        conf = self.conf(parsed_args)
        facts = self.required_facts(conf, parsed_args)
        plan, _observed = self.reconciler(
            conf, self.allow(parsed_args), asks_cpus=True).plan(
                facts, parsed_args.full)
        findings = plan.all_findings
        nova = self.aggregates_plan(
            conf, parsed_args, facts, findings)
        findings = (*findings, *nova.findings)
        aggregate_rows = [line for step in nova.steps
                          for line in host_aggregates.lines(step)]
        self.exit_code = exit_codes.of(
            findings, pending=bool(plan.changes or aggregate_rows))
        return COLUMNS, (rows(plan.changes, ()) + aggregate_rows
                         + rows((), findings))

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
            if cluster.name not in frozen)


class PlanSync(_Planning):
    """Show what a sync would change in Placement

    One line a change: + something new, ~ something changed, - something
    gone, and ! for what is left undone and why.

    Exit code 0: nothing to do; 2: there is something to do; 3: a cluster
    needs "adopt" first; 4: something is refused, skipped or frozen; 1: error.
    """

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], list[Row]]:
        return self.show_plan(parsed_args)


class Sync(_Planning):
    """Bring Placement in line with the description of the clusters

    Each volume becomes a sharing resource provider, each node's own disk is
    closed, and nothing is schedulable before it is complete. May be
    interrupted and repeated at will.

    Exit code 0: all done; 3: a cluster needs "adopt" first; 4: something is
    refused, skipped or frozen; 1: error. With --dry-run as for "csv plan".
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--dry-run', action='store_true',
                            help='Only show what would be done')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], list[Row]]:
        if parsed_args.dry_run:
            return self.show_plan(parsed_args)
        conf = self.conf(parsed_args)
        facts = self.required_facts(conf, parsed_args)
        result = self.reconciler(
            conf, self.allow(parsed_args), asks_cpus=True).sync(
                facts, parsed_args.full)
        findings = result.plan.all_findings
        failures = list(result.failures.items())
        nova: list[Row] = []
        try:
            plan = self.aggregates_plan(conf, parsed_args, facts, findings)
            findings = (*findings, *plan.findings)
            for step in plan.steps:
                self.nova_aggregates(conf).apply(step)
                nova += host_aggregates.lines(step)
        except exception.HvSchedError as exc:
            failures.append(('Nova', exc))
        self.exit_code = exit_codes.of(findings, failed=bool(failures))
        return COLUMNS, (rows(result.done, ()) + nova + rows((), findings)
                         + failure_findings(failures))
