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

"""The part of the page of moves that is about libvirt's storage.

Made of doc/moves_drivers.json, which ``python -m tests.nova.kvm.measured``
measures with Nova's real libvirt driver.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import json
import pathlib
from typing import Any

from doc import rst

RECORD = pathlib.Path(__file__).parent / 'moves_drivers.json'
KINDS = {'rbd': 'Ceph pools (``libvirt-rbd``)',
         'raw': 'raw files (``libvirt-file``)',
         'qcow2': 'qcow2 files (``libvirt-file``)'}

INTRODUCTION = """\
Measured with Nova {nova}'s real libvirt driver: its Rbd, Flat and Qcow2
classes do their work, on a hypervisor, a Ceph cluster and directories of a
test that counts what is stored. Nodes ``n1`` and ``n2`` have the home A,
``n3`` has B, each of 500 GB. A server with a disk of 100 GB starts on ``n1``;
a resize is to 150 GB. A cell has the copies that are stored in each home, and
the shares in Placement that are for them; ``held`` is escrow.

Where copies have no share, ``reserved`` covers them; where a share has no
copy, it waits for the next audit.
"""

OFFERED = """\
What three nodes with one volume of 500 GB offer together. Nova's nodes report
the raw bytes of the whole Ceph cluster: here three replicas of this pool and
of one with 100 GB for images.
"""


def section() -> Iterator[str]:
    """The lines of the page's part."""
    record = json.loads(RECORD.read_text())
    yield from rst.title('Ceph and shared directories')
    yield INTRODUCTION.format(nova=record['nova'].partition('.')[0])
    states = dict.fromkeys(
        state for kind in KINDS for state in record.get(kind, {}))
    yield from rst.table(
        ('State', *KINDS.values()),
        ((state, *(cell(record[kind].get(state)) for kind in KINDS))
         for state in states))
    yield from rst.title('How often a volume is counted')
    yield OFFERED
    yield from rst.table(
        ('Driver', 'Nova', 'hv_sched', 'Factor'),
        ((f'``{driver}``', f'{stock} GB', f'{ours} GB', f'{stock / ours:.1f}')
         for driver, (stock, ours) in record['offered'].items()))


def cell(state: Mapping[str, Mapping[str, Any]] | None) -> str:
    """Copies and shares of one state."""
    if state is None:
        return '–'
    copies = ', '.join(
        f'{volume} {" + ".join(map(str, sizes))}'
        for volume, sizes in sorted(state['copies'].items()))
    shares = ', '.join((
        *(f'{volume} {size}' for volume, size
          in sorted(state['shares'].items())),
        *(f'{volume} {size} held' for volume, size
          in sorted(state['held'].items()))))
    return f'{copies or "none"}; shares: {shares or "none"}'
