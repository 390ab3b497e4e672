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

"""``csv audit``."""

import argparse

from osc_lib.command import command
from oslo_config import cfg

from hv_sched import exit_codes
from hv_sched import ignored_findings
from hv_sched import model
from hv_sched import printable
from hv_sched.audit import auditor
from hv_sched.audit import file_locations
from hv_sched.audit import owners
from hv_sched.audit.auditor import AuditOptions
from hv_sched.audit.auditor import AuditReport
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.audit.findings import identity
from hv_sched.compute import nova as nova_servers
from hv_sched.osc import base
from hv_sched.osc import cluster_option
from hv_sched.providers import merged_changes
from hv_sched.providers import reconcile

LOG = printable.logger(__name__)
COLUMNS = ('Finding', 'Server', 'Volume', 'GB', 'Evidence', 'Heal')
Row = tuple[str, str, str, int | str, str, str]


class Auditing(base.ServersCommand):
    """What audit and heal have in common."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--assume-home', action='store_true',
            help="Where a cluster has several volumes: take a server's files "
                 'to be on the home of the node it is on. True as long as '
                 'it never moved to a node with another home')
        return parser

    def auditor(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace,
                nova: nova_servers.NovaServers) -> auditor.Auditor:
        return auditor.Auditor(
            self.placement(conf.hv_sched.request_timeout), nova,
            self._options(conf, parsed_args))

    def _options(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace
                 ) -> AuditOptions:
        facts = self.facts(conf, parsed_args) or model.Facts(())
        when = reconcile.utcnow(), conf.hv_sched.stale_after
        return AuditOptions(
            conf.hv_sched.workers, file_locations.volumes_of(facts, *when),
            parsed_args.assume_home, conf.hv_sched.cold_move_keeps_disk,
            conf.hv_sched.held_settle_time,
            owners=owners.owners_of(facts, *when))

    def known_on(self, conf: cfg.ConfigOpts,
                 parsed_args: argparse.Namespace) -> dict[str, str]:
        """By server: the one volume that the source lists its files on."""
        facts = self.facts(conf, parsed_args)
        return {} if facts is None else file_locations.volumes_of(
            facts, reconcile.utcnow(), conf.hv_sched.stale_after)


def unknown_row(doubt: str, count: int) -> Row:
    """What is said of servers that Nova does not tell of."""
    return ('unknown', '', '', '', f'{doubt}; {count} consumers cannot be '
            'judged until then', 'nothing')


def unproven_row(report: AuditReport) -> Row:
    """What is said of consumers while Nova is not believed."""
    return ('unknown', '', '', '', f'{report.unknown} consumers cannot be '
            f'judged: {report.unproven}', 'nothing')


def row(finding: Finding) -> Row:
    return (finding.code.value, finding.consumer, finding.location, finding.gb,
            finding.evidence, finding.remedy)


class Audit(Auditing, command.Lister):
    """Compare every share on the volumes with Nova's servers

    One line for each thing that is wrong: what, on which server, where, and
    what "csv heal" would do about it. Servers in the middle of an operation
    are not judged. Nothing is written.

    Exit code 0: nothing is wrong; 2: there are findings; 4: a part of the
    servers could not be judged, because Nova does not tell of them, or their
    cell does not answer; 1: error.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--code', metavar='<code>', action='append',
            choices=[code.value for code in Code],
            help='Only findings of this code (may be repeated): '
                 + ', '.join(code.value for code in Code))
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], list[Row]]:
        conf = self.conf(parsed_args)
        cluster_option.check_published(parsed_args.cluster, self.placement(
            conf.hv_sched.request_timeout))
        auditor_ = self.auditor(conf, parsed_args, self.nova(conf))
        findings: list[Finding] = []
        doubts: list[Row] = []
        unknown = servers = 0
        for report in cluster_option.reports(
                auditor_.audit(), parsed_args.cluster):
            findings += [
                finding for finding in report.findings
                if not parsed_args.code
                or finding.code.value in parsed_args.code]
            servers += report.servers
            unknown += _counted(report)
            if report.unproven:
                doubts.append(unproven_row(report))
        if auditor_.doubt:
            doubts.append(unknown_row(auditor_.doubt, unknown))
        findings, left_out = self.ignored(conf).split(findings, identity)
        self.exit_code = exit_codes.PARTIAL if doubts else (
            exit_codes.CHANGES if findings else exit_codes.OK)
        self.below = (_sum(findings, servers, unknown),)
        return COLUMNS, [*map(row, findings), *doubts,
                         *_left_out_rows(left_out)]


def _sum(findings: list[Finding], servers: int, unknown: int) -> str:
    """What an audit comes to, in one line."""
    number_of = merged_changes.number_of
    doubts = (f' {number_of(unknown, "consumer")} could not be judged.'
              if unknown else '')
    looked_at = number_of(servers, 'server')
    if not findings:
        return (f'Nothing is wrong with the shares of {looked_at}.{doubts}'
                if not unknown else f'{looked_at} judged.{doubts}')
    concerned = len({finding.consumer for finding in findings})
    return (f'{number_of(len(findings), "finding")} on '
            f'{number_of(concerned, "consumer")}; {looked_at} judged.'
            f'{doubts}')


def _left_out_rows(count: int) -> list[Row]:
    text = ignored_findings.left_out_text(count)
    return [('ignored', '', '', '', text, 'nothing')] if count else []


def _counted(report: AuditReport) -> int:
    LOG.info('Looked at %d servers; %d were busy and are not judged',
             report.servers, report.busy)
    return report.unknown
