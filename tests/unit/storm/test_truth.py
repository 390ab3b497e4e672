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


"""What the storm over the cloud takes for the truth of the disk."""

import json
import random

import pytest

from tests.storm import disks
from tests.storm import outages
from tests.storm import shares

HELD = 'CUSTOM_CSV_HELD_DISK_GB'
MINE = disks.Copy('instance-1', 'mine', 20)
FORMER = disks.Copy('instance-1_revert', 'mine', 10)


@pytest.mark.parametrize('foreign_gb, servers, shares_gb, capacity_gb', [
    (0, {'mine'}, 20, 500),
    (100, {'mine'}, 20, 400),
    # What servers were given is never reserved.
    (490, {'mine'}, 20, 20),
    # Files of a server that is gone are others'.
    (100, set(), 0, 396),
])
def test_others_take_what_servers_may_have(foreign_gb, servers, shares_gb,
                                           capacity_gb):
    cluster = disks.Cluster()
    cluster.foreign_gb = foreign_gb
    assert disks.capacity_gb(cluster, [MINE, FORMER], servers, shares_gb
                             ) == capacity_gb


def test_a_folder_tells_the_server_and_its_size(tmp_path):
    for name in ('instance-1', 'instance-1_revert', 'being-made'):
        (tmp_path / name).mkdir()
    for name, size in (('instance-1', 20), ('instance-1_revert', 10)):
        (tmp_path / name / 'disk.json').write_text(json.dumps(
            {'uuid': 'mine', 'node': 'hv01', 'size_gb': size}))
    assert disks.copies_in(tmp_path) == {MINE, FORMER}
    assert FORMER.is_former and not MINE.is_former


@pytest.mark.parametrize('rows, used_gb', [
    ([('mine', 'DISK_GB', 20)], 20),
    # In a live migration; after one that was rolled back.
    ([('mine', 'DISK_GB', 20), ('move', HELD, 20)], 20),
    ([('mine', HELD, 20)], 20),
    ([('mine', HELD, 20), ('mine', 'DISK_GB', 5)], 20),
    # Before the hand-over: of a first move, and of one right after another.
    ([('move', 'DISK_GB', 20)], 20),
    ([('move', HELD, 20)], 20),
])
def test_a_server_has_one_share_wherever_it_stands(rows, used_gb):
    holdings = shares.Holdings.of(rows, [('move', 'mine')])
    assert holdings.used_gb({'mine'}) == used_gb
    assert holdings.uncovered([MINE]) == {}
    assert holdings.has_hand_over() is (rows == [('move', HELD, 20)])


def test_files_that_a_resize_has_left_need_a_share_of_their_own():
    rows = [('mine', 'DISK_GB', 20)]
    assert shares.Holdings.of(rows, []).uncovered([MINE, FORMER]) == {
        'mine': 10}
    rows.append(('move', 'DISK_GB', 10))
    assert shares.Holdings.of(rows, [('move', 'mine')]).uncovered(
        [MINE, FORMER]) == {}


def test_shares_of_others_cover_nothing_of_a_server():
    rows = [('other', 'DISK_GB', 100), ('gone', HELD, 20)]
    assert shares.Holdings.of(rows, [('gone', 'nobody')]).uncovered(
        [MINE]) == {'mine': 20}


def test_all_that_fails_fails_in_the_middle():
    moments = outages.plan(60)
    assert {name for _count, name in moments} == {
        *outages.SERVICES, 'a node'}
    assert all(0 < count < 60 for count, _name in moments)
    assert moments == sorted(moments)


def test_a_seed_tells_when_the_agent_is_killed():
    moments = [outages.kill_moments(500, 20, random.Random(7))
               for _ in range(2)]
    assert moments[0] == moments[1] == sorted(moments[0])
    assert len(moments[0]) == 20
