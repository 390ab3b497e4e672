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

"""``csv explain``."""

import argparse
import json

from hv_sched import exit_codes
from hv_sched import printable
from hv_sched.conf import nova_conf
from hv_sched.explain import explanation
from hv_sched.explain import question
from hv_sched.explain import render
from hv_sched.osc import base


class Explain(base.LookingCommand):
    """Say why a server has these hosts, or none

    Shows the request as it reaches Placement, the hosts that are left after
    each of its conditions, and where none is left, the smallest set of
    conditions that leaves none and what there is instead. Placement itself is
    asked; nothing is changed. With --server: where a server can move that is
    there, or why one could not be created.

    Exit code 0: there are hosts; 2: there is none; 4: a service did not tell
    all that was asked of it, see "not looked at here"; 1: error.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        for name, label in (
                ('flavor', 'Flavor, by name or id'),
                ('image', 'Image, by name or id'),
                ('availability-zone', 'Availability zone asked for; '
                                      '<zone>:<host> forces a host'),
                ('host', 'Host asked for (server create --host)'),
                ('server', 'A server that exists: its flavor and image; '
                           'with --flavor a resize')):
            parser.add_argument(f'--{name}', metavar=f'<{name}>', help=label)
        parser.add_argument(
            '-f', '--format', choices=('tree', 'json'), default='tree',
            help='For people or for programs (default: tree)')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        conf = nova_conf.read_nova(
            parsed_args.nova_conf or parsed_args.config_file or ())
        placement = self.placement(conf.hv_sched.request_timeout)
        built, context = question.QuestionBuilder(
            placement, self.nova(conf), self.glance(conf), conf
            ).ask(question.Question(
                parsed_args.flavor, parsed_args.image,
                parsed_args.availability_zone, parsed_args.host,
                parsed_args.server))
        answer = explanation.explain(placement, built, context)
        if parsed_args.format == 'json':
            text = json.dumps(render.data(answer), indent=2)
        else:
            text = '\n'.join(map(printable.text, render.lines(answer)))
        self.app.stdout.write(f'{text}\n')
        self.exit_code = exit_codes.PARTIAL if context.is_partial else (
            exit_codes.OK if answer.hosts else exit_codes.CHANGES)
