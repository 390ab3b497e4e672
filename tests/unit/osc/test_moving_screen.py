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

"""Adopt and retire: the proof first and last, dry runs in the future."""

from hv_sched.adopt import proof
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.osc import moving_screen

PROOF = proof.Proof('csv:hvc1/Volume1', 62, 0, 0, 0, 0, 0, 62, ())
BROKEN = proof.Proof('csv:hvc1/Volume1', 62, 0, 0, 0, 0, 0, 60, ('a',))


def last(screens, dry_run=False, notices=()):
    return moving_screen.below(screens, notices, (), 'moved to volumes',
                               dry_run)[-1]


def test_the_proof_is_the_first_row_and_the_last_line():
    screen = moving_screen.adopted('hvc1', (PROOF,), ())
    assert moving_screen.rows([screen], is_done=True) == [
        ('hvc1', 'Volume1', 'proved', '62 -> 62', '')]
    assert last([screen]) == (
        'Proved: 62 GB of shares before, 62 GB after, moved to volumes; '
        'nothing is missing.')


def test_sums_that_differ_are_said_in_capitals():
    screen = moving_screen.adopted('hvc1', (PROOF, BROKEN), ())
    assert [row[2] for row in screen.rows] == ['proved', 'not proved']
    assert '1 share of another size' in screen.rows[1][4]
    assert last([screen]).startswith('NOT PROVED: 124 GB')


def test_what_was_not_moved_is_counted():
    assert last([moving_screen.Screen()], notices=(
        Notice('hvc1', 'a', Kind.SKIPPED, 'it is moving', 'share-skipped'),)
    ) == 'Nothing was written. Left undone: 1 skipped.'


def test_a_dry_run_speaks_of_the_future():
    screen = moving_screen.retire_plan('hvc1', {'csv:hvc1/Volume1': 62})
    assert screen.rows == (
        ('hvc1', 'Volume1', 'would return', '62 -> 0', ''),)
    assert last([screen], dry_run=True) == (
        '62 GB of shares would be moved to volumes. Nothing was written.')
    assert last([], dry_run=True) == 'Nothing to do.'


def test_a_return_is_proved_by_consumer():
    account = proof.prove_return(
        {'a': 10, 'b': 20, 'gone': 5, 'left': 7}, {'a': 10, 'b': 20, 'new': 9},
        {'left': 7})
    assert account.holds
    assert (account.before_gb, account.after_gb) == (42, 30)
    screen = moving_screen.retired('hvc1', account, ())
    assert screen.rows[0][2:] == (
        'proved', '42 -> 30', '5 GB of deleted servers, 7 GB still on volumes')
    assert not proof.prove_return({'a': 10}, {'a': 9}, {}).holds
