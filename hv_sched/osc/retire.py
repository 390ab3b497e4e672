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

from oslo_config import cfg

from hv_sched import model
from hv_sched.adopt import export
from hv_sched.adopt import retire
from hv_sched.osc import shares
from hv_sched.osc import sync
from hv_sched.providers import settings


class Retire(shares.MovingCommand):
    """Give a cluster back: shares and ratios to its nodes, no trace of ours

    The reverse of adopt. Keep the agent and "csv sync" off the cluster, or
    they publish it again. May be interrupted at any time; the next run
    finishes it.

    Exit code 0: all done; 2: (--dry-run) there is something to do; 4:
    something was left; 1: error.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--from', metavar='<file>', dest='export',
            help="An export whose nodes' allocation_ratio go before those "
                 'remembered in Placement')
        return parser

    def mover(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace,
              clusters: list[model.Cluster]) -> shares.Move:
        ratios = (export.load(parsed_args.export).ratios
                  if parsed_args.export else {})
        retirer = retire.Retirer(
            self.placement(conf.hv_sched.request_timeout), self.nova(conf),
            settings.from_conf(conf), parsed_args.batch, ratios,
            shares.SharesProgressBar())
        return lambda cluster: self._one(retirer, cluster,
                                         parsed_args.dry_run)

    @staticmethod
    def _one(retirer: retire.Retirer, cluster: model.Cluster, dry_run: bool
             ) -> shares.Outcome:
        inputs = retirer.inspect(cluster)
        if dry_run:
            retirer.check_nova(inputs)
            return shares.Outcome(retire_rows(inputs))
        report = retirer.retire(inputs)
        return shares.Outcome(sync.rows(report.done, ()), report.findings,
                              report.failures)


def retire_rows(inputs: retire.RetireInputs) -> shares.Rows:
    """What a retire would do."""
    return [('-', name, 'GB in shares',
             str(sum(inputs.shares[uuid].values())), '0')
            for uuid, name in sorted(inputs.volumes.items(),
                                     key=lambda item: item[1])]
