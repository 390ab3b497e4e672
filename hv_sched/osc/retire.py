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

"""``csv retire``."""

import argparse
from collections.abc import Iterable

from oslo_config import cfg

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import model
from hv_sched import printable
from hv_sched.adopt import export
from hv_sched.adopt import retire
from hv_sched.adopt import retire_export
from hv_sched.adopt import retire_inputs
from hv_sched.adopt import retire_node
from hv_sched.osc import change_rows
from hv_sched.osc import moving_screen
from hv_sched.osc import progress
from hv_sched.osc import shares
from hv_sched.providers import changes
from hv_sched.providers import settings
from hv_sched.providers import summary

LOG = printable.logger(__name__)


class Retire(shares.MovingCommand):
    """Return a cluster to stock Nova and remove everything hv_sched added

    The reverse of adopt. Keep the agent and "csv sync" off the cluster, or
    they publish it again. May be interrupted at any time; the next run
    finishes it.

    With --node only one node is given back, one that the source no longer
    lists: its own disk is opened with the ratio it had, and all that is
    hv_sched's is taken off it. It is refused while servers on it hold shares
    on a volume of the cluster. A node that has been given back stays as it
    is.

    Exit code 0: all done; 2: (--dry-run) there is something to do; 4:
    something was refused or left; 1: error.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--from', metavar='<file>', dest='export',
            help="An export whose nodes' allocation_ratio go before those "
                 'remembered in Placement; it has to have a node of each '
                 'cluster')
        parser.add_argument(
            '--node', metavar='<name>',
            help='Only this node, which the source no longer lists')
        return parser

    VERB = 'returned to nodes'

    def take_action(self, parsed_args: argparse.Namespace) -> shares.Answer:
        self._is_node_found = parsed_args.node is None
        if not self._is_node_found and not parsed_args.node.strip():
            # A variable of a script that is not set; never the whole cluster.
            raise exception.InvalidConfig('--node names no node')
        answer = super().take_action(parsed_args)
        if not self._is_node_found and self.exit_code == exit_codes.OK:
            retire_node.require_given_back(
                self.placement(self.conf(parsed_args)
                               .hv_sched.request_timeout), parsed_args.node)
            if not parsed_args.dry_run:
                self._retirer.clean()
        return answer

    def mover(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace,
              clusters: list[model.Cluster]) -> shares.Move:
        self._ratios = ratios = (export.load(parsed_args.export).ratios
                                 if parsed_args.export is not None else None)
        placement = self.placement(conf.hv_sched.request_timeout)
        nova = self.nova(conf)
        self._retirer = retirer = retire.Retirer(
            placement, nova, settings.from_conf(conf), parsed_args.batch,
            ratios, progress.SharesProgressBar())
        if parsed_args.node is not None:
            node_retirer = retire_node.NodeRetirer(
                placement, nova, retirer, conf.hv_sched.workers, ratios)
            return lambda cluster: self._one_node(
                node_retirer, retirer.inspect(cluster), parsed_args)
        return lambda cluster: self._retire_cluster(retirer, cluster,
                                                    parsed_args.dry_run)

    def _check_export(self, inputs: retire_inputs.RetireInputs,
                      nodes: Iterable[str]) -> None:
        """:raises InvalidConfig: it is not of these nodes"""
        if self._ratios is None:
            return
        warning = retire_export.check(inputs, tuple(nodes), self._ratios)
        if warning:
            LOG.warning('%s.', warning)

    def _retire_cluster(
            self, retirer: retire.Retirer, cluster: model.Cluster,
            dry_run: bool) -> shares.Outcome:
        inputs = retirer.inspect(cluster)
        self._check_export(inputs, inputs.nodes)
        if dry_run:
            retirer.check_nova(inputs)
            return shares.Outcome(
                retire_rows(inputs), inputs.refusals,
                screen=moving_screen.retire_plan(cluster.name, {
                    name: sum(inputs.shares[uuid].values())
                    for uuid, name in inputs.volumes.items()}))
        report = retirer.retire(inputs)
        return shares.Outcome(
            change_rows.rows(report.done, ()), report.findings,
            report.failures, moving_screen.retired(
                cluster.name, report.proof, _lines(report.done, cluster)))

    def _one_node(self, node_retirer: retire_node.NodeRetirer,
                  inputs: retire_inputs.RetireInputs,
                  parsed_args: argparse.Namespace) -> shares.Outcome:
        """Nothing in a cluster the node is not of."""
        node = retire_node.node_named(inputs, parsed_args.node)
        if node is None:
            return shares.Outcome([])
        self._is_node_found = True
        self._check_export(inputs, (node,))
        if parsed_args.dry_run:
            planned, refusals = node_retirer.plan(inputs, node)
            return shares.Outcome(
                change_rows.rows(planned, ()), refusals,
                screen=moving_screen.Screen(
                    lines=_lines(planned, inputs.layout.cluster)))
        report = node_retirer.retire(inputs, node)
        return shares.Outcome(
            change_rows.rows(report.done, ()), report.findings,
            report.failures, moving_screen.Screen(
                lines=_lines(report.done, inputs.layout.cluster)))


def _lines(done: Iterable[changes.Change], cluster: model.Cluster
           ) -> tuple[summary.SummaryLine, ...]:
    done = tuple(done)
    return summary.of(done, {change.uuid: cluster.name for change in done})


def retire_rows(inputs: retire_inputs.RetireInputs) -> shares.Rows:
    """What a retire would do."""
    return [('-', name, 'GB in shares',
             str(sum(inputs.shares[uuid].values())), '0')
            for uuid, name in sorted(inputs.volumes.items(),
                                     key=lambda item: item[1])]
