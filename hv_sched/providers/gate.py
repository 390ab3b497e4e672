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

"""The gate for widening writes: one function that all of them pass. Pure.

A write widens when more can be placed after it than before: a volume or node
is published, joins, grows, opens again, gains a feature, gives its own disk
back or is withdrawn. Absence is not permission: each kind needs its evidence,
and without it what stands is kept. What closes or takes away passes freely.

A change that passed carries the kinds it was granted; ``apply`` writes no
change that widens without them.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched import exception
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import changes
from hv_sched.providers.changes import Widening


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What speaks for a write; by default nothing does.

    :param is_told: the fact itself is stated, in a complete and fresh section
    :param disks_closed: the own disks of the nodes concerned are closed, or
        will be before this is written
    :param identity_clear: neither the volume nor its nodes stand under
        another cluster
    :param size_agrees: with what the nodes report whose home it is
    :param is_allowed: an operator asked for exactly this: by ``--allow``,
        ``csv retire`` or an option
    :param held_gb: of the cluster's volumes, held by servers concerned
    :param is_closed: the volume is closed as over-committed, or is with it
    """

    is_told: bool = False
    disks_closed: bool = False
    identity_clear: bool = False
    size_agrees: bool = False
    is_allowed: bool = False
    held_gb: int = 0
    is_closed: bool = False


def _published(evidence: Evidence) -> str:
    if not evidence.identity_clear:
        return 'it belongs to another cluster'
    if not evidence.disks_closed:
        return 'the own disk of a node that uses it is open'
    return _told(evidence)


def _told(evidence: Evidence) -> str:
    return '' if evidence.is_told else 'the source does not say so'


def _grown(evidence: Evidence) -> str:
    if not evidence.size_agrees:
        return 'the nodes whose home it is report another size'
    return _told(evidence)


def _taken_back(evidence: Evidence) -> str:
    if evidence.held_gb:
        return f'servers hold {evidence.held_gb} GB'
    return '' if evidence.is_allowed else 'it was not asked for'


def _raised(evidence: Evidence) -> str:
    if evidence.is_allowed or evidence.is_closed:
        return ''
    return 'the volume is not closed'


_RULES: Mapping[Widening, Callable[[Evidence], str]] = {
    Widening.PUBLISH: _published,
    Widening.JOIN: _published,
    Widening.GROW: _grown,
    Widening.RESERVED_DOWN: _told,
    Widening.REOPEN: _told,
    Widening.FEATURE: _told,
    Widening.OPEN_NODE: _taken_back,
    Widening.WITHDRAW: _taken_back,
    Widening.RATIO_UP: _raised,
}


def refusal(widening: Widening, evidence: Evidence) -> str:
    """Why a write of this kind must not be made; empty when it may."""
    return _RULES[widening](evidence)


def require(widening: Widening, evidence: Evidence) -> None:
    """For writers that apply no plan.

    :raises Terminal: the evidence does not suffice
    """
    reason = refusal(widening, evidence)
    if reason:
        raise exception.Terminal(f'{widening.value} is refused: {reason}')


def admit(change: changes.Change, evidence: Evidence
          ) -> tuple[changes.Change | None, tuple[str, ...]]:
    """What of a change may be written, marked; and why the rest may not.

    :returns: None when nothing is left of it
    """
    kinds = widenings(change)
    refused = {kind: reason for kind in kinds
               if (reason := refusal(kind, evidence))}
    if refused:
        narrower = _without(change, frozenset(refused))
        if narrower is None:
            return None, tuple(refused.values())
        change = narrower
    return (dataclasses.replace(change, granted=kinds - refused.keys()),
            tuple(refused.values()))


def admit_all(planned: Iterable[changes.Change],
              evidence_of: Callable[[changes.Change], Evidence]
              ) -> list[changes.Change]:
    """What of the changes may be written, in their order."""
    admitted = (admit(change, evidence_of(change))[0] for change in planned)
    return [change for change in admitted if change is not None]


def check(change: changes.Change) -> None:
    """Whether a change passed the gate, as far as it had to.

    :raises Terminal: it did not; only a mistake in a planner leads here
    """
    missing = widenings(change) - change.granted
    if missing:
        raise exception.Terminal(
            f'{change.name}: not written, for it would '
            f'{", ".join(sorted(kind.value for kind in missing))} and nothing '
            'allows that')


def widenings(change: changes.Change) -> frozenset[Widening]:
    """The ways in which more can be placed after a change."""
    if isinstance(change, changes.SetInventories):
        return frozenset(_of_inventories(change))
    if isinstance(change, changes.SetTraits):
        return frozenset(_of_traits(change.before, change.after))
    if isinstance(change, changes.SetAggregates):
        return frozenset(_of_aggregates(change))
    if isinstance(change, changes.DeleteProvider):
        return frozenset((Widening.WITHDRAW,))
    return frozenset()


def _of_inventories(change: changes.SetInventories) -> Iterable[Widening]:
    is_node = (names.HELD_DISK_GB not in change.after
               and names.DISK_GB in change.after)
    for rc, after in change.after.items():
        before = change.before.get(rc)
        if rc == names.HELD_DISK_GB or before == after:
            continue  # escrow never bounds anything
        if is_node:
            if before is None or after.capacity > before.capacity or (
                    after.max_unit > before.max_unit):
                yield Widening.OPEN_NODE
        elif before is None:
            yield Widening.GROW
        else:
            yield from _of_volume(before, after)


def _of_volume(before: Inventory, after: Inventory) -> Iterable[Widening]:
    if after.total > before.total or after.max_unit > before.max_unit:
        yield Widening.GROW
    if after.reserved < before.reserved:
        yield Widening.RESERVED_DOWN
    if after.allocation_ratio > before.allocation_ratio and (
            not after.has_ratio_of(before)):
        yield Widening.RATIO_UP


def _of_traits(before: frozenset[str], after: frozenset[str]
               ) -> Iterable[Widening]:
    gained, lost = after - before, before - after
    if names.SHARING in gained:
        yield Widening.PUBLISH
    if any(_closes(trait) for trait in lost):
        yield Widening.REOPEN
    if names.is_clustered(before) and not names.is_clustered(after):
        yield Widening.OPEN_NODE
    if any(_offers(trait) for trait in gained):
        yield Widening.FEATURE


def _closes(trait: str) -> bool:
    return trait in names.CLOSING or trait.startswith(
        (names.CLOSED_PREFIX, names.CUT_OFF_PREFIX))


def _offers(trait: str) -> bool:
    """Whether a server may be placed because of the trait."""
    return not (trait in _MARKS or _closes(trait)
                or trait.startswith(_MARK_PREFIXES))


# They say whose a provider is, or what it was, and admit no server.
_MARKS = frozenset((names.SHARING, names.VOLUME, *names.CLUSTERED_MARKS,
                    names.OTHER_HYPERVISOR, names.CPU_MANAGED))
_MARK_PREFIXES = (*names.HOME_PREFIXES, names.DISK_PREFIX,
                  names.RESOURCE_PREFIX, names.RESERVE_PREFIX,
                  names.FLOOR_PERCENT_PREFIX, names.FLOOR_GB_PREFIX,
                  names.UNCOVERED_PREFIX,
                  names.FORMER_RATIO_PREFIX, names.OVERCOMMITTED_PREFIX)


def _of_aggregates(change: changes.SetAggregates) -> Iterable[Widening]:
    if change.after - change.before:
        yield (Widening.PUBLISH if change.step == changes.Step.PUBLISH
               else Widening.JOIN)
    lost = change.before - change.after
    if ids.home_aggregate(change.uuid) in lost:
        yield Widening.WITHDRAW
    elif lost and change.step == changes.Step.LEAVE_CLUSTER:
        yield Widening.OPEN_NODE


def _without(change: changes.Change, refused: frozenset[Widening]
             ) -> changes.Change | None:
    """The change without what was refused; None when nothing is left."""
    if isinstance(change, changes.SetInventories):
        after = {rc: inventory for rc, wide in change.after.items()
                 if (inventory := _narrowed(
                     change.before.get(rc), wide, refused)) is not None}
        return (None if after == dict(change.before)
                else dataclasses.replace(change, after=after))
    if isinstance(change, changes.SetTraits):
        return _kept(change, _narrowed_traits(change, refused))
    if isinstance(change, changes.SetAggregates):
        return _kept(change, _narrowed_aggregates(change, refused))
    return None


def _kept(change: changes.SetTraits | changes.SetAggregates,
          after: frozenset[str]) -> changes.Change | None:
    return (None if after == change.before
            else dataclasses.replace(change, after=after))


def _narrowed(before: Inventory | None, after: Inventory,
              refused: frozenset[Widening]) -> Inventory | None:
    if before is None:
        return None if refused & {
            Widening.GROW, Widening.OPEN_NODE} else after
    if Widening.GROW in refused:
        after = dataclasses.replace(
            after, total=min(after.total, before.total),
            max_unit=min(after.max_unit, before.max_unit))
    if Widening.RESERVED_DOWN in refused:
        after = dataclasses.replace(
            after, reserved=max(after.reserved, before.reserved))
    if Widening.OPEN_NODE in refused:
        return before
    if Widening.RATIO_UP in refused:
        after = dataclasses.replace(after, allocation_ratio=min(
            after.allocation_ratio, before.allocation_ratio))
    return after


def _narrowed_traits(change: changes.SetTraits,
                     refused: frozenset[Widening]) -> frozenset[str]:
    gained = change.after - change.before
    lost = change.before - change.after
    after = change.after
    if Widening.PUBLISH in refused:
        after -= {names.SHARING}
    if Widening.REOPEN in refused:
        after |= {trait for trait in lost if _closes(trait)}
    if Widening.OPEN_NODE in refused:
        after |= {trait for trait in lost if trait in names.CLUSTERED_MARKS}
    if Widening.FEATURE in refused:
        after -= {trait for trait in gained if _offers(trait)}
    return after


def _narrowed_aggregates(change: changes.SetAggregates,
                         refused: frozenset[Widening]) -> frozenset[str]:
    after = change.after
    if refused & {Widening.PUBLISH, Widening.JOIN}:
        after &= change.before
    if refused & {Widening.WITHDRAW, Widening.OPEN_NODE}:
        after |= change.before
    return after
