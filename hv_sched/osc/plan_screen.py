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

"""What ``csv plan`` and ``csv sync`` show people: a summary, and a count.

A table of what changes, volumes before nodes; below it what is left undone
and why, a paragraph each; and what it all comes to.
"""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses

from hv_sched import exception
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement.names import plain_volume_name
from hv_sched.providers.merged_changes import number_of
from hv_sched.providers.summary import Action
from hv_sched.providers.summary import SummaryLine

COLUMNS = ('Cluster', 'Volume/Node', 'Action', 'Total GB', 'Reserved GB',
           'Details')
Row = tuple[str, str, str, str, str, str]
# So many are named; more of them are counted.
_MAX_NAMES = 2
_MAX_NOTES = 3


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a plan would do, or a sync did.

    :param is_done: whether the lines are of things that were written
    :param aggregates: names of Nova's host aggregates that change
    :param failures: by cluster ('' for all), what could not be written
    """

    lines: tuple[SummaryLine, ...]
    notices: tuple[Notice, ...]
    is_done: bool = False
    aggregates: tuple[str, ...] = ()
    failures: tuple[tuple[str, Exception], ...] = ()


def rows(outcome: Outcome) -> list[Row]:
    """The table of what changes."""
    return [*(row(line, outcome.is_done) for line in outcome.lines),
            *(('(all)', name, _verb(Action.CHANGE, outcome.is_done), '', '',
               'host aggregate of Nova') for name in outcome.aggregates)]


def below(outcome: Outcome) -> tuple[str, ...]:
    """The lines below the table; the last says what it comes to."""
    return (*notice_lines(outcome.notices),
            *(f'error: {cluster or "all clusters"}: '
              f'{exception.told(failure)}' for cluster, failure in sorted(
                  outcome.failures, key=lambda failure: failure[0])),
            _last_line(outcome))


def row(line: SummaryLine, is_done: bool) -> Row:
    """A line of the table."""
    return (line.cluster or '(all)', _subject(line),
            _verb(line.action, is_done), _pair(*line.total_gb),
            _pair(*line.reserved_gb), ', '.join(line.details))


def _verb(action: Action, is_done: bool) -> str:
    return action.participle if is_done else action.infinitive


def _subject(line: SummaryLine) -> str:
    if len(line.subjects) > _MAX_NAMES or line.noun == 'name':
        return number_of(len(line.subjects), line.noun)
    return ', '.join(line.subjects)


def _pair(before: int | None, after: int | None) -> str:
    """``500`` of what stays or is new, ``500 -> 700`` of what changes."""
    if before is None or before == after:
        return '' if after is None else f'{after:,}'
    return f'{before:,} -> {after or 0:,}'


def notice_lines(notices: Iterable[Notice]) -> Iterator[str]:
    """What is left undone and why, a line each kind and text."""
    grouped: dict[tuple[str, Kind, str], list[Notice]] = {}
    for notice in notices:
        grouped.setdefault((notice.cluster, notice.kind, notice.code),
                           []).append(notice)
    for (cluster, kind, _code), group in grouped.items():
        for subjects, message in _messages(kind, group):
            place = ('' if not cluster or subjects.startswith(cluster)
                     else f'{cluster}: ')
            yield f'{kind.value}: {place}{subjects}: {message}'


def _messages(kind: Kind, group: list[Notice]) -> Iterator[tuple[str, str]]:
    """Equal messages once; of many notes of one kind the first."""
    subjects: dict[str, list[str]] = {}
    for notice in group:
        subjects.setdefault(notice.message, []).append(
            plain_volume_name(notice.subject))
    if kind is Kind.NOTE and len(subjects) > _MAX_NOTES:
        first = next(iter(subjects))
        yield (f'{subjects[first][0]} and {len(group) - 1} others',
               f'{first} (--long shows the others)')
        return
    for message, names in subjects.items():
        yield (', '.join(names) if len(names) <= _MAX_NAMES
               else f'{names[0]} and {len(names) - 1} others', message)


def counts_text(lines: Iterable[SummaryLine], is_done: bool) -> list[str]:
    """A sentence that counts what changes; none when nothing does."""
    counts = list(_counts(Outcome(tuple(lines), (), is_done)))
    return [', '.join(counts) + '.'] if counts else []


def _last_line(outcome: Outcome) -> str:
    """What it all comes to, in one line."""
    parts = list(_counts(outcome))
    text = 'Nothing to do.'
    if parts:
        text = f'{", ".join(parts)}{_counted_once(outcome.lines)}.'
    return text + undone_text(outcome.notices, len(outcome.failures))


def undone_text(notices: Iterable[Notice], errors: int) -> str:
    """How much is left undone; empty when nothing is."""
    kinds = collections.Counter(notice.kind for notice in notices)
    undone = [f'{kinds[kind]} {label}' for kind, label in _LABELS.items()
              if kinds[kind]]
    if errors:
        undone.append(number_of(errors, 'error'))
    return f' Left undone: {", ".join(undone)}.' if undone else ''


_LABELS = {Kind.ADOPT: 'to adopt first', Kind.REFUSED: 'refused',
           Kind.SKIPPED: 'skipped', Kind.FROZEN: 'frozen'}


def _counts(outcome: Outcome) -> Iterator[str]:
    """``4 volumes to publish``, or ``4 volumes published``."""
    by_action: dict[tuple[str, Action], set[tuple[str, str]]] = {}
    for line in outcome.lines:
        action = _main_action(line)
        by_action.setdefault((line.noun, action), set()).update(
            (line.cluster, subject) for subject in line.subjects)
    settled = by_action.get(('node', Action.CLOSE), set()) | by_action.get(
        ('node', Action.OPEN), set())
    if ('node', Action.CHANGE) in by_action:
        by_action['node', Action.CHANGE] -= settled
    if any(noun != 'name' for noun, _action in by_action):
        by_action = {key: value for key, value in by_action.items()
                     if key[0] != 'name'}
    for (noun, action), subjects in sorted(
            by_action.items(), key=lambda item: _order(*item[0])):
        if subjects:
            yield _count(len(subjects), noun, action, outcome.is_done)
    if outcome.aggregates:
        yield _count(len(outcome.aggregates), 'host aggregate',
                     Action.CHANGE, outcome.is_done)


def _main_action(line: SummaryLine) -> Action:
    """Nodes are closed, opened or just changed."""
    if line.noun == 'node' and line.action not in (Action.CLOSE, Action.OPEN):
        return Action.CHANGE
    return line.action


def _order(noun: str, action: Action) -> tuple[bool, int]:
    return noun != 'volume', list(Action).index(action)


def _count(count: int, noun: str, action: Action, is_done: bool) -> str:
    verb = action.participle if is_done else f'to {action.infinitive}'
    return f'{number_of(count, noun)} {verb}'


def _counted_once(lines: Iterable[SummaryLine]) -> str:
    """The point of it: each volume counted once, not once a node."""
    totals_gb = collections.Counter({Action.PUBLISH: 0, Action.CLOSE: 0})
    for line in lines:
        if line.action is Action.PUBLISH:
            totals_gb[Action.PUBLISH] += line.total_gb[1] or 0
        elif line.action is Action.CLOSE:
            totals_gb[Action.CLOSE] += line.total_gb[0] or 0
    if not all(totals_gb.values()) or len(set(totals_gb.values())) == 1:
        return ''
    return (f': {totals_gb[Action.PUBLISH]:,} GB counted once instead of '
            f'{totals_gb[Action.CLOSE]:,}')
