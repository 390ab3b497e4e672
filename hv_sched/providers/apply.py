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

"""Carry out a plan.

Equal steps of all clusters run in parallel, and the next step begins when
they are done. A cluster whose change failed stops there; the others go on.
Every write carries the generation the plan was made from, or the one our
own last write returned. A fresh one would hide what somebody else wrote in
between: it is taken only after the provider was read again in full and
nothing but its generation differs, as after a claim and its release. So a
busy volume is written between two claims, and need not wait until the whole
cluster was read and planned again.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched import exception
from hv_sched import printable
from hv_sched.parallel import in_parallel
from hv_sched.placement import provider_read
from hv_sched.placement import removal
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import gate
from hv_sched.providers.ensured_names import EnsuredNames
from hv_sched.providers.plan import Plan

LOG = printable.logger(__name__)

OnDone = Callable[[changes.Change], None]
# The name failures of the vocabulary go under: they concern every cluster.
CLOUD = ''
# Of one change, while nothing but the provider's generation differs.
WRITE_ATTEMPTS = 5


@dataclasses.dataclass(frozen=True)
class ApplyOutcome:
    """What became of a plan.

    :param done: the changes that stand
    :param failures: by cluster, the error that stopped it
    """

    done: tuple[changes.Change, ...]
    failures: Mapping[str, exception.HvSchedError]

    @property
    def retriable(self) -> bool:
        return any(isinstance(failure, exception.Retriable)
                   for failure in self.failures.values())


@dataclasses.dataclass(frozen=True)
class _Task:
    cluster: str
    change: changes.Change


class _Writer:
    """Writes changes, keeping each provider's generation.

    A provider has at most one change in a step, so no two threads touch the
    same generation.
    """

    def __init__(self, client: Placement,
                 providers: Mapping[str, Provider],
                 ensured: EnsuredNames) -> None:
        self._client = client
        self._ensured = ensured
        self._providers = dict(providers)

    def write(self, change: changes.Change) -> bool:
        """Whether the change stands; a name may be used again meanwhile.

        :raises PlacementError: as the client does
        :raises Terminal: the change widens and never passed the gate
        """
        gate.check(change)
        for _attempt in range(WRITE_ATTEMPTS - 1):
            try:
                return self._write(change)
            except exception.PlacementConflict:
                if not self._is_as_planned(change):
                    raise
        return self._write(change)

    def _write(self, change: changes.Change) -> bool:
        return _WRITERS[type(change)](self, change) is not False

    def _is_as_planned(self, change: changes.Change) -> bool:
        """Whether nothing but the provider's generation differs."""
        before = self._providers.get(change.uuid)
        now = before and provider_read.read_again(self._client, before)
        if before is None or now is None or now != dataclasses.replace(
                before, generation=now.generation):
            return False
        LOG.debug('Written again at generation %d: %s', now.generation,
                  change)
        self._providers[change.uuid] = now
        return True

    def _ensure_trait(self, change: changes.EnsureTrait) -> None:
        self._ensured.once(change.name, self._client.ensure_trait)

    def _ensure_class(self, change: changes.EnsureResourceClass) -> None:
        self._ensured.once(change.name, self._client.ensure_resource_class)

    def _delete_trait(self, change: changes.DeleteTrait) -> bool:
        try:
            self._client.delete_trait(change.name)
        except exception.PlacementRefused as exc:
            # Somebody uses it again, or was faster: both are fine.
            LOG.debug('Trait %s is not deleted: %s', change.name, exc)
            return False
        return True

    def _create(self, change: changes.CreateProvider) -> None:
        generation = self._client.create_provider(
            change.uuid, change.name, change.parent_uuid)
        self._providers[change.uuid] = Provider(
            change.uuid, change.name, generation, {}, {}, frozenset(),
            frozenset(), change.parent_uuid)

    def _rename(self, change: changes.RenameProvider) -> None:
        self._stands(change.uuid, self._client.rename_provider(
            change.uuid, change.new_name), name=change.new_name)

    def _delete(self, change: changes.DeleteProvider) -> None:
        removal.delete(self._client, change.uuid)

    def _inventories(self, change: changes.SetInventories) -> None:
        self._stands(change.uuid, self._client.set_inventories(
            change.uuid, self._providers[change.uuid].generation,
            change.after), inventories=change.after)

    def _traits(self, change: changes.SetTraits) -> None:
        self._stands(change.uuid, self._client.set_traits(
            change.uuid, self._providers[change.uuid].generation,
            change.after), traits=change.after)

    def _aggregates(self, change: changes.SetAggregates) -> None:
        self._stands(change.uuid, self._client.set_aggregates(
            change.uuid, self._providers[change.uuid].generation,
            change.after), aggregates=change.after)

    def _stands(self, uuid: str, generation: int, **written: Any) -> None:
        self._providers[uuid] = dataclasses.replace(
            self._providers[uuid], generation=generation, **written)


_WRITERS: dict[type, Callable[..., bool | None]] = {
    changes.EnsureTrait: _Writer._ensure_trait,
    changes.EnsureResourceClass: _Writer._ensure_class,
    changes.DeleteTrait: _Writer._delete_trait,
    changes.CreateProvider: _Writer._create,
    changes.RenameProvider: _Writer._rename,
    changes.DeleteProvider: _Writer._delete,
    changes.SetInventories: _Writer._inventories,
    changes.SetTraits: _Writer._traits,
    changes.SetAggregates: _Writer._aggregates,
}


def apply(client: Placement, plan: Plan, providers: Mapping[str, Provider],
          workers: int, on_done: OnDone | None = None,
          ensured: EnsuredNames | None = None) -> ApplyOutcome:
    """Write a plan.

    :param providers: what the plan was made from, for the generations
    :param on_done: called after each change, for progress
    :param ensured: names that need not be made again
    """
    writer = _Writer(client, providers, ensured or EnsuredNames())
    done: list[changes.Change] = []
    failures: dict[str, exception.HvSchedError] = {}

    def run(task: _Task) -> exception.HvSchedError | bool:
        try:
            stands = writer.write(task.change)
        except (exception.PlacementError, exception.Stopping) as exc:
            return exc
        LOG.debug('Done: %s', task.change)
        if on_done:
            on_done(task.change)
        return stands

    for batch in _batches(plan):
        tasks = [task for task in batch if CLOUD not in failures
                 and task.cluster not in failures]
        for task, outcome in zip(tasks, in_parallel(workers, run, tasks),
                                 strict=True):
            if isinstance(outcome, exception.HvSchedError):
                failures.setdefault(task.cluster, outcome)
            elif outcome:
                done.append(task.change)
    return ApplyOutcome(tuple(done), failures)


def _batches(plan: Plan) -> Iterable[list[_Task]]:
    """All clusters' changes, grouped by step, in the order of steps."""
    tasks = [_Task(CLOUD, change)
             for change in (*plan.vocabulary, *plan.cleaning)]
    tasks += [_Task(cluster.cluster, change)
              for cluster in plan.clusters for change in cluster.changes]
    for step in changes.Step:
        batch = [task for task in tasks if task.change.step == step]
        if step == changes.Step.JOIN:
            founders, batch = _founders(batch)
            yield from ([task] for task in founders)
        if batch:
            yield batch


def _founders(batch: Iterable[_Task]) -> tuple[list[_Task], list[_Task]]:
    """Those that bring a new aggregate, and those that join it after them.

    Placement makes an aggregate when a provider first names it; several that
    name it at the same moment deadlock in MySQL (error 1213, answered 500).
    """
    founders: list[_Task] = []
    joiners: list[_Task] = []
    aggregates: set[str] = set()
    for task in batch:
        change = task.change
        assert isinstance(change, changes.SetAggregates)
        new = change.after - change.before - aggregates
        (founders if new else joiners).append(task)
        aggregates |= new
    return founders, joiners
