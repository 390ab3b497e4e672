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

"""The page of moves: what each operation charges.

Made of doc/moves.json, which ``python -m tests.nova.measured_moves`` measures
on a real Nova, and of what benchmarks/live_migration.py measured.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import moves_drivers
from doc import rst

HERE = pathlib.Path(__file__).parent
PAGE = HERE / 'source/reference/moves.rst'
RECORD = HERE / 'moves.json'
BENCHMARK = HERE.parent / 'benchmarks/results/live_migration.json'
# Copies of the disk there are on the volume: on the way, and after.
_STAYS = ('1', '1')
_COPIED = ('2', '1')
COPIES = {
    'create': ('', '1'), 'create on a named host': ('', '1'),
    'live migration': _STAYS, 'live migration to a named host': _STAYS,
    'live migration, first destination refuses': _STAYS,
    'live migration, every destination refuses': ('', '1'),
    'live migration, rolled back': _STAYS,
    'live migration, aborted': _STAYS,
    'live migration of a disk in a group of its own': _STAYS,
    'live migration to a node that does not reach the volume': ('', '1'),
    'evacuation': _STAYS, 'evacuation, then the source returns': _STAYS,
    'evacuation to a named host': _STAYS,
    'evacuation of a disk in a group of its own': _STAYS,
    'cold migration, confirmed': _COPIED,
    'cold migration, reverted': _COPIED,
    'resize to 350 GB, confirmed': _COPIED,
    'resize to 350 GB, reverted': _COPIED,
    'cold migration, confirmed, disk kept': _STAYS,
    'cold migration, reverted, disk kept': _STAYS,
    'resize to 350 GB, confirmed, disk kept': _STAYS,
    'resize to 350 GB, reverted, disk kept': _STAYS,
    'resize of a disk in a group of its own to 350 GB, disk kept': _STAYS,
    'resize to a medium its volume is not of, disk kept': ('', '1'),
    'shelve': ('', '0'), 'unshelve': ('', '1'),
    'unshelve to a named host': ('', '1'), 'rebuild': ('', '1'),
    'delete': ('', '0')}
SIDES = {'own disks': 'Nova {nova}, own disks',
         'published by hand': 'Nova {nova}, published by hand',
         'hv_sched': 'hv_sched'}

INTRODUCTION = """\
=======================
What moves are charged
=======================

.. This page is written by python -m doc.generate.

:doc:`/moves` describes the operations and their options. This table has
measured amounts.

One server with a disk of 300 GB is alone on a Cluster Shared Volume of 500 GB
that three nodes share: 200 GB are free. Each cell has the GB of disk that
Placement counts as used, over all providers, during the operation and
afterwards, and whether the operation is admitted. Where 500 GB are too few,
"refused" comes first, and what follows was measured with 2000 GB. Everything
was measured on Nova's own services and a real Placement, with Nova's fake
hypervisor. The tests measure it again. What libvirt does with Ceph and with
shared directories is at the end of the page.

*Copies* are the copies on the volume, during the operation and afterwards: the
files of a clustered server stay where they are when it moves, and
compute-hyperv keeps the old files of a cold migration or resize until it is
confirmed.

*Own disks* is unmodified Nova {nova}: each node reports the volume as its own
disk of 500 GB, so that three nodes offer 1500. It refuses nothing here, nor a
second and a third such server.

*Published by hand* is Nova {nova} with the volume in Placement as a sharing
provider and the nodes' own disks closed, without hv_sched in nova-scheduler.

*hv_sched* is that Nova with the plug-ins of hv_sched. ``held`` is escrow:
after a move that failed, the share is kept as CUSTOM_CSV_HELD_DISK_GB until
the next pass of the agent; no new disk gets its space. Rows that end in "disk
kept" are measured with ``[hv_sched]cold_move_keeps_disk``, for drivers that
rename the files instead of copying them. For a disk *in a group of its own*
the flavor has ``resources1:DISK_GB``. Operations that are refused whatever the
room would fail on the host: a node that does not reach the volume cannot start
the server, and files that stay do not change their medium.
"""


COST = """\
A live migration for which Nova selects the host, in a cluster of {hosts}
nodes. Medians of {rounds} pairs: Nova's own filters and those of hv_sched
alternate on the same cloud, with all services and Placement in one process
(``python -m benchmarks.live_migration``). The fake hypervisor migrates
nothing, so the total is less than on real nodes, and the added part weighs
more. Commit {commit}, {machine}: where more wait than there are processors,
the requests are what holds, and the times are those of the others, too.
"""


def page() -> str:
    return '\n'.join((
        page_of(json.loads(RECORD.read_text()),
                json.loads(BENCHMARK.read_text())),
        *moves_drivers.section()))


def page_of(record: Mapping[str, Any], cost: Mapping[str, Any]) -> str:
    """The page for what was measured of shares and of time."""
    nova = record['nova'].partition('.')[0]
    sides = {side: title.format(nova=nova) for side, title in SIDES.items()}
    return '\n'.join((
        INTRODUCTION.format(nova=nova), *rst.table(
            ('Operation', 'Copies', *sides.values()),
            (_row(operation, record) for operation in COPIES)),
        *rst.title('What it costs'), COST.format(**cost),
        *rst.table(('', 'Nova', 'hv_sched', 'Added', 'Ratio'),
                   _costs(cost)),
        'Added requests:\n',
        *(f'* ``{request}``: {count:+g}' for request, count
          in cost['added_requests'].items()), '',
        f'A refresh of the snapshot, every ``[hv_sched]snapshot_ttl`` '
        f'seconds and not in these figures: {cost["refresh_requests"]} '
        'requests.', ''))


def _costs(cost: Mapping[str, Any]) -> Iterable[Iterable[str]]:
    """Ratios are the medians of the pairs."""
    for title, key in (('The whole', 'total'),
                       ('Of it in nova-scheduler', 'select_destinations')):
        of = cost[key]
        yield (title, *(f'{of[name] * 1000:.0f} ms' for name in (
            'stock_median_seconds', 'hv_sched_median_seconds',
            'added_seconds_of_pairs')), f'{of["ratio_of_pairs"]:.2f}')
    stock, ours = cost['requests']['stock'], cost['requests']['hv_sched']
    yield ('Requests to Placement', f'{stock:g}', f'{ours:g}',
           f'{ours - stock:g}', f'{ours / stock:.2f}')


def _row(operation: str, record: Mapping[str, Any]) -> Iterable[str]:
    yield operation
    yield ', then '.join(filter(None, COPIES[operation]))
    for side in SIDES:
        yield cell(record[side].get(operation))


def cell(measured: Mapping[str, Any] | None) -> str:
    """What was measured, in words."""
    if measured is None:
        return 'no such option'
    if 'after' not in measured:
        return '**refused**, whatever the room'
    sums = (measured['during'], measured['after'], measured.get('restored'))
    told = ', then '.join(_gb(*one) for one in sums if one is not None)
    return told if measured['admitted'] else f'**refused**; {told}'


def _gb(disk_gb: int, held_gb: int) -> str:
    """What takes room: beside the share its escrow takes none."""
    return f'{held_gb} held' if held_gb and not disk_gb else str(disk_gb)

