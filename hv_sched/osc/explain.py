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
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any

from osc_lib.command import command

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched.conf import nova_conf
from hv_sched.explain import explanation
from hv_sched.explain import question
from hv_sched.explain import question_builder
from hv_sched.explain import render
from hv_sched.osc import base

_TREE = 'tree'


class Explain(base.LookingCommand, command.ShowOne):
    """Say why a server has these hosts, or none

    Shows the request as it reaches Placement, the hosts that are left after
    each of its conditions, and where none is left, the smallest set of
    conditions that leaves none and what there is instead. Placement itself is
    asked; nothing is changed. With --server: where a server can move that is
    there, or why one could not be created. With --resource and --trait no
    flavor is needed, as for "allocation candidate list".

    Exit code 0: there are hosts; 2: there is none; 4: a service did not return
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
            '--resource', metavar='<class>=<amount>', action='append',
            default=[], help='Amount of a resource class, instead of that of '
            'the flavor, such as VCPU=4 (may be repeated)')
        for name, label in (('trait', 'has'), ('forbidden', 'does not have')):
            parser.add_argument(
                f'--{name}', metavar='<trait>', action='append', default=[],
                help=f'A trait that the host or volume {label} (may be '
                     'repeated)')
        for action in parser._actions:
            if action.dest == 'formatter':
                action.choices = (_TREE, *(action.choices or ()))
                action.default = _TREE
                action.help = ('the output format, defaults to tree, which '
                               'is for people')
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        if parsed_args.formatter == _TREE:
            # A table of one row, in the place of which the tree is drawn.
            parsed_args.formatter = 'table'
        return super().run(parsed_args)

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        conf = nova_conf.read_nova(
            parsed_args.nova_conf or parsed_args.config_file or ())
        placement = self.placement(conf.hv_sched.request_timeout)
        built, context = question_builder.QuestionBuilder(
            placement, self.nova(conf), self.glance(conf), conf
            ).ask(question.Question(
                parsed_args.flavor, parsed_args.image,
                parsed_args.availability_zone, parsed_args.host,
                parsed_args.server, _amounts(parsed_args.resource),
                {**dict.fromkeys(parsed_args.trait, 'required'),
                 **dict.fromkeys(parsed_args.forbidden, 'forbidden')}))
        answer = explanation.explain(placement, built, context)
        self.below = tuple(render.lines(answer))
        self.exit_code = exit_codes.PARTIAL if context.is_partial else (
            exit_codes.OK if answer.hosts else exit_codes.CHANGES)
        fields = render.data(answer)
        return tuple(fields), tuple(fields.values())

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str], data: Any) -> int:
        if parsed_args.formatter == 'table' and not parsed_args.columns:
            return super().produce_output(parsed_args, (), ())
        self.below = ()
        return super().produce_output(parsed_args, column_names, data)


def _amounts(texts: Iterable[str]) -> dict[str, int]:
    """``VCPU=4`` as class and amount.

    :raises InvalidConfig: it is no such thing
    """
    amounts = {}
    for text in texts:
        name, _equals, amount = text.partition('=')
        if not name or not amount.isdecimal() or not int(amount):
            raise exception.InvalidConfig(
                f'--resource {text}: write <class>=<amount>, such as VCPU=4')
        amounts[name] = int(amount)
    return amounts
