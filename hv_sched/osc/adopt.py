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

"""``csv adopt``."""

import argparse
from collections.abc import Iterator
import datetime

from oslo_config import cfg

from hv_sched import model
from hv_sched.adopt import adopt
from hv_sched.adopt import export
from hv_sched.adopt.plan import AdoptPlan
from hv_sched.adopt.proof import Proof
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.osc import change_rows
from hv_sched.osc import moving_screen
from hv_sched.osc import numbers
from hv_sched.osc import progress
from hv_sched.osc import shares
from hv_sched.placement import client
from hv_sched.providers import settings
from hv_sched.providers import summary


class Adopt(shares.MovingCommand):
    """Move a running cluster's disk shares from its nodes to its volumes

    Until all shares are moved the cluster takes no new servers. Servers that
    are moving are left alone: run it again, or --wait for them. May be
    interrupted at any time; the next run finishes it. An export of
    everything that may change is written first.

    Exit code 0: all done; 2: (--dry-run) there is something to do; 3: some
    nodes still hold shares; 4: refused, or something was left; 1: error.
    """

    VERB = 'moved to volumes'

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--allow-overcommit', action='store_true',
            help="Raise the allocation_ratio of an over-booked volume just "
                 'enough; it goes down again as servers are deleted')
        parser.add_argument(
            '--wait', metavar='<seconds>', default=0,
            type=numbers.seconds('--wait'),
            help='Seconds to wait for operations in progress (default: 0)')
        parser.add_argument(
            '--export', metavar='<file>',
            help='Where to write the export first (default: '
                 'hv_sched-adopt-<time>.json here)')
        return parser

    def mover(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace,
              clusters: list[model.Cluster]) -> shares.Move:
        """Also writes the export, before anything moves."""
        placement = self.placement(conf.hv_sched.request_timeout)
        adopter = adopt.Adopter(
            placement, self.nova(conf), settings.from_conf(conf),
            adopt.AdoptOptions(
                parsed_args.batch, parsed_args.allow_overcommit,
                parsed_args.wait), progress.SharesProgressBar())
        if not parsed_args.dry_run:
            self._export(conf, parsed_args, placement, clusters)
        return lambda cluster: self._adopt_cluster(adopter, cluster,
                                                   parsed_args.dry_run)

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
    def _adopt_cluster(
            adopter: adopt.Adopter, cluster: model.Cluster, dry_run: bool
            ) -> shares.Outcome:
        inputs = adopter.inspect(cluster)
        if dry_run:
            skipped = adopter.unknown(inputs)
            names = {uuid: node.name
                     for uuid, node in inputs.layout.nodes.items()}
            return shares.Outcome(list(planned_rows(inputs.plan, names)), (
                *inputs.plan.refusals,
                *(Notice(cluster.name, skip.consumer, Kind.SKIPPED,
                         skip.message, 'share-skipped')
                  for skip in skipped)),
                screen=moving_screen.adopt_plan(inputs.plan, names))
        report = adopter.adopt(inputs)
        return shares.Outcome(
            [*(row for proof in report.proofs for row in proof_rows(proof)),
             *change_rows.rows(report.done, ())], report.findings,
            report.failures, moving_screen.adopted(
                cluster.name, report.proofs, summary.of(
                    report.done, report.published.clusters
                    if report.published else {})))


def planned_rows(plan: AdoptPlan, names: dict[str, str]
                 ) -> Iterator[change_rows.Row]:
    """What an adopt would do."""
    yield from change_rows.rows(plan.changes, ())
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


def proof_rows(proof: Proof) -> Iterator[change_rows.Row]:
    """A volume's account; the first line is the proof."""
    yield ('=' if proof.holds else '!', proof.volume, 'sum of shares in GB',
           str(proof.before_gb), str(proof.after_gb))
    for label, amount_gb in (
            ('GB counted on two nodes', -proof.merged_gb),
            ('GB of deleted servers', -proof.gone_gb),
            ('GB still on nodes', -proof.left_gb),
            ('GB of new servers', proof.arrived_gb),
            ('GB of servers resized meanwhile', proof.changed_gb)):
        if amount_gb:
            yield ('-' if amount_gb < 0 else '+', proof.volume, label, '',
                   str(amount_gb))
