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

"""Commands in any order, killed anywhere, beside moves in flight.

``pytest -m long`` of this file walks HV_SCHED_EXAMPLES (100) longer ones from
a seed that it prints, and HV_SCHED_SEED walks them again. Random walks seldom
come to the end of a move or of a node, so two are told.
"""

import os
import random

import pytest

from tests import walk_record
from tests.chaos import placement_rows
from tests.functional import operator_walk


@pytest.fixture
def walk():
    """One that is adopted and is told what happens step by step."""
    made = operator_walk.Walk()
    made.start(foreign_gb=(12, 30), sizes_gb=[80, 60, 40], adopts=True)
    yield made
    made.teardown()


def test_escrow_of_a_move_that_fails_beside_retire(walk):
    """What moves is left, what is escrow then is given back as a share."""
    for pick in (0, 1):
        walk.begin_move(pick)
    walk.hand_over(0, 'hv03')
    walk.hand_over(0, 'hv02')
    walk.take_or_give_back('retire', death=None)
    walk.holds()
    walk.end_move(0, arrives=False)
    walk.holds()
    walk.take_or_give_back('retire', death=7)
    walk.holds()
    walk.look_after('restore', death=None, node='hv01')
    walk.holds()
    walk.take_or_give_back('adopt', death=9)
    walk.holds()
    walk.delete(0)
    walk.holds()
    assert walk.site.nova.deleted


@pytest.mark.wide
def test_a_node_with_cards_leaves_and_comes_back(walk):
    """Given back once nothing is held on it; its adapters stay till then."""
    walk.change_cards('hv03', [1024, 64])
    walk.look_after('sync', death=None, node='hv03')
    walk.create(0, 20, 256)
    server, = (server for server, disk in walk.site.disks.items()
               if disk.vram_mb)
    walk.holds()
    walk.change_cards('hv03', [])
    walk.leave_or_return('hv03')
    for command in ('sync', 'retire_node'):
        walk.look_after(command, death=None, node='hv03')
        walk.holds()
    assert walk.site.child('hv03') in placement_rows.read().names
    walk.take_or_give_back('retire', death=None)
    walk.holds()
    for other in [server, *(server for server, disk in walk.site.disks.items()
                            if disk.node == 'hv03' and not disk.vram_mb)]:
        walk.site.delete(other)
    walk.take_or_give_back('adopt', death=None)
    walk.leave_or_return('hv03')
    walk.take_or_give_back('adopt', death=None)
    walk.leave_or_return('hv03')
    walk.look_after('sync', death=None, node='hv03')
    operator_walk.COUNTS.clear()
    walk.look_after('retire_node', death=None, node='hv03')
    walk.holds()
    assert operator_walk.COUNTS['nodes given back'] == 1


@pytest.mark.wide
@pytest.mark.parametrize('seed', [2, 6, 19])
def test_walks(seed):
    operator_walk.walk(seed, steps=25)


@pytest.mark.long
def test_many_walks():
    seed = int(os.environ.get('HV_SCHED_SEED') or random.getrandbits(32))
    examples = int(os.environ.get('HV_SCHED_EXAMPLES', '100'))
    operator_walk.COUNTS.clear()
    print(f'HV_SCHED_SEED={seed} HV_SCHED_EXAMPLES={examples}')
    operator_walk.walk(seed, steps=40, examples=examples)
    walk_record.keep('operator', seed, examples, 40, operator_walk.COUNTS)
