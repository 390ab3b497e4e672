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

"""What ``csv adopt`` and ``csv retire`` show people: proof first and last.

A table of volumes and nodes with the shares before and after, below it what
is left undone and why, and a last line that says whether the sums agree.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses

from hv_sched import exception
from hv_sched.adopt.plan import AdoptPlan
from hv_sched.adopt.proof import Proof
from hv_sched.adopt.proof import ReturnProof
from hv_sched.notices import Notice
from hv_sched.osc import plan_screen
from hv_sched.placement.names import plain_volume_name
from hv_sched.providers.merged_changes import number_of
from hv_sched.providers.summary import SummaryLine

COLUMNS = ('Cluster', 'Volume/Node', 'Action', 'Shares GB', 'Details')
# An error may come after writes that nobody counted.
BROKEN_OFF = ('Broken off: what was written before the error stands, no share '
              'is lost and nothing is half open.')
Row = tuple[str, str, str, str, str]


@dataclasses.dataclass(frozen=True)
class Account:
    """The shares of a cluster before and after, on volumes or on nodes.

    :param is_proved: whether nothing is missing and nothing has another size
    """

    before_gb: int
    after_gb: int
    is_proved: bool = True


@dataclasses.dataclass(frozen=True)
class Screen:
    """What one cluster comes to.

    :param account: None where nothing was, or would be, moved
    :param lines: what else changes, such as volumes that are published
    """

    rows: tuple[Row, ...] = ()
    account: Account | None = None
    lines: tuple[SummaryLine, ...] = ()


def adopt_plan(plan: AdoptPlan, names: dict[str, str]) -> Screen:
    """What an adopt would do.

    :param names: of nodes, by uuid
    """
    rows: list[Row] = []
    for volume in plan.volumes:
        if volume.arriving_gb or volume.merged_gb:
            rows.append((
                plan.cluster, _volume(volume.name), 'would receive',
                _pair(sum(volume.held_gb.values()), volume.after_gb),
                f'{volume.merged_gb} GB counted on two nodes'
                if volume.merged_gb else ''))
    rows += [(plan.cluster, names[node], 'would give', _pair(used_gb, 0), '')
             for node, used_gb in plan.nodes.items() if used_gb]
    moved_gb = sum(sum(volume.arriving_gb.values()) for volume in plan.volumes)
    return Screen(tuple(rows), Account(moved_gb, moved_gb) if rows else None)


def adopted(cluster: str, proofs: Iterable[Proof],
            lines: tuple[SummaryLine, ...]) -> Screen:
    """What an adopt did."""
    proofs = tuple(proofs)
    rows = tuple((cluster, _volume(proof.volume),
                  'proved' if proof.holds else 'not proved',
                  _pair(proof.before_gb, proof.after_gb),
                  ', '.join(_differences(proof))) for proof in proofs)
    return Screen(rows, Account(
        sum(proof.before_gb for proof in proofs),
        sum(proof.after_gb for proof in proofs),
        all(proof.holds for proof in proofs)) if proofs else None, lines)


def _differences(proof: Proof) -> Iterator[str]:
    for amount_gb, label in (
            (proof.merged_gb, 'counted on two nodes'),
            (proof.gone_gb, 'of deleted servers'),
            (proof.left_gb, 'still on nodes'),
            (proof.arrived_gb, 'of new servers'),
            (proof.changed_gb, 'of servers resized meanwhile')):
        if amount_gb:
            yield f'{amount_gb} GB {label}'
    if proof.differing:
        yield (f'{number_of(len(proof.differing), "share")} of another size')


def retire_plan(cluster: str, volumes_gb: dict[str, int]) -> Screen:
    """What a retire would do.

    :param volumes_gb: what servers hold, by the volume's name
    """
    total_gb = sum(volumes_gb.values())
    return Screen(tuple(
        (cluster, _volume(name), 'would return', _pair(held_gb, 0), '')
        for name, held_gb in sorted(volumes_gb.items())),
        Account(total_gb, total_gb) if volumes_gb else None)


def retired(cluster: str, proof: ReturnProof | None,
            lines: tuple[SummaryLine, ...]) -> Screen:
    """What a retire did."""
    if proof is None:
        return Screen(lines=lines)
    details = [f'{amount_gb} GB {label}' for amount_gb, label in (
        (proof.gone_gb, 'of deleted servers'),
        (proof.left_gb, 'still on volumes')) if amount_gb]
    if proof.differing:
        details.append(
            f'{number_of(len(proof.differing), "share")} of another size')
    return Screen(((
        cluster, 'all volumes', 'proved' if proof.holds else 'not proved',
        _pair(proof.before_gb, proof.after_gb), ', '.join(details)),),
        Account(proof.before_gb, proof.after_gb, proof.holds), lines)


def rows(screens: Iterable[Screen], is_done: bool) -> list[Row]:
    """The table: shares first, then what else changes."""
    screens = tuple(screens)
    return [*(row for screen in screens for row in screen.rows),
            *(_line_row(line, is_done) for screen in screens
              for line in screen.lines)]


def _line_row(line: SummaryLine, is_done: bool) -> Row:
    row = plan_screen.row(line, is_done)
    total = f'{row[3]} GB in total' if row[3] else ''
    return (*row[:3], '', ', '.join(filter(None, (total, row[5]))))


def below(screens: Iterable[Screen], notices: Iterable[Notice],
          failures: Iterable[tuple[str, Exception]], verb: str, dry_run: bool
          ) -> tuple[str, ...]:
    """The lines below the table; the last is the proof.

    :param verb: ``moved to volumes`` or ``returned to nodes``
    """
    notices, failures = tuple(notices), tuple(failures)
    return (*plan_screen.notice_lines(notices),
            *(f'error: {cluster}: {exception.told(failure)}'
              for cluster, failure in failures),
            _last_line(tuple(screens), verb, dry_run, bool(failures))
            + plan_screen.undone_text(notices, len(failures)))


def _last_line(screens: tuple[Screen, ...], verb: str, dry_run: bool,
               is_broken_off: bool) -> str:
    accounts = [screen.account for screen in screens if screen.account]
    before_gb = sum(account.before_gb for account in accounts)
    after_gb = sum(account.after_gb for account in accounts)
    others = plan_screen.counts_text([
        line for screen in screens for line in screen.lines], not dry_run)
    if dry_run:
        parts = [f'{before_gb:,} GB of shares would be {verb}.'
                 ] if accounts else []
        return (' '.join([*parts, *others, 'Nothing was written.'])
                if parts or others else 'Nothing to do.')
    if not accounts:
        return ' '.join(others) or (BROKEN_OFF if is_broken_off
                                    else 'Nothing was written.')
    if not all(account.is_proved for account in accounts):
        return ' '.join([f'NOT PROVED: {before_gb:,} GB of shares before, '
                         f'{after_gb:,} GB after.', *others])
    return ' '.join([f'Proved: {before_gb:,} GB of shares before, '
                     f'{after_gb:,} GB after, {verb}; nothing is missing.',
                     *others])


def _volume(name: str) -> str:
    return plain_volume_name(name).partition('/')[2]


def _pair(before_gb: int, after_gb: int) -> str:
    return f'{before_gb:,} -> {after_gb:,}'
