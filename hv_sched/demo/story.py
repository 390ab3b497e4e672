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

"""What the demo shows: the same three servers, before and after."""

import dataclasses

from keystoneauth1 import adapter

from hv_sched import model
from hv_sched.demo import nodes

SERVER_GB = 200
SERVERS = ('server-1', 'server-2')


@dataclasses.dataclass(frozen=True)
class Offering:
    """What Placement offered and answered.

    :param offered_gb: provider name -> GiB offered before any server
    :param placed: for each server the candidate it got, None when refused
    :param accepting: nodes that still accept the next server
    """

    offered_gb: dict[str, int]
    placed: tuple[nodes.Candidate | None, ...]
    accepting: tuple[str, ...]

    @property
    def total_gb(self) -> int:
        """Everything offered, in GiB."""
        return sum(self.offered_gb.values())


def tell(placement: adapter.Adapter) -> Offering:
    """Place two servers, ask for a third, take the two away again."""
    offered = nodes.offered_gb(placement)
    placed = []
    try:
        for name in SERVERS:
            placed.append(nodes.create_server(placement, name, SERVER_GB))
        remaining = nodes.candidates(placement, SERVER_GB)
    finally:
        for name in SERVERS:
            nodes.delete_server(placement, name)
    return Offering(offered, tuple(placed),
                    tuple(sorted({candidate.node for candidate in remaining})))


def _placed_line(number: int, got: nodes.Candidate | None) -> str:
    if got is None:
        return f'server {number} of {SERVER_GB} GB: refused'
    return (f'server {number} of {SERVER_GB} GB: on {got.node}, its disk '
            f'from {got.disk_provider}')


def report(offering: Offering, names: list[str]) -> list[str]:
    """The lines that show an offering.

    :param names: of all nodes
    """
    wide = max(map(len, (*offering.offered_gb, 'resource provider')))
    lines = [f'  {"resource provider":<{wide}}  DISK_GB offered']
    lines += [f'  {name:<{wide}}  {gb:>15}'
              for name, gb in sorted(offering.offered_gb.items())]
    lines += [f'  {"together":<{wide}}  {offering.total_gb:>15}', '']
    lines += [f'  {_placed_line(number, got)}'
              for number, got in enumerate(offering.placed, start=1)]
    number = len(SERVERS) + 1
    third = f'  server {number} of {SERVER_GB} GB: '
    if offering.accepting:
        third += (f'ACCEPTED on {len(offering.accepting)} of {len(names)} '
                  f'nodes ({", ".join(offering.accepting)})')
    else:
        third += f'refused on all {len(names)} nodes'
    return [*lines, third]


def real_gb(facts: model.Facts) -> int:
    """The size of all volumes of a source, in GiB."""
    return sum(volume.total_gb or 0 for cluster in facts.clusters
               for volume in cluster.volumes)


def wrong_before(offering: Offering, names: list[str], disk_gb: int
                 ) -> list[str]:
    """Why the first half does not show stock Nova's over-report."""
    differences = []
    if offering.total_gb != disk_gb * len(names):
        differences.append(f'before: {offering.total_gb} GB were offered, not '
                           f'{disk_gb} GB by each of {len(names)} nodes')
    if len(offering.accepting) != len(names) - 1:
        differences.append(f'before: the third server was accepted on '
                           f'{len(offering.accepting)} nodes, not on '
                           f'{len(names) - 1}')
    return differences


def wrong_after(offering: Offering, disk_gb: int) -> list[str]:
    """Why the second half does not show a volume counted once."""
    differences = []
    if not 0 < offering.total_gb <= disk_gb:
        differences.append(f'after: {offering.total_gb} GB are offered of '
                           f'{disk_gb} GB')
    for number, got in enumerate(offering.placed, start=1):
        if got is None:
            differences.append(f'after: server {number} was refused')
        elif got.disk_provider == got.node:
            differences.append(f'after: server {number} got its disk from the '
                               f'node, not from the volume')
    if offering.accepting:
        differences.append('after: the third server was accepted on '
                           + ', '.join(offering.accepting))
    return differences
