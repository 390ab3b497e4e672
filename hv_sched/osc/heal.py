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

"""``csv heal``."""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import dataclasses

from osc_lib.command import command
from oslo_config import cfg

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched.audit import findings
from hv_sched.audit import heal
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.compute import nova as nova_servers
from hv_sched.osc import audit as audit_command
from hv_sched.osc import cluster_option
from hv_sched.providers import merged_changes
from hv_sched.recovery import restore

COLUMNS = ('Consumer', 'Volume', 'GB', 'Done')
Row = tuple[str, str, int | str, str]
_SAFE = 'safe'


@dataclasses.dataclass
class _Outcome:
    """The rows of a heal, and whether something escrow needs was left."""

    done: list[Row] = dataclasses.field(default_factory=list)
    remaining: list[Row] = dataclasses.field(default_factory=list)
    errors: list[Row] = dataclasses.field(default_factory=list)
    is_undone: bool = False

    def sum(self, dry_run: bool) -> str:
        """What the heal comes to, in one line."""
        shares = [row for row in self.done if row[0] and row[1]]
        size_gb = sum(int(row[2]) for row in shares)
        text = 'Nothing to heal.'
        if shares:
            verb = 'would be healed' if dry_run else 'healed'
            text = (f'{merged_changes.number_of(len(shares), "share")} '
                    f'{verb} ({size_gb:,} GB).')
        if self.remaining or self.is_undone:
            text += ' Something was left, see the last column.'
        if self.errors:
            text += f' {merged_changes.number_of(len(self.errors), "error")}.'
        return text + (' Nothing was written.' if dry_run else '')

    def exit_code(self, dry_run: bool) -> int:
        if self.errors:
            return exit_codes.ERROR
        if self.is_undone or self.remaining:
            return exit_codes.PARTIAL
        return exit_codes.CHANGES if dry_run and self.done else exit_codes.OK


class Heal(audit_command.Auditing, command.Lister):
    """Put right what "csv audit" finds, and what moves left behind

    Choose what with --code. Each server is looked at once more just before
    it is written, and left alone when it is in the middle of an operation or
    when nothing is wrong with it any more. What is not certain is listed and
    not touched.

    A move that fails leaves its server's disk share as escrow
    (CUSTOM_CSV_HELD_DISK_GB) on the volume: with --held, the same as --code
    held, it becomes DISK_GB again. Where other servers took the room
    meanwhile the volume is closed to new disks and its allocation_ratio
    raised by what is missing. Escrow of migrations that are over is released.
    So are shares where a move left no files, as Nova's migrations tell, and a
    share becomes smaller with its server when a resize was confirmed.

    Exit code 0: nothing is left to do; 4: something was left, see the last
    column; 1: error, with what was done before it. With --dry-run 2: there is
    something to do.
    """

    interrupted = (
        'Interrupted. Servers that were healed stay so, and each of the '
        'others is as it was: run the same command again to finish.')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--code', metavar='<code>', action='append', default=[],
            choices=[_SAFE, *(code.value for code in Code)],
            help='Heal findings of this code (may be repeated): '
                 + ', '.join(code.value for code in Code) + '; or safe: '
                 + ', '.join(code.value for code in findings.SAFE))
        parser.add_argument(
            '--held', action='store_true',
            help='Restore shares that failed moves left held')
        parser.add_argument(
            '--consumer', metavar='<uuid>', action='append', default=[],
            help='With --code unexplained: release what this consumer holds '
                 'on the clusters (may be repeated)')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only show what would be done')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], list[Row]]:
        conf = self.conf(parsed_args)
        codes = chosen(parsed_args)
        cluster_option.check_published(parsed_args.cluster, self.placement(
            conf.hv_sched.request_timeout))
        nova = self.nova(conf)
        outcome = _Outcome()
        if Code.HELD in codes:
            self._attempt(outcome, lambda: self._restore(
                conf, parsed_args, nova, outcome))
        if codes - {Code.HELD}:
            self._attempt(outcome, lambda: self._heal(
                conf, parsed_args, nova, codes, outcome))
        self.exit_code = outcome.exit_code(parsed_args.dry_run)
        self.below = (outcome.sum(parsed_args.dry_run),)
        columns = COLUMNS
        if parsed_args.dry_run and parsed_args.formatter == 'table':
            columns = (*COLUMNS[:-1], 'Would Be Done')
        return columns, outcome.done + outcome.remaining + outcome.errors

    @staticmethod
    def _attempt(outcome: '_Outcome', part: Callable[[], None]) -> None:
        """One part; its failure stops no other and loses no row."""
        try:
            part()
        except exception.HvSchedError as exc:
            outcome.errors.append(error_row(exc))

    def _restore(self, conf: cfg.ConfigOpts,
                 parsed_args: argparse.Namespace,
                 nova: nova_servers.NovaServers, outcome: '_Outcome') -> None:
        result = restore.Restorer(
            self.placement(conf.hv_sched.request_timeout), nova,
            restore.options(
                conf, _skips(parsed_args),
                known_on=lambda: self.known_on(conf, parsed_args)),
        ).restore(parsed_args.dry_run)
        outcome.done += restored_rows(result, parsed_args.dry_run)
        outcome.is_undone |= bool(exit_codes.of(result.findings))
        if result.failure is not None:
            raise result.failure

    def _heal(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace,
              nova: nova_servers.NovaServers, codes: frozenset[Code],
              outcome: '_Outcome') -> None:
        """What was healed, and what was left although it was asked for."""
        auditor_ = self.auditor(conf, parsed_args, nova)
        healer = heal.Healer(
            self.placement(conf.hv_sched.request_timeout), nova,
            heal.HealOptions(codes, frozenset(parsed_args.consumer),
                             parsed_args.dry_run, conf.hv_sched.workers,
                             conf.hv_sched.held_settle_time,
                             _skips(parsed_args)))
        unknown = 0
        for report in cluster_option.reports(
                auditor_.audit(), parsed_args.cluster):
            result = healer.heal(report)
            outcome.done += [
                _row(finding, finding.remedy,
                     'would be done, ' if parsed_args.dry_run else '')
                for finding in result.done]
            outcome.done += raised_rows(result)
            outcome.remaining += left_rows(result, codes)
            unknown += report.unknown
            if report.unproven:
                outcome.remaining.append((
                    '', '', '', audit_command.unproven_row(report)[4]))
            if result.failure is not None:
                raise result.failure
        if auditor_.doubt:
            outcome.remaining.append(('', '', '', audit_command.unknown_row(
                auditor_.doubt, unknown)[4]))


def _skips(parsed_args: argparse.Namespace) -> Callable[[str], bool]:
    """Whether a volume, by its provider's name, is left alone."""
    return lambda name: cluster_option.is_left_out(name, parsed_args.cluster)


def chosen(parsed_args: argparse.Namespace) -> frozenset[Code]:
    """The codes that were asked for.

    :raises InvalidConfig: none was
    """
    codes = {Code.HELD} if parsed_args.held else set()
    for value in parsed_args.code:
        codes |= set(findings.SAFE) if value == _SAFE else {Code(value)}
    if not codes:
        raise exception.InvalidConfig(
            'choose what to heal with --code (or --held); "csv audit" shows '
            'what there is')
    return frozenset(codes)


def error_row(error: Exception) -> Row:
    return '', '', '', f'error: {exception.told(error)}'


def restored_rows(result: restore.RestoreResult, dry_run: bool
                  ) -> Iterator[Row]:
    for restored in result.done:
        yield (restored.consumer, restored.volume, restored.gb,
               ('would be ' if dry_run else '') + restored.action)
    for finding in result.findings:
        yield (finding.subject, '', '',
               f'{finding.kind.value}: {finding.message}')


def raised_rows(result: heal.HealResult) -> list[Row]:
    return [('', volume, gb, 'note: over-allocated by so many GB, '
             'because its space was allocated to other servers; closed to '
             'new disks until usage drops')
            for volume, gb in sorted(result.raised.items())]


def left_rows(result: heal.HealResult, codes: frozenset[Code]) -> list[Row]:
    return [_row(finding, result.reasons.get(finding.consumer, finding.remedy),
                 'left, ')
            for finding in result.remaining
            if finding.code in codes - {Code.HELD}]


def _row(finding: Finding, text: str, prefix: str = '') -> Row:
    return (finding.consumer, finding.location, finding.gb,
            f'{prefix}{finding.code.value}: {text}')
