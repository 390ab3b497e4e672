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

"""``csv status``."""

import argparse
from typing import Any

from osc_lib.command import command
from oslo_config import cfg

from hv_sched import exception
from hv_sched import model
from hv_sched.audit import auditor
from hv_sched.audit import file_locations
from hv_sched.audit.findings import Finding
from hv_sched.audit.findings import identity
from hv_sched.conf import nova_conf
from hv_sched.doctor import checks
from hv_sched.doctor import gather
from hv_sched.doctor import runner
from hv_sched.osc import base
from hv_sched.osc import cluster_option
from hv_sched.osc import status_columns
from hv_sched.osc import table
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.status import build
from hv_sched.status import doctor_findings
from hv_sched.status import findings as finding_forms
from hv_sched.status import observation
from hv_sched.status import verdict
from hv_sched.status.model import FindingStatus
from hv_sched.status.model import Status


class ShowStatus(base.LookingCommand, base.SourceCommand, command.ShowOne):
    """Show the status of all clusters and volumes on one screen

    What hv-sched-agent's page shows, read now: the volumes with most trouble
    first, and the gravest findings of "csv doctor" and "csv audit". "-f json"
    tells of all volumes and findings. Nothing is written.

    Exit code 0: all is well; 2: something needs attention; 4: something
    could not be read, so not everything is known; 1: Placement could not be
    read.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--quick', action='store_true',
            help='Neither the checks of "csv doctor" nor the audit of all '
                 'servers: a few requests and five for each volume')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        conf = self.conf(parsed_args)
        status = _StatusGatherer(self, conf, parsed_args).gather()
        judged = verdict.judge(status, reconcile.utcnow())
        self.exit_code = judged.exit_code
        return status_columns.NAMES, status_columns.cells(
            status, judged, table.width(parsed_args.max_width),
            table.height())


class _StatusGatherer:
    """Reads what the status is made of; what cannot be read is said."""

    def __init__(self, command_: ShowStatus, conf: cfg.ConfigOpts,
                 parsed_args: argparse.Namespace) -> None:
        self._command = command_
        self._conf = conf
        self._parsed_args = parsed_args
        self._placement = command_.placement(conf.hv_sched.request_timeout)
        self._ignored = command_.ignored(conf)
        self._unread: dict[str, str] = {}

    def gather(self) -> Status:
        """:raises PlacementError: without Placement there is nothing"""
        selected = self._parsed_args.cluster
        observed = observation.StatusReader(
            self._placement, self._conf.hv_sched.workers).observe()
        facts = self._facts()
        if facts is None:
            cluster_option.check_published(selected, self._placement)
        drift, findings = self._planned(facts)
        if not self._parsed_args.quick:
            # The doctor plans, too, and passes on what a plan says.
            findings = (*self._doctor(facts), *self._audit(facts))
        clusters = tuple(
            cluster for cluster in build.clusters(
                observed, build.SourceView(facts, drift),
                settings.from_conf(self._conf))
            if cluster_option.is_selected(cluster.name, selected))
        return Status(observed.read_at, clusters,
                      finding_forms.ordered(findings),
                      unread=self._unread)

    def _facts(self) -> model.Facts | None:
        try:
            return self._command.facts(self._conf, self._parsed_args)
        except (exception.InvalidFacts, exception.ServiceError) as exc:
            self._unread['the source'] = exception.told(exc)
            return None

    def _planned(self, facts: model.Facts | None
                 ) -> tuple[frozenset[str] | None, tuple[FindingStatus, ...]]:
        if facts is None:
            return None, ()
        plan, _observed = self._command.reconciler(self._conf).plan(
            facts, full=False)
        notices, _left_out = self._ignored.notices(plan.all_findings)
        return (frozenset(change.uuid for change in plan.changes),
                finding_forms.of_notices('sync', notices))

    def _doctor(self, facts: model.Facts | None
                ) -> tuple[FindingStatus, ...]:
        command_, conf = self._command, self._conf
        paths = self._parsed_args.nova_conf
        gatherer = gather.Gatherer(gather.Clients(
            self._placement, command_.nova(conf), command_.glance(conf),
            command_.adapters()), command_.reconciler(conf),
            conf.hv_sched.workers)
        diagnoses, skipped = runner.run(checks.CHECKS, gatherer.gather(
            gather.DoctorInputs(
                nova_conf=nova_conf.read_nova(paths) if paths else None,
                facts=facts,
                stale_after=conf.hv_sched.stale_after)))
        self._unread.update({
            f'what {", ".join(skip.codes)} need': skip.reason
            for skip in skipped if skip.failed})
        remaining, _left_out = self._ignored.split(
            diagnoses, lambda diagnosis: (
                diagnosis.codes, (diagnosis.symptom.subject,)))
        return doctor_findings.of_doctor(remaining)

    def _audit(self, facts: model.Facts | None
               ) -> tuple[FindingStatus, ...]:
        options = self._conf.hv_sched
        audit = auditor.Auditor(
            self._placement, self._command.nova_records(self._conf),
            auditor.AuditOptions(
                options.workers, file_locations.volumes_of(
                    facts, reconcile.utcnow(), options.stale_after)
                if facts else {},
                cold_moves_keep_disk=options.cold_move_keeps_disk,
                settle_seconds=options.held_settle_time))
        findings: list[Finding] = []
        try:
            for report in cluster_option.reports(
                    audit.audit(), self._parsed_args.cluster):
                findings += report.findings
                if report.unproven:
                    self._unread['Nova'] = report.unproven
        except exception.ServiceError as exc:
            self._unread['the servers'] = exception.told(exc)
        if audit.doubt:
            self._unread['the servers'] = audit.doubt
        remaining, _left_out = self._ignored.split(findings, identity)
        return finding_forms.of_audit(remaining)
