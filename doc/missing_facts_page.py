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

"""The page of missing facts: what Placement does without each of them."""

from collections.abc import Iterable
from collections.abc import Iterator
import pathlib

from doc import missing_facts
from doc import rst
from doc.missing_facts import Start
from doc.missing_facts import Way
from hv_sched.notices import Kind
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import changes
from hv_sched.providers import plan as planning
from hv_sched.sources import reference

PAGE = pathlib.Path(__file__).parent / 'source/reference/missing-facts.rst'
INTRODUCTION = """\
=============
Missing facts
=============

.. This page is written by python -m doc.generate.

A source may omit a fact, fail to collect it, deliver it late, or contain a
value that cannot be read. None of this opens, grows or withdraws anything:
what stands in Placement is kept, and some things close. The table has every
fact of :doc:`source` and what a sync changes in Placement without it.

The cells are computed. A complete source is synced to a Placement in memory:
one cluster, two nodes (``hv01``, ``hv02``), two volumes that are their homes
(``Volume1``, ``Volume2``) and a server on ``Volume1``. Then one fact of the
cluster, ``hv01``, ``Volume1`` or the server is removed or damaged; the cell is
what the next sync would change. A unit test plans all cells again and fails if
one of them offers more than before. It does the same from a source in which
``hv01`` is paused and ``Volume1`` is failed, nearly full, in maintenance,
closed by the operator and cut off from ``hv02``: nothing of that opens.

absent
  The field is left out.
failed
  The section that the fact belongs to has an ``error``. A dash here and under
  *stale*: the fact belongs to no section.
stale
  The section was collected two hours ago; ``[hv_sched]stale_after`` is one
  hour.
odd
  There is a mapping where the value should be.
kept
  Nothing changes. The codes of the notices are in parentheses (:doc:`/audit`
  lists them); without a code there is no notice.
cluster kept
  Nothing of the cluster changes, whatever else the source contains about it.
file not used
  The source has no other file, so a sync ends with an error and changes
  nothing.
"""
_HEAD = ('Fact', *(way.value for way in Way))


def page() -> str:
    return '\n'.join((INTRODUCTION, *rst.table(_HEAD, _body()))
                     ).rstrip() + '\n'


def _body() -> Iterator[Iterable[str]]:
    for field in missing_facts.rows():
        yield f'``{field.path}``', *(_cell(field, way) for way in Way)


def _cell(field: reference.Field, way: Way) -> str:
    if way not in missing_facts.ways(field.path):
        return '–'
    plan = missing_facts.planned(Start.HEALTHY, missing_facts.spoiled(
        Start.HEALTHY, field.path, way))
    if plan is None:
        return 'file not used'
    is_frozen = any(notice.kind is Kind.FROZEN for notice in plan.all_findings)
    effects = '; '.join(_effects(plan)) or (
        'cluster kept' if is_frozen else 'kept')
    codes = ', '.join(f'``{code}``' for code in sorted({
        notice.code for notice in plan.all_findings}))
    return f'{effects} ({codes})' if codes else effects


def _effects(plan: planning.Plan) -> Iterator[str]:
    """What a plan changes, each effect with all it happens to."""
    subjects: dict[str, list[str]] = {}
    for cluster in plan.clusters:
        for change in cluster.changes:
            for effect in _of(change):
                subjects.setdefault(effect, []).append(
                    names.plain_volume_name(change.name).rpartition('/')[2])
    for effect, changed in subjects.items():
        yield f'{", ".join(dict.fromkeys(changed))}: {effect}'


def _of(change: changes.Change) -> Iterator[str]:
    if isinstance(change, changes.SetTraits):
        yield from _of_traits(change)
    elif isinstance(change, changes.SetAggregates):
        yield from _of_aggregates(change)
    else:
        for sign, what, old, new in change.lines:
            yield f'{what} {old} → {new}' if sign == '~' else f'{sign} {what}'


def _of_traits(change: changes.SetTraits) -> Iterator[str]:
    gained = change.after - change.before
    lost = change.before - change.after
    closed_for = [reason.name for reason in names.Closed
                  if reason.trait in gained]
    if closed_for:
        yield f'closed ({", ".join(closed_for)})'
    if names.PAUSED in gained:
        yield 'nothing new'
    yield from (f'gains {_trait(trait)}' for trait in sorted(
        gained - {names.NO_NEW_DISKS, names.PAUSED,
                  *(reason.trait for reason in names.Closed)}))
    yield from (f'loses {_trait(trait)}' for trait in sorted(lost))


def _trait(trait: str) -> str:
    """A trait; of one that ends in a uuid, what it begins with."""
    prefixes = (names.HOME_PREFIX, names.CUT_OFF_PREFIX, names.IMAGE_PREFIX,
                names.DISK_PREFIX, names.RESOURCE_PREFIX)
    beginning = next((prefix for prefix in prefixes
                      if trait.startswith(prefix)), None)
    return f'``{beginning}…``' if beginning else f'``{trait}``'


def _of_aggregates(change: changes.SetAggregates) -> Iterator[str]:
    homes = {ids.home_aggregate(uuid) for uuid in missing_facts.volumes()}
    if (change.before - change.after) & homes:
        yield 'leaves its home'
    if change.after - change.before:
        yield 'joins an aggregate'
    if change.before - change.after - homes:
        yield 'leaves its cluster'
