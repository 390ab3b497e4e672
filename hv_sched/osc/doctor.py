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

"""``csv doctor``."""

import argparse
import collections

from osc_lib.command import command
from oslo_config import cfg

from hv_sched import exit_codes
from hv_sched import ignored_findings
from hv_sched import model
from hv_sched.conf import nova_conf
from hv_sched.doctor import checks
from hv_sched.doctor import gather
from hv_sched.doctor import runner
from hv_sched.notices import Severity
from hv_sched.osc import base
from hv_sched.osc import cluster_option
from hv_sched.osc import numbers
from hv_sched.placement import names
from hv_sched.providers import merged_changes

COLUMNS = ('Severity', 'Check', 'Subject', 'Evidence', 'Remedy')
Row = tuple[str, str, str, str, str]
_NOUNS = {Severity.ERROR: 'error', Severity.WARNING: 'warning',
          Severity.INFO: 'note'}


class Doctor(base.LookingCommand, base.SourceCommand, command.Lister):
    """Check the live cloud for known traps, each with its remedy

    Nothing is changed. Checks that need what is not given (--nova-conf,
    --source, ...) are reported as "skipped".

    Exit code 0: nothing but information; 2: errors or warnings; 4: something
    could not be read, so not every check has looked; 1: error.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        for name, label in (
                ('compute-conf', 'nova.conf of a Hyper-V node'),
                ('placement-conf', 'placement.conf')):
            parser.add_argument(
                f'--{name}', metavar='<file>', action='append',
                help=f'{label}, or a folder of such files; may be repeated')
        parser.add_argument(
            '--watch', metavar='<seconds>', default=0,
            type=numbers.seconds('--watch'),
            help='Watch for values that go back and forth; two intervals of '
                 'the agent are enough (default: do not)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], list[Row]]:
        conf = self.conf(parsed_args)
        gatherer = gather.Gatherer(gather.Clients(
            self.placement(conf.hv_sched.request_timeout), self.nova(conf),
            self.glance(conf), self.adapters()), self.reconciler(conf),
            conf.hv_sched.workers)
        outcomes, skipped = runner.run(checks.CHECKS, gatherer.gather(
            self._inputs(conf, parsed_args)))
        outcomes, left_out = runner.split(outcomes, self.ignored(conf))
        outcomes = [outcome for outcome in outcomes if not _is_elsewhere(
            outcome.symptom.subject, parsed_args.cluster)]
        self.exit_code = _exit_code(outcomes, skipped)
        self.below = (_sum(outcomes, skipped),)
        return COLUMNS, [*map(_row, outcomes), *map(_skipped_row, skipped),
                         *_left_out_rows(left_out)]

    def _facts(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace
               ) -> model.Facts | None:
        facts = self.facts(conf, parsed_args)
        if facts is None:
            cluster_option.check_published(
                parsed_args.cluster,
                self.placement(conf.hv_sched.request_timeout))
            return None
        return cluster_option.only(facts, parsed_args.cluster)

    def _inputs(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace
                ) -> gather.DoctorInputs:
        def read(paths: list[str] | None) -> cfg.ConfigOpts | None:
            return nova_conf.read_nova(paths) if paths else None

        return gather.DoctorInputs(
            read(parsed_args.nova_conf), read(parsed_args.compute_conf),
            nova_conf.read_placement(parsed_args.placement_conf)
            if parsed_args.placement_conf else None,
            self._facts(conf, parsed_args), conf.hv_sched.stale_after,
            parsed_args.watch, tuple(self.config_files(parsed_args)))


def _is_elsewhere(subject: str, selected: list[str]) -> bool:
    """Whether it is a volume of a cluster that is not meant."""
    return subject.startswith(
        names.VOLUME_NAME_PREFIX) and cluster_option.is_left_out(
            subject, selected)


def _sum(outcomes: list[runner.Diagnosis], skipped: list[runner.Skipped]
         ) -> str:
    """What was looked at and what it came to, in one line."""
    counts = collections.Counter(outcome.severity for outcome in outcomes)
    text = ', '.join(
        merged_changes.number_of(counts[severity], _NOUNS[severity])
        for severity in Severity if counts[severity]) or (
        'Nothing is wrong')
    unlooked = sum(len(outcome.codes) for outcome in skipped)
    return f'{text}; {len(checks.CHECKS) - unlooked} checks looked' + (
        f', {unlooked} could not.' if unlooked else '.')


def _exit_code(outcomes: list[runner.Diagnosis], skipped: list[runner.Skipped]
               ) -> int:
    if any(outcome.failed for outcome in skipped):
        return exit_codes.PARTIAL
    if any(outcome.severity is not Severity.INFO
           for outcome in outcomes):
        return exit_codes.CHANGES
    return exit_codes.OK


def _row(outcome: runner.Diagnosis) -> Row:
    return (outcome.severity.value, outcome.check.code,
            outcome.symptom.subject,
            f'{outcome.symptom.evidence}. {outcome.check.trap}',
            outcome.check.remedy)


def _skipped_row(outcome: runner.Skipped) -> Row:
    return ('failed' if outcome.failed else 'skipped',
            ', '.join(outcome.codes), '',
            outcome.reason, '')


def _left_out_rows(count: int) -> list[Row]:
    return [('ignored', '', '', ignored_findings.left_out_text(count), '')
            ] if count else []
