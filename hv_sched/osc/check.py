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

"""``csv check image`` and ``csv check flavor``."""

import argparse
from collections.abc import Iterable
from typing import Any

from osc_lib.command import command
from oslo_config import cfg

from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import requirements
from hv_sched.compatibility import capable_nodes
from hv_sched.compatibility import catalog
from hv_sched.compatibility import stamp
from hv_sched.compatibility import verdict
from hv_sched.compute import checked_session
from hv_sched.compute import lookups
from hv_sched.osc import base
from hv_sched.osc import format_columns

COLUMNS = ('Name', 'Hypervisor', 'Asks', 'Nodes', 'Problems')
IMAGE_COLUMNS = (*COLUMNS, 'Dropped by Nova')
STAMP_COLUMNS = (*IMAGE_COLUMNS, 'Stamp')
Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]
Lines = format_columns.Lines


class _Check(base.CsvCommand, command.Lister):
    """What both have in common."""

    NOUN = ''
    OTHER = ''
    expendable = ('Dropped by Nova', 'Hypervisor')

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        label = parser.add_mutually_exclusive_group(required=True)
        label.add_argument('name', metavar=f'<{self.NOUN}>', nargs='?',
                           help='Name or id')
        label.add_argument('--all', action='store_true',
                           help='Every one this project may see')
        parser.add_argument(
            f'--{self.OTHER}', metavar=f'<{self.OTHER}>', dest='other',
            help=f'Judge it together with this {self.OTHER}')
        return parser

    def catalog(self, conf: cfg.ConfigOpts) -> catalog.Catalog:
        return catalog.Catalog(
            lookups.Nova(self.connection_of(checked_session.NOVA, conf)),
            lookups.Glance(self.connection_of(checked_session.GLANCE, conf)))

    def capable(self, conf: cfg.ConfigOpts) -> capable_nodes.CapableNodes:
        return capable_nodes.CapableNodes(
            self.placement(conf.hv_sched.request_timeout))

    def judge_exit(self, problems: Iterable[Any]) -> None:
        if any(problems):
            self.exit_code = exit_codes.PARTIAL


def _row(name: str, judged: verdict.Compatibility) -> tuple[Any, ...]:
    return (name, judged.demands.hypervisor.value, Lines(judged.lines()),
            format_columns.CapableNodesColumn(judged),
            Lines((*judged.problems, *judged.demands.ignored)))


class CheckFlavor(_Check):
    """Check what flavors ask of Hyper-V nodes, and which nodes can run them

    Nodes are those that can, whether or not they have room now. The options
    in [hv_sched] that nova-scheduler reads decide here too: name its file
    with --config-file.

    Exit code 0: nothing is wrong; 4: something cannot run, see Problems;
    1: error.
    """

    NOUN, OTHER = 'flavor', 'image'

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        conf = self.conf(parsed_args)
        cloud, nodes = self.catalog(conf), self.capable(conf)
        image = cloud.image(parsed_args.other) if parsed_args.other else {}
        rules = requirements.Rules.from_options(conf.hv_sched)
        verdicts = [(flavor['name'], verdict.of(flavor, image, rules, nodes))
                    for flavor in (cloud.flavors() if parsed_args.all
                                   else [cloud.flavor(parsed_args.name)])]
        self.judge_exit(judged.problems for _name, judged in verdicts)
        return COLUMNS, [_row(name, judged) for name, judged in verdicts]


class CheckImage(_Check):
    """Check what images ask of Hyper-V nodes, and which nodes can run them

    Nodes are those that can, whether or not they have room now. Properties
    that Nova drops are asked for by hv_sched's request filter only. Where
    that is not to be relied on, --stamp writes what an image asks on the
    image itself, as trait:NAME=required, which Nova passes to Placement;
    --unstamp takes back what a stamp wrote and nothing else (it is listed in
    the property hv_sched_stamped). After the image or the nodes changed,
    stamp it again.

    Exit code 0: nothing is wrong; 2: (--dry-run) there is something to
    stamp; 4: something cannot run or was not written, see Problems; 1: error.
    """

    NOUN, OTHER = 'image', 'flavor'

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        writing = parser.add_mutually_exclusive_group()
        writing.add_argument('--stamp', action='store_true',
                             help='Write the traits it asks for on the image')
        writing.add_argument('--unstamp', action='store_true',
                             help='Take back what --stamp wrote')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only show what would be written')
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Table:
        conf = self.conf(parsed_args)
        cloud, nodes = self.catalog(conf), self.capable(conf)
        flavor = cloud.flavor(parsed_args.other) if parsed_args.other else {}
        stamps = parsed_args.stamp or parsed_args.unstamp
        rules = requirements.Rules.from_options(conf.hv_sched)
        rows = []
        for image in (list(cloud.images()) if parsed_args.all
                      else [cloud.image(parsed_args.name)]):
            judged = verdict.of(flavor, image, rules, nodes)
            row = (*_row(_name(image), judged), Lines(judged.dropped))
            self.judge_exit(judged.problems)
            rows.append((*row, self._stamp(parsed_args, cloud, image, rules))
                        if stamps else row)
        return STAMP_COLUMNS if stamps else IMAGE_COLUMNS, rows

    def _stamp(self, parsed_args: argparse.Namespace, cloud: catalog.Catalog,
               image: catalog.Properties, rules: requirements.Rules) -> Lines:
        """What is written, or why not; one image stops no other."""
        requested = requirements.of({}, image, rules)
        if parsed_args.stamp and requested.contradictions:
            return Lines(('not stamped: it contradicts itself',))
        changes = stamp.plan(image, requested.required if parsed_args.stamp
                             else ())
        if changes and parsed_args.dry_run:
            self.exit_code = self.exit_code or exit_codes.CHANGES
        elif changes:
            try:
                cloud.change(image, changes)
            except exception.ServiceError as exc:
                self.exit_code = exit_codes.PARTIAL
                return Lines((f'not written: {exception.told(exc)}',))
        return Lines(map(str, changes))


def _name(image: catalog.Properties) -> str:
    return str(image.get('name') or image['id'])
