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

"""Which of several shares is the copy that is left."""

import pytest

from hv_sched.audit import file_history
from hv_sched.compute.servers import Migration

BOTH, UNKNOWN = file_history.Uncertainty.BOTH, file_history.Uncertainty.UNKNOWN
# Two homes in one cluster, one in another.
PLACES = {'a1': ('A', 'c1'), 'a2': ('A', 'c1'), 'b1': ('B', 'c1'),
          'b2': ('B', 'c1'), 'x1': ('X', 'c2')}
EVERYWHERE = file_history.Place(frozenset('AB'), 'c1')


def place_of(node):
    if node == 'anywhere':
        return EVERYWHERE
    if node not in PLACES:
        return file_history.Place()
    home, cluster = PLACES[node]
    return file_history.Place(frozenset(home), cluster)


def move(kind, status, source, dest):
    return Migration('m', 's', status, dest, source_node=source, kind=kind)


def evacuation(status, dest, source='a1'):
    return move('evacuation', status, source, dest)


def live(dest, source='a1', status='completed'):
    return move('live-migration', status, source, dest)


def cold(dest, status='confirmed', source='a1'):
    return move('migration', status, source, dest)


@pytest.mark.parametrize('history,told', [
    # oldest first
    ([evacuation('failed', 'b1')], 'A'),
    ([evacuation('error', 'b1')], 'A'),
    ([evacuation('failed', 'b1'), evacuation('failed', 'b2')], 'A'),
    ([evacuation('completed', 'b1')], 'B'),
    ([evacuation('done', 'b1')], BOTH),
    # A process died in it, or the server would not stand still.
    ([evacuation('accepted', 'b1')], UNKNOWN),
    # Tried elsewhere, then evacuated on its own volume.
    ([evacuation('failed', 'b1'), evacuation('completed', 'a2')], 'A'),
    # Evacuated to b1, then tried back.
    ([evacuation('completed', 'b1'), evacuation('failed', 'a2', 'b1')], 'B'),
    # Its files are where both failed: nobody knows.
    ([evacuation('failed', 'b1'), evacuation('failed', 'a2')], UNKNOWN),
    # A live migration inside the cluster moves no files, ...
    ([evacuation('failed', 'b1'), live('b1')], 'A'),
    ([evacuation('completed', 'b1'), live('a2', 'b1')], 'B'),
    # ... one out of it does, and one that fails moves nothing.
    ([live('a1', 'x1'), evacuation('failed', 'b1')], 'A'),
    ([evacuation('failed', 'a1'), live('x1'), live('b1', 'x1'),
      evacuation('failed', 'a2', 'b1')], 'B'),
    ([evacuation('failed', 'b1'), live('x1', status='error')], 'A'),
    # The first destination of a cold migration failed.
    ([cold('a2')], 'A'), ([cold('b1')], 'B'),
    ([evacuation('failed', 'b1'), cold('b2', 'reverted')], 'A'),
    # Not knowing is not guessing.
    ([], UNKNOWN), ([live('a2')], UNKNOWN),
    ([evacuation('failed', 'gone')], UNKNOWN),
    ([evacuation('completed', 'gone')], UNKNOWN),
    ([evacuation('completed', None)], UNKNOWN),
    ([evacuation('completed', 'x1')], UNKNOWN),
    ([evacuation('completed', 'anywhere')], UNKNOWN),
    ([evacuation('failed', 'anywhere')], UNKNOWN)])
def test_the_migrations_tell_where_the_files_are(history, told):
    assert file_history.volume_of('AB', reversed(history), place_of,
                                  False) == told


def test_a_source_that_is_gone_for_good_cleans_nothing():
    assert file_history.volume_of('AB', [evacuation('done', 'b1')], place_of,
                                  False, is_waiting=False) == 'B'


def test_a_cold_move_that_keeps_the_disk_moves_no_files():
    history = [cold('b1'), evacuation('failed', 'b2')]
    assert file_history.volume_of('AB', history, place_of, True) == 'A'
    assert file_history.volume_of('AB', history, place_of, False) == 'B'
