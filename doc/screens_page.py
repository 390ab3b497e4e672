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

"""The page of screens: what ``csv plan`` shows at several widths and sizes.

The plans are real ones, of an imagined Placement; the tables are cliff's. The
screens of the other commands are doc/screens.json, which ``python -m
tests.functional.measured_screens`` measures on a real Placement.
"""

import argparse
from collections.abc import Iterable
import io
import json
import pathlib
import re
import uuid

from cliff.formatters import table as cliff_table

from doc import imagined_placement
from doc import rst
from hv_sched import model
from hv_sched.osc import change_rows
from hv_sched.osc import plan_screen
from hv_sched.osc import table
from hv_sched.providers import plan as planning
from hv_sched.providers import summary

PAGE = pathlib.Path(__file__).parent / 'source/reference/screens.rst'
RECORD = pathlib.Path(__file__).parent / 'screens.json'
SIZES = (1, 16, 64)
WIDTHS = (80, 100, 160)
_INTRODUCTION = '''\
=======
Screens
=======

.. all blocks tested by: tests/unit/doc/test_generate.py

What ``csv plan`` shows before anything is published, for clusters of {sizes}
nodes with a volume of 24 TB for every four, on terminals of {widths} columns.
Made by ``python -m doc.generate screens``.

Lines and columns of the same plan, of its single changes (``--long``), and of
``openstack resource provider list``, whose columns are osc-placement's:

'''
_COMMANDS = '''\
The other commands
==================

The other commands on the way of such a cluster of 16 nodes with 24 servers, as
a real Placement makes them, in the order in which they are typed. Beside ``csv
list`` and ``csv show`` stands what osc-placement shows of the first volume.
'''
_GUID = uuid.uuid5(uuid.NAMESPACE_DNS, 'hvcluster01.example.org')


def facts(count: int) -> model.Facts:
    """One cluster of so many nodes."""
    guids = [str(uuid.uuid5(_GUID, str(number)))
             for number in range(max(1, count // 4))]
    nodes = tuple(model.Node(
        f'hv{number + 1:02}', build=17763,
        home=guids[number % len(guids)], guarded_host=number * 4 < count)
        for number in range(count))
    volumes = tuple(model.Volume(
        guid, f'Volume{number}', 24576 * model.GIB,
        free_bytes=24000 * model.GIB, state=model.CsvState.ONLINE)
        for number, guid in enumerate(guids, start=1))
    return model.Facts((model.Cluster(
        str(_GUID), 'hvcluster01', nodes, volumes,
        collected_at=imagined_placement.NOW),))


def plan_of(count: int) -> planning.Plan:
    """The first plan for it."""
    described = facts(count)
    return imagined_placement.ImaginedPlacement(
        (node.name for node in described.clusters[0].nodes), 24576
    ).plan(described)


def screen(plan: planning.Plan, width: int) -> list[str]:
    """The lines of ``csv plan`` on a terminal."""
    outcome = plan_screen.Outcome(
        summary.of(plan.changes, planning.cluster_names(plan)),
        plan.all_findings)
    columns, rows, left_out = table.narrowed(
        plan_screen.COLUMNS, plan_screen.rows(outcome), width,
        ('Reserved GB',))
    below = plan_screen.below(outcome)
    if left_out:
        below += (table.left_out_text(left_out),)
    drawn = _drawn(columns, table.fitted_rows(columns, rows, width))
    return [*drawn, *''.join(table.paragraphs(below, width)).splitlines()]


def _drawn(columns: Iterable[str], rows: Iterable[tuple[object, ...]]
           ) -> list[str]:
    """A table as cliff draws it, as wide as it comes."""
    output = io.StringIO()
    cliff_table.TableFormatter().emit_list(
        list(columns), list(rows), output, argparse.Namespace(
            print_empty=False, max_width=0, fit_width=False))
    # Made on a terminal, it has colours.
    return re.sub(r'\033\[\d+m', '', output.getvalue()).splitlines()


def single_changes(plan: planning.Plan) -> list[str]:
    """The lines of ``csv plan --long`` where there is room for them."""
    return _drawn(change_rows.COLUMNS,
                  change_rows.rows(plan.changes, plan.all_findings))


def providers(count: int) -> list[str]:
    """The lines of ``openstack resource provider list``."""
    return _drawn(
        ('uuid', 'name', 'generation', 'root_provider_uuid',
         'parent_provider_uuid'),
        [(imagined_placement.node_uuid(node.name), node.name, 1,
          imagined_placement.node_uuid(node.name), None)
         for node in facts(count).clusters[0].nodes])


def _measures() -> Iterable[tuple[str, ...]]:
    for count in SIZES:
        plan = plan_of(count)
        yield (str(count), *(_measure(lines) for lines in (
            screen(plan, 100), single_changes(plan), providers(count))))


def _measure(lines: list[str]) -> str:
    return f'{len(lines)} x {max(map(len, lines))}'


def _block(title: str, lines: Iterable[str], underline: str = '='
           ) -> list[str]:
    return ['', title, underline * len(title), '', '::', '', *(
        f'    {line}'.rstrip() for line in lines)]


def _of_commands() -> list[str]:
    """Each command at 100 columns, and at 80 where that differs."""
    parts = ['', _COMMANDS]
    for title, by_width in json.loads(RECORD.read_text()).items():
        first, *others = by_width.items()
        parts += _block(f'{title}, {first[0]} columns', first[1], '-')
        for width, lines in others:
            if lines != first[1]:
                parts += _block(f'{title}, {width} columns', lines, '-')
    return parts


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION.format(
        sizes=_listed(SIZES), widths=_listed(WIDTHS)), *rst.table(
            ('nodes', 'plan at 100', 'plan --long', 'provider list'),
            _measures())]
    for count in SIZES:
        plan = plan_of(count)
        for width in WIDTHS:
            title = f'{count} node{"" if count == 1 else "s"}, {width} columns'
            parts += _block(title, screen(plan, width))
    parts += _of_commands()
    return '\n'.join(parts).rstrip() + '\n'


def _listed(numbers: Iterable[int]) -> str:
    *first, last = map(str, numbers)
    return f'{", ".join(first)} and {last}'
