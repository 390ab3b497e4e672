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

"""``csv heal --held``."""

import argparse

from keystoneauth1 import adapter
from osc_lib.command import command

from hv_sched.osc import base
from hv_sched.osc import exit_codes
from hv_sched.shares import nova_servers
from hv_sched.shares import restore

COLUMNS = ('Consumer', 'Volume', 'GB', 'Done')
Row = tuple[str, str, int | str, str]


class Heal(base.CsvCommand, command.Lister):
    """Put right what moves left behind

    A live migration that fails leaves its server's disk share as escrow
    (CUSTOM_CSV_HELD_DISK_GB) on the volume: with --held it becomes DISK_GB
    again, for every server that stands still. Where other servers took the
    room meanwhile the volume is closed to new disks and its allocation_ratio
    raised by what is missing. Escrow of migrations that are over is released.

    Exit code 0: nothing is left to do; 4: something was left, see the last
    column; 1: error. With --dry-run 2: there is something to do.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--held', action='store_true', required=True,
            help='Restore shares that failed moves left held')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only show what would be done')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], list[Row]]:
        conf = self.conf(parsed_args)
        result = restore.Restorer(
            self.placement(conf.hv_sched.request_timeout), self._nova(),
            conf.hv_sched.workers, conf.hv_sched.held_settle_time,
        ).restore(parsed_args.dry_run)
        self.exit_code = exit_codes.of(
            result.findings,
            pending=parsed_args.dry_run and bool(result.done))
        return COLUMNS, [
            *((one.consumer, one.volume, one.gb, one.what)
              for one in result.done),
            *((finding.subject, '', '', f'{finding.kind.value}: '
               f'{finding.message}') for finding in result.findings)]

    def _nova(self) -> nova_servers.NovaServers:
        placement = self.app.client_manager.placement
        return nova_servers.NovaServers(adapter.Adapter(
            placement.session,
            **{**placement.ks_filter, 'service_type': 'compute'}))
