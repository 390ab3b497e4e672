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

"""Makes the page of what hv_sched costs nova-scheduler, and where.

``python -m benchmarks.scheduling --output FILE`` and ``python -m
benchmarks.disk_group --output FILE`` write what stands in
``doc/scheduling_cost.json``, a list of results for each.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import bar_chart
from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/scheduling-cost.rst'
RECORD = HERE / 'scheduling_cost.json'
SIDES = {'stock': 'Nova alone', 'hv_sched': 'hv_sched'}
PARTS = ('request filters', 'filters', 'weighers', 'candidates', 'claim')
QUERIES = {'plain': 'plain', 'group': 'disk in a group',
           'named host': 'disk in a group, a host named'}

INTRODUCTION = """\
=======================
What scheduling costs
=======================

.. This page is written by python -m doc.generate.

``select_destinations`` of the real scheduler manager, Placement in processes
of its own on MariaDB, clusters of 16 nodes seeded in the databases. Nova's
filters and weighers alone and the same with hv_sched's alternate on the same
cloud. Where processes were *waiting* the machine was shared: *clock* holds
what others did meanwhile. *CPU* is the processor time of the thread, and of
Placement's and MariaDB's processes together. *candidates* is Nova's query for
allocation candidates and *claim* the allocation it writes; both are Nova's
own.

"""

LIMIT = """\
A request that names an availability zone or a tenant's aggregate asks for its
disk in a request group of its own (:doc:`/scheduler`). Placement's own code
runs in the process here, so that its statements are counted.

Where it goes: for a group whose resources a sharing provider may give,
Placement asks the database for the nodes that each such provider shares with,
one statement a provider (``_alloc_candidates_single_provider``, which calls
``anchors_for_sharing_providers``); the plain query asks for all of them at
once. The price therefore grows with the number of volumes that have room in
the whole cloud, and not with the request. It cannot be won back from outside:
the group is the only form in which such a request finds a volume, and a query
has no other way to leave volumes of other zones out than to list every volume
of its own. A request that names a host pays for its homes alone, since
hv_sched binds the group to them. The remedy is in Placement: one statement for
all providers of the group.
"""


def page() -> str:
    """The page for the record that is kept."""
    return page_of(json.loads(RECORD.read_text()))


def page_of(record: Mapping[str, Any]) -> str:
    """The page for these figures."""
    return INTRODUCTION + '\n'.join((
        *(line for result in record['scheduling']
          for line in _scheduling(result)),
        *rst.title('The disk in a group of its own'), LIMIT,
        *(line for result in record['disk_group']
          for line in _disk_group(result)))) + '\n'


def _scheduling(result: Mapping[str, Any]) -> Iterable[str]:
    hosts, volumes = result['hosts'], result['volumes']
    added = result['added']
    yield from rst.title(f'{hosts:,} hosts, {volumes} '
                         f'volume{"s" if volumes > 1 else ""} a cluster')
    yield (f'{result["rounds"]} pairs, {result["workers"]} Placement '
           f'processes; commit {result["commit"]}, {result["machine"]}.\n')
    yield from rst.table(
        ('', 'Nova alone', 'hv_sched', 'Ratio'), _rows(result))
    yield (f"hv_sched's own Python takes {added['our_python_cpu_ms']} ms of "
           'processor time a request:\n'
           f'{added["our_python_of_stock"]:.1%} of what Nova alone costs with '
           'Placement and MariaDB,\n'
           f'{added["our_python_of_stock_scheduler"]:.1%} of '
           "nova-scheduler's own.\n")
    yield from _chart(result)


def _rows(result: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    for name, title in (('p50_ms', 'clock, median, ms'),
                        ('p99_ms', 'clock, longest, ms'),
                        ('cpu_ms', 'nova-scheduler, CPU ms'),
                        ('placement_cpu_ms', 'Placement, MariaDB, CPU ms'),
                        ('requests', 'requests to Placement')):
        yield (title, *_pair(*(result[side][name] for side in SIDES)))
    for part in PARTS:
        spent = [result[side]['parts'].get(part, {}).get('cpu_ms', 0.0)
                 for side in SIDES]
        yield (f'{part}, CPU ms', *_pair(*spent))
    once = result['at_once_ms']
    for name, title in (('p50', 'median'), ('p99', 'longest')):
        yield (f'{result["at_once"]} at once, clock, {title}, ms', *_pair(
            *(once[side][name] for side in SIDES)))


def _pair(stock: float, ours: float) -> tuple[str, str, str]:
    return (f'{stock:,.1f}', f'{ours:,.1f}',
            f'{ours / stock:.2f}' if stock else '–')


def _chart(result: Mapping[str, Any]) -> tuple[str, ...]:
    ours = result['hv_sched']
    values = {part: ours['parts'].get(part, {}).get('cpu_ms', 0.0)
              for part in PARTS}
    values['rest of nova-scheduler'] = ours['cpu_ms'] - sum(values.values())
    values['Placement, MariaDB'] = ours['placement_cpu_ms']
    return bar_chart.bars('CPU ms of a request, by part', values, {
        part: f'{value:,.1f}' for part, value in values.items()})


def _disk_group(result: Mapping[str, Any]) -> Iterable[str]:
    names = [name for name in QUERIES if name in result]
    volumes = result['volumes']
    yield (f'{result["hosts"]:,} hosts, {volumes} '
           f'volume{"s" if volumes > 1 else ""} a cluster, medians of '
           f'{result["rounds"]}; commit {result["commit"]}, '
           f'{result["machine"]}.\n')
    plain = result['plain']
    yield from rst.table(
        ('', *(QUERIES[name] for name in names)),
        ((title, *(_with_ratio(result[name][key], plain[key])
                   for name in names)) for key, title in (
            ('statements', 'SQL statements'),
            ('python_cpu_ms', "Placement's Python, CPU ms"),
            ('database_ms', 'in the database, clock, ms'),
            ('ms', 'all, clock, ms'), ('candidates', 'candidates'))))
    yield from bar_chart.bars(
        'SQL statements of a query',
        {QUERIES[name]: result[name]['statements'] for name in names},
        {QUERIES[name]: f'{result[name]["statements"]:,.0f}'
         for name in names})


def _with_ratio(value: float, plain: float) -> str:
    return f'{value:,.0f} (× {value / plain:.2f})'
