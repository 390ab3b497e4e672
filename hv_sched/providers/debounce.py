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

"""A capability that flaps does not flip traits on every pass. Pure.

What closes (a feature that went, a node that pauses, a volume without space)
is written at once. What opens again is written when it was asked for in so
many passes in a row. Only what an earlier pass of the same process took
away, or saw closed and was reported closed, waits: a command that runs once
has no history, and what it sees first counts.
"""

from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched.features import catalogue
from hv_sched.placement import names
from hv_sched.providers import changes
from hv_sched.providers import plan as planning

# Offered when present; RemoteFX goes with inventories, which never wait.
_OFFERS = frozenset((
    *(feature.trait for feature in catalogue.ON_NODE),
    *(catalogue.ha_trait(feature) for feature in catalogue.ON_NODE)))
# Closed, or weighed down, when present.
_CLOSERS = frozenset((*names.CLOSING,
                      *(reason.trait for reason in names.Closed)))
# Other steps take away what is ours as a whole.
_STEPS = (changes.Step.MARK, changes.Step.MARK_NODE)


@dataclasses.dataclass(frozen=True)
class _Wait:
    """:param count: passes in a row that asked to open, last in ``at``"""

    count: int
    at: int


class Debounce:
    """What was closed, and for how long it has asked to open again.

    :param passes: passes in a row it takes to open; 1 opens at once
    """

    def __init__(self, passes: int) -> None:
        self._passes = passes
        self._now = 0
        self._answer: Hashable = None
        self._waits: dict[tuple[str, str], _Wait] = {}

    def start_pass(self, answer: Hashable = None) -> None:
        """A new look at the source begins; plans until the next are one.

        :param answer: tells one answer of the source from the next, such as
            its dates; the same one looked at again counts once. None where
            nothing does: each pass counts
        """
        if answer is not None and answer == self._answer:
            return
        self._answer = answer
        self._now += 1
        self._waits = {key: wait for key, wait in self._waits.items()
                       if wait.count < self._passes}

    def steady(self, plan: planning.Plan,
               standing: Mapping[str, frozenset[str]]) -> planning.Plan:
        """The plan without what has not been asked for often enough.

        :param standing: the traits of what the plan is about, by uuid: what
            it leaves closed was reported closed again
        """
        changed = {change.uuid for change in plan.changes
                   if isinstance(change, changes.SetTraits)}
        for uuid in standing.keys() - changed:
            self._closed(uuid, standing[uuid])
        return dataclasses.replace(plan, clusters=tuple(
            dataclasses.replace(cluster, changes=tuple(
                self._steady(cluster.changes)))
            for cluster in plan.clusters))

    def _steady(self, planned: Iterable[changes.Change]
                ) -> Iterable[changes.Change]:
        for change in planned:
            if (not isinstance(change, changes.SetTraits)
                    or change.step not in _STEPS):
                yield change
                continue
            after = self._after(change)
            if after == change.after:
                yield change
            elif after != change.before:
                yield dataclasses.replace(change, after=after)

    def _after(self, change: changes.SetTraits) -> frozenset[str]:
        gained = change.after - change.before
        lost = change.before - change.after
        self._closed(change.uuid, change.after)
        for trait in lost & _OFFERS:
            self._waits[change.uuid, trait] = _Wait(0, self._now)
        opening = (gained & _OFFERS) | _closers(lost)
        after = change.after ^ {trait for trait in opening
                                if self._must_wait((change.uuid, trait))}
        # A reason that waits keeps the volume closed.
        if names.closed_reasons(after) and names.NO_NEW_DISKS in lost:
            after |= {names.NO_NEW_DISKS}
        return after

    def _closed(self, uuid: str, traits: frozenset[str]) -> None:
        for trait in _closers(traits):
            self._waits[uuid, trait] = _Wait(0, self._now)

    def _must_wait(self, key: tuple[str, str]) -> bool:
        wait = self._waits.get(key)
        if wait is None:
            return False
        if wait.at != self._now:
            in_a_row = wait.at == self._now - 1
            wait = _Wait(wait.count + 1 if in_a_row else 1, self._now)
            self._waits[key] = wait
        return wait.count < self._passes


def _closers(traits: frozenset[str]) -> frozenset[str]:
    """Those that close while they are there."""
    return (traits & _CLOSERS) | {
        trait for trait in traits if trait.startswith(names.CUT_OFF_PREFIX)}
