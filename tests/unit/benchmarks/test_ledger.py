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

"""The ledger by which schedulers are judged."""

import pytest

from benchmarks import ledger
from benchmarks import score
from benchmarks import trace


def deployment(servers=1, disk_gb=100, feature=None, at_hours=0.0,
               lifetime_hours=10.0, image=1):
    return trace.Deployment(at_hours, lifetime_hours, servers,
                            trace.Size(2, 1024, disk_gb), feature, image)


@pytest.fixture
def nodes():
    return [ledger.Node('a', 'CSV1', 8, 8192, frozenset({'guarded'})),
            ledger.Node('b', 'CSV1', 8, 8192),
            ledger.Node('c', 'CSV2', 8, 8192)]


@pytest.fixture
def cloud(nodes):
    return ledger.Ledger(nodes, {'CSV1': 300, 'CSV2': 1000})


def test_a_volume_counts_once_for_all_its_nodes(cloud):
    assert cloud.fits(deployment(servers=3 + 4))
    assert not cloud.fits(deployment(servers=3 + 4 + 1))


def test_what_was_given_away_twice_is_over_booked(cloud):
    cloud.place(deployment(servers=4), dict(zip('1234', 'aabb', strict=True)))
    assert cloud.free_gb('CSV1') == -100
    assert cloud.over_booked_gb() == 100
    assert cloud.fits(deployment(servers=4))
    assert not cloud.fits(deployment(servers=5))


def test_a_server_that_ends_gives_back_what_it_took(cloud):
    cloud.place(deployment(lifetime_hours=2.0), {'1': 'a'})
    assert cloud.end(1.9) == []
    assert [uuid for uuid, _server in cloud.end(2.0)] == ['1']
    assert cloud.free_gb('CSV1') == 300


def test_an_image_is_fetched_by_each_node_of_a_request_but_once_later(cloud):
    assert cloud.place(deployment(servers=3), {
        '1': 'a', '2': 'b', '3': 'a'}) == 2
    assert cloud.place(deployment(), {'4': 'b'}) == 0
    assert cloud.place(deployment(image=2), {'5': 'b'}) == 1
    assert cloud.images_on('CSV1') == {1, 2}


def test_a_refusal_is_false_while_there_is_room(cloud):
    scorer = score.Scorer(cloud)
    scorer.placed(deployment(), cloud.place(deployment(), {'1': 'a'}))
    scorer.refused(deployment(servers=50))
    assert (scorer.score.false_refusals, scorer.score.gb_before_refusal,
            scorer.score.gb_before_wrong) == (0, 100, None)
    scorer.refused(deployment())
    assert (scorer.score.false_refusals,
            scorer.score.gb_before_false_refusal,
            scorer.score.gb_before_wrong) == (1, 100, 100)


def test_plain_servers_on_the_only_capable_node_keep_a_feature_off(cloud):
    scorer = score.Scorer(cloud)
    cloud.place(deployment(servers=4, disk_gb=10),
                dict.fromkeys('1234', 'a'))
    scorer.refused(deployment(feature='guarded'))
    scorer.refused(deployment(feature='guarded', disk_gb=301))
    assert scorer.score.kept_off_by_plain == 1
    assert scorer.score.feature_requests == 2


def test_over_booked_gigabytes_are_counted_by_the_hour(cloud):
    scorer = score.Scorer(cloud)
    cloud.place(deployment(disk_gb=350), {'1': 'a'})
    scorer.pass_time(3.0)
    assert scorer.score.over_booked_gb_hours == 150


def test_the_pooled_cloud_takes_what_no_single_volume_has_room_for(nodes):
    requests = [deployment(disk_gb=1100), deployment(disk_gb=201)]
    bound = score.pooled(nodes, 1300, requests)
    assert (bound.placed_gb, bound.gb_before_refusal,
            bound.false_refusals) == (1100, 1100, 0)
