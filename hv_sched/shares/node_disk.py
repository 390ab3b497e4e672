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


"""Close and open nodes' own disks while shares leave or come back.

Each write starts from a fresh read: what is written depends on nothing but
what is allocated at that generation, so a lost race is tried again.

Shares and the ratio that fits what is left of them are written in one
transaction: a node that is narrowed first is over its capacity until its
shares are gone, and Placement before 14 then refuses moves of its servers
(bug 2104040); one that is narrowed afterwards is open until then.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from hv_sched import exception
from hv_sched import printable
from hv_sched.placement import disk_ratio
from hv_sched.placement import names
from hv_sched.placement import retry
from hv_sched.placement.client import Placement
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import changes
from hv_sched.providers import gate
from hv_sched.shares.rewrite import Move

LOG = printable.logger(__name__)
# A generation, and the inventories to write at it.
Inventories = tuple[int, Mapping[str, Inventory]]
ATTEMPTS = 10  # a busy node changes between our read and our write


class UsesVolume(exception.PlacementRefused):
    """A node is in the home of a volume, so its own disk is not opened."""


class NodeDisks:
    """The DISK_GB of a cluster's nodes.

    :param homes: aggregates of volumes: a node in one of them is not opened,
        or its own disk and the volume would be offered together
    """

    def __init__(self, client: Placement, nodes: Sequence[str],
                 homes: Iterable[str] = ()) -> None:
        self._client = client
        self._homes = frozenset(homes)
        self._nodes = frozenset(nodes)
        self._may_reshape = True
        self._named: set[str] = set()  # traits that were made already

    def remember(self, node: str) -> None:
        """Keep the ratio as a trait, unless one is kept already."""
        def attempt() -> None:
            generation, traits = self._client.traits(node)
            at, inventories = self._client.inventories(node)
            if (disk_ratio.remembers_former(traits)
                    or names.DISK_GB not in inventories):
                return
            if at != generation:
                raise exception.PlacementConflict(f'{node} changed')
            trait = disk_ratio.former_trait(
                inventories[names.DISK_GB].allocation_ratio)
            self._ensure({trait})
            self._client.set_traits(node, generation, traits | {trait})
        self._on_conflict(attempt)

    def fit(self, node: str, leaving_gb: int = 0) -> None:
        """Leave no room beside what is allocated, or is about to be.

        :param leaving_gb: what the next request takes away; negative for
            what it brings
        """
        def attempt() -> None:
            fitted = self._fitted(node, leaving_gb)
            if fitted is not None:
                self._client.set_inventories(node, *fitted)
        self._on_conflict(attempt)

    def _fitted(self, node: str, leaving_gb: int) -> Inventories | None:
        """What to write of a node; None when it is right as it is.

        :raises PlacementConflict: it changed while it was read
        :raises UsesVolume: it would be opened
        """
        traits = self._client.traits(node)[1]
        generation, used = self._client.usages(node)
        inventories = self._inventories(node, generation)
        disk = inventories.get(names.DISK_GB)
        if disk is None or _stays(disk, traits, leaving_gb):
            return None
        if leaving_gb < 0:
            self._require_no_home(node, generation)
        return _with_ratio(generation, inventories, disk_ratio.fitting_ratio(
            disk, used.get(names.DISK_GB, 0) - leaving_gb,
            disk_ratio.former_ratio(traits)))

    def restore(self, node: str, evidence: gate.Evidence,
                ratio: float | None = None) -> None:
        """The ratio from before closing; nothing when none is remembered.

        :param evidence: what speaks for opening the node's own disk
        :raises Terminal: it does not suffice
        :raises UsesVolume: it stays closed
        """
        gate.require(changes.Widening.OPEN_NODE, evidence)

        def attempt() -> None:
            generation, traits = self._client.traits(node)
            inventories = self._inventories(node, generation)
            self._require_no_home(node, generation)
            if names.DISK_GB in inventories and (
                    ratio or disk_ratio.remembers_former(traits)):
                self._set(node, generation, inventories,
                          ratio or disk_ratio.former_ratio(traits))
        self._on_conflict(attempt)

    def _require_no_home(self, node: str, generation: int) -> None:
        """:raises UsesVolume: it stays closed
        :raises PlacementConflict: it changed while it was read
        """
        if not self._homes:
            return
        at, aggregates = self._client.aggregates(node)
        if at != generation:
            raise exception.PlacementConflict(f'{node} changed')
        if aggregates & self._homes:
            raise UsesVolume(
                f'node {node} uses a volume of its cluster again, so its own '
                'disk stays closed')

    def mark_adopted(self, node: str, marks: frozenset[str]) -> None:
        """Closed and done: what is left on it stays as it is.

        :param marks: the traits that say so
        """
        def attempt() -> None:
            generation, traits = self._client.traits(node)
            self._ensure(marks - traits)
            if not marks <= traits:
                self._client.set_traits(node, generation, traits | marks)
        self._on_conflict(attempt)

    def close(self, node: str) -> None:
        """Leave no whole GiB, whatever is allocated on it."""
        def attempt() -> None:
            generation, inventories = self._client.inventories(node)
            if names.DISK_GB in inventories:
                self._set(node, generation, inventories,
                          disk_ratio.closed_ratio(
                              inventories[names.DISK_GB].total))
        self._on_conflict(attempt)

    def write(self, moves: Sequence[Move]) -> None:
        """Write moves, and fit every node to what they leave on it.

        Where the policy forbids that in one request, the nodes are narrowed
        before it: never emptier than they are closed.

        :raises PlacementConflict: somebody wrote one of them meanwhile
        :raises PlacementRefused: some provider has no room
        """
        leaving_by_node = {
            node: gb for node in sorted(self._nodes)
            if (gb := sum(move.leaving_gb(node) for move in moves))}
        if self._may_reshape:
            try:
                return self._write_together(moves, leaving_by_node)
            except exception.PlacementDenied as exc:
                LOG.info('Ratios are written before the shares: %s', exc)
                self._may_reshape = False
        for node, leaving_gb in leaving_by_node.items():
            self.fit(node, leaving_gb)
        self._client.write_consumers(move.after for move in moves)

    def _write_together(self, moves: Sequence[Move],
                        leaving_by_node: Mapping[str, int]) -> None:
        fitted = {
            node: inventories for node, leaving_gb in leaving_by_node.items()
            if (inventories := self._fitted(node, leaving_gb)) is not None}
        after = [move.after for move in moves]
        if fitted:
            self._client.reshape(fitted, after)
        else:
            self._client.write_consumers(after)

    def _ensure(self, traits: Collection[str]) -> None:
        """Make names, once for all nodes."""
        for trait in sorted(set(traits) - self._named):
            self._client.ensure_trait(trait)
            self._named.add(trait)

    def _on_conflict(self, attempt: Callable[[], None]) -> None:
        """:raises PlacementConflict: others were faster each time"""
        def attempt_anew() -> None:
            try:
                attempt()
            except exception.PlacementConflict:
                self._named.clear()  # one may have been deleted
                raise
        retry.on_conflict("write a node's own disk", ATTEMPTS)(attempt_anew)

    def _inventories(self, node: str, generation: int
                     ) -> Mapping[str, Inventory]:
        """:raises PlacementConflict: they are of another generation"""
        at, inventories = self._client.inventories(node)
        if at != generation:
            raise exception.PlacementConflict(f'{node} changed')
        return inventories

    def _set(self, node: str, generation: int,
             inventories: Mapping[str, Inventory], ratio: float) -> None:
        fitted = _with_ratio(generation, inventories, ratio)
        if fitted is not None:
            self._client.set_inventories(node, *fitted)


def _with_ratio(generation: int, inventories: Mapping[str, Inventory],
                ratio: float) -> Inventories | None:
    """Inventories with another DISK_GB ratio; None when it is the same."""
    disk = dataclasses.replace(inventories[names.DISK_GB],
                               allocation_ratio=ratio)
    if disk.is_same(inventories[names.DISK_GB]):
        return None
    return generation, {**inventories, names.DISK_GB: disk}


def _stays(inventory: Inventory, traits: Collection[str],
           leaving_gb: int) -> bool:
    """Whether a node's ratio is right as it is.

    An adopted node stays closed, whatever is left on it. A node whose own
    disk is open and that remembers no ratio is not ours to narrow.
    """
    is_open = disk_ratio.is_open(inventory)
    if leaving_gb >= 0:
        return names.is_clustered(traits) and not is_open
    return is_open and not disk_ratio.remembers_former(traits)
