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

"""``csv capacity``."""

import argparse
from collections.abc import Iterable
from typing import Any

from osc_lib.command import command

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import printable
from hv_sched.capacity import reading
from hv_sched.capacity import rows
from hv_sched.capacity import shortage
from hv_sched.capacity import zones
from hv_sched.conf import nova_conf
from hv_sched.explain import question as questions
from hv_sched.explain import question_builder
from hv_sched.osc import base
from hv_sched.osc import format_columns
from hv_sched.providers.merged_changes import number_of

LOG = printable.logger(__name__)
COLUMNS = ('Name', 'Fit', 'Fit N-1', 'Runs Out First', 'N-1 Runs Out First',
           'Lost Node', 'Kind')

# More nodes are not named below the table.
_NAMED = 3


class Capacity(base.LookingCommand, command.Lister):
    """Say how many more servers of a flavor and image fit

    In all, by cluster, volume and node: now, and under N-1 with the node of
    each cluster lost whose loss leaves room for fewest, its servers' memory
    and VCPU taken from the other nodes. A row counts what fits there alone;
    nodes share their volume, so rows do not add up. What runs out first is
    named, and where none fits, why. Asks Placement as nova-scheduler with
    hv_sched would; nothing is changed.

    Exit code 0: at least one fits now; 2: none fits; 4: a service did not
    return all that was asked of it; 1: error.
    """

    expendable = ('Kind', 'N-1 Runs Out First', 'Lost Node')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('--flavor', metavar='<flavor>',
                            help='Flavor, by name or id')
        parser.add_argument('--image', metavar='<image>',
                            help='Image, by name or id')
        parser.add_argument(
            '--availability-zone', metavar='<availability-zone>',
            help='Availability zone asked for; <zone>:<host> forces a host')
        parser.add_argument(
            '--boot-from-volume', action='store_true',
            help='The root disk is a Cinder volume, made from the image')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        conf = nova_conf.read_nova(
            parsed_args.nova_conf or parsed_args.config_file or ())
        if not parsed_args.flavor:
            raise exception.InvalidConfig(
                'give the kind of server with --flavor, and --image')
        placement = self.placement(conf.hv_sched.request_timeout)
        nova = self.nova(conf)
        question = questions.Question(
            parsed_args.flavor, parsed_args.image,
            parsed_args.availability_zone,
            boots_from_volume=parsed_args.boot_from_volume)
        zones.check(question.zone_name, nova)
        built, context = question_builder.QuestionBuilder(
            placement, nova, self.glance(conf), conf).ask(question)
        answer = reading.read(placement, built, context,
                              conf.hv_sched.workers)
        self.below = tuple(_below(answer, context.not_evaluated))
        if context.is_partial and parsed_args.formatter != 'table':
            LOG.warning('Not considered here: %s.',
                        '; '.join(context.not_evaluated))
        self.exit_code = exit_codes.PARTIAL if context.is_partial else (
            exit_codes.OK if answer.total.now.servers else exit_codes.CHANGES)
        return COLUMNS, [_row(row) for row in answer.rows]


def _row(row: rows.Row) -> tuple[Any, ...]:
    return (row.name, row.now.servers, row.after_loss.servers,
            format_columns.Lines(row.runs_out), format_columns.Lines(
                map(shortage.of_class, row.after_loss.bounds)),
            row.lost, row.kind)


def _below(answer: reading.Capacity, not_evaluated: Iterable[str]
           ) -> Iterable[str]:
    total = answer.total
    if not (total.now.is_exact and total.after_loss.is_exact):
        yield ('The flavor takes its resources in groups that several '
               'providers may give: at least so many fit.')
    yield 'Not considered here: ' + '; '.join(not_evaluated) + '.'
    now, after_loss = total.now.servers, total.after_loss.servers
    yield (f'{number_of(now, "server")} of this kind '
           f'{"fits" if now == 1 else "fit"} now, {after_loss} with the '
           f'largest node of each cluster lost{_names(answer.rows)}.')


def _names(answered: Iterable[rows.Row]) -> str:
    lost = [row.lost for row in answered if row.kind == 'cluster' and row.lost]
    return f' ({", ".join(lost)})' if 0 < len(lost) <= _NAMED else ''
