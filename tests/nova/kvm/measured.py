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

"""Measures the drivers' part of the page of moves.

``python -m tests.nova.kvm.measured [KIND ...]`` takes real libvirt nodes
through every state of the table of shares and writes what is stored, and what
Placement holds for it, to doc/moves_drivers.json.
"""

import tests.nova  # noqa: F401  must be first: it patches

# isort: split

import json
import sys
from typing import Any

import nova.version

from doc import moves_drivers
from tests.nova import share_table
from tests.nova.kvm import cells
from tests.nova.kvm import offered
from tests.nova.kvm import table


def record_of(cell: cells.Cell) -> dict[str, Any]:
    """What the page says of a state, in GB by volume.

    Escrow of a migration is none of it: it stands for no copy.
    """
    own, migrations = cell.shares
    shares: dict[str, int] = {}
    for volume, held in (*own.items(), *migrations.items()):
        if share_table.DISK in held:
            shares[volume] = shares.get(volume, 0) + held[share_table.DISK]
    return {'copies': cell.stored, 'shares': shares,
            'held': {volume: held[share_table.HELD]
                     for volume, held in own.items()
                     if share_table.HELD in held}}


def recorded() -> dict[str, Any]:
    """What the page is made of."""
    return dict(json.loads(moves_drivers.RECORD.read_text()))


def measure(kind: str) -> dict[str, Any]:
    return {state: record_of(cell)
            for state, cell in table.measure(kind).items()}


def main(kinds: list[str]) -> int:
    """:param kinds: those to measure again, all when none is named"""
    record = (recorded() if kinds
              else {'nova': nova.version.version_string(),
                    'offered': offered.measure()})
    for kind in kinds or table.KINDS:
        record[kind] = measure(kind)
        moves_drivers.RECORD.write_text(json.dumps(record, indent=1) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
