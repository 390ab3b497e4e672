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

"""``csv export``."""

import argparse

from hv_sched import exit_codes
from hv_sched.adopt import export
from hv_sched.osc import shares


class Export(shares.SharesCommand):
    """Write all shares, and every inventory we may touch, to a file

    The file is JSON, sorted, so that two of them can be compared line by
    line. It is never overwritten.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('file', metavar='<file>', help='A new file')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        conf = self.conf(parsed_args)
        clusters, broken = self.clusters(conf, parsed_args)
        placement = self.placement(conf.hv_sched.request_timeout)
        export.write(export.read(
            placement, self.providers(conf, clusters),
            conf.hv_sched.workers), parsed_args.file)
        self.exit_code = exit_codes.of(broken)
