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

"""The table of shares, measured with each kind of libvirt's disks."""

import functools
import unittest

from tests.nova import share_table
from tests.nova.kvm import stories
from tests.nova.kvm.cells import Cell


class Rbd(stories.Story):
    DRIVER = 'libvirt-rbd'
    POOLS = {'A': 500, 'B': 500}


class Raw(stories.Story):
    DRIVER = 'libvirt-file'
    SHARES = {'A': 500, 'B': 500}


class Qcow2(Raw):
    DISK_FORMAT = 'qcow2'


KINDS = {'rbd': Rbd, 'raw': Raw, 'qcow2': Qcow2}
STATES = (
    'created', 'rebuilt', 'deleted', 'live migrating', 'live migrated',
    'live migrating to another home', 'live migrated to another home',
    'deleted in another home', 'live migration rolled back',
    'restored after a rollback', 'cold migrated',
    'cold migration confirmed', 'cold migration reverted',
    'restored after a revert', 'resized',
    'resize confirmed', 'resize reverted', 'restored after a reverted resize',
    'resize failed to finish', 'deleted after that', 'evacuated',
    'evacuated, the source is back', 'evacuated to another home',
    'evacuated to another home, the source is back',
    'evacuated to another home, and audited',
    'deleted after an evacuation to another home', 'shelved', 'unshelved')
# A cold migration to another home, where the disk is copied and where not.
COPIED = ('cold migrated to another home',
          'cold migration to another home confirmed')
REFUSED = ('cold migration to another home refused',)


def check(kind: str, state: str, uncovered_gb: dict[str, int]) -> None:
    """Shares are what the table says, and copies what the shares are for.

    :param uncovered_gb: by state, copies that no share is for; less than
        nothing where a share waits for the audit
    """
    cell = measure(kind)[state]
    assert cell.shares == cell.table
    assert cell.stored == cell.expected
    charged_gb = sum(
        amount_gb for shares, classes in zip(
            cell.shares, ((share_table.DISK, share_table.HELD),
                          (share_table.DISK,)), strict=True)
        for held in shares.values() for resource_class, amount_gb
        in held.items() if resource_class in classes)
    assert sum(map(sum, cell.stored.values())) - charged_gb == (
        uncovered_gb.get(state, 0))


@functools.cache
def _run(kind: str) -> tuple[dict[str, Cell], str]:
    """The cells of one kind of disks, and why there are no more."""
    cells: dict[str, Cell] = {}

    class Case(KINDS[kind]):  # type: ignore[misc]
        def runTest(self) -> None:
            cells.update(self.tell())

    result = unittest.TestResult()
    Case().run(result)
    return cells, '\n'.join(trace for _, trace in (
        *result.errors, *result.failures))


def measure(kind: str) -> dict[str, Cell]:
    """The cells of one kind of disks, in a harness of its own."""
    cells, trace = _run(kind)
    assert not trace, trace
    return cells
