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

"""Asks Placement how many servers of a kind fit, in bulk.

The query is that of ``csv explain``. What Placement offers and the filters
leave is counted; max_unit, min_unit, step_size, traits and aggregates are
Placement's own judgement and cannot change from one server to the next.
"""

from collections.abc import Iterable
import dataclasses

from hv_sched import exception
from hv_sched.capacity import offer as offers
from hv_sched.capacity import rows
from hv_sched.capacity import shortage
from hv_sched.capacity.rows import Row
from hv_sched.explain import constraints
from hv_sched.explain import oracle
from hv_sched.explain.constraints import Constraint
from hv_sched.explain.explanation import Context
from hv_sched.placement import names
from hv_sched.placement import node_capacity
from hv_sched.placement.client import Placement
from hv_sched.query.build import BuiltQuery
from hv_sched.snapshot import volumes

_NO_AMOUNT = ('it takes no VCPU, memory, disk or other resource, so that '
              'Placement limits the number of such servers by nothing, and '
              'Nova cannot place any: give the flavor an amount')


@dataclasses.dataclass(frozen=True)
class Capacity:
    """:param rows: the sum first
    :param query: as it reached Placement
    """

    rows: tuple[Row, ...]
    query: str

    @property
    def total(self) -> Row:
        return self.rows[0]


def read(placement: Placement, built: BuiltQuery, context: Context,
         workers: int) -> Capacity:
    """Four requests, and one or two a condition where a node takes none.

    :raises InvalidConfig: the kind takes nothing
    :raises PlacementError: Placement does not answer
    """
    query = 'GET ' + built.request.url()
    if built.refused:
        return Capacity(rows.none(built.refused), query)
    if not any(group.resources for group in built.request.groups.values()):
        raise exception.InvalidConfig(_NO_AMOUNT)
    questions = oracle.Oracle(
        placement, built.request, context.nodes, frozenset().union(*(
            volume.traits for volume in context.snapshot.volumes.values())))
    answer = questions.whole_answer()
    if answer.refusal:
        return Capacity(rows.none((
            f'Placement refuses the query: {answer.refusal}',)), query)
    offer = offers.of(answer.by_host, answer.summaries, context.snapshot)
    return Capacity(rows.of(rows.Situation(
        offer, context.snapshot, _reported(offer, context),
        node_capacity.read(placement, workers), _amounts(built),
        _missing(questions, built, context, offer))), query)


def _reported(offer: offers.Offer, context: Context) -> dict[str, str]:
    """The nodes of clusters, and others that take servers."""
    return {uuid: name for uuid, name in context.nodes.items()
            if uuid in context.snapshot.nodes or uuid in offer.hosts}


def _amounts(built: BuiltQuery) -> dict[str, int]:
    """What one server takes of each class, in all groups."""
    classes = {resource_class for group in built.request.groups.values()
               for resource_class in group.resources}
    return {rc: built.request.amount(rc) for rc in classes}


def _missing(questions: oracle.Oracle, built: BuiltQuery, context: Context,
             offer: offers.Offer) -> dict[str, str]:
    """Why nodes take none: the first condition that they do not meet."""
    lacking = {uuid for uuid in context.nodes if uuid not in offer.hosts
               and uuid not in offer.refused}
    if offer.hosts:
        lacking &= context.snapshot.nodes.keys()
    unmet = _unmet(questions, constraints.of(built, context.places), lacking)
    return {**offer.refused, **{
        uuid: _refined(shortage.of_constraint(constraint), uuid, built,
                       context.snapshot)
        for uuid, constraint in unmet.items()}}


def _unmet(questions: oracle.Oracle, conditions: list[Constraint],
           nodes: Iterable[str]) -> dict[str, Constraint]:
    """As ``explain`` narrows hosts down, one condition after the other."""
    unmet: dict[str, Constraint] = {}
    undecided = set(nodes)
    for number, condition in enumerate(conditions, 1):
        if not undecided:
            break
        met = questions.hosts(constraints.atoms(conditions[:number]))
        unmet.update(dict.fromkeys(undecided - met, condition))
        undecided &= met
    return unmet


def _refined(reason: str, node: str, built: BuiltQuery,
             snapshot: volumes.Snapshot) -> str:
    """Where a volume has the room, its inventory does not give it."""
    disk_gb = built.request.amount(names.DISK_GB)
    homes = [snapshot.volumes[uuid] for uuid in snapshot.homes.get(node, ())
             if uuid in snapshot.volumes]
    if reason == shortage.of_class(names.DISK_GB) and any(
            home.room_gb >= disk_gb for home in homes):
        return 'disk (max_unit, min_unit or step_size)'
    return reason
