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

"""A node is cut off when two answers in a row do not speak of it."""

import datetime

import pytest

from hv_sched import model
from hv_sched.model import Section
from hv_sched.providers import silence

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def facts(*silent, minute=None, cut_off=()):
    at = None if minute is None else START.replace(minute=minute)
    return model.Facts((model.Cluster('guid', 'hvc1', (), (
        model.Volume('guid1', 'Volume1', cut_off_nodes=cut_off,
                     redirected_nodes=(), silent_nodes=silent),),
        sections={Section.VOLUME_STATES: model.SectionReport(at)}),))


def judged(seen, told):
    [volume] = seen.judged(told).clusters[0].volumes
    return volume.cut_off_nodes, volume.silent_nodes


def test_the_second_answer_in_a_row_counts():
    seen = silence.Silence()
    assert judged(seen, facts('a', minute=0)) == ((), ('a',))
    assert judged(seen, facts('a', 'b', minute=1)) == (('a',), ('b',))
    assert judged(seen, facts('a', 'b', minute=2)) == (('a', 'b'), ())
    assert judged(seen, facts('b', minute=3)) == (('b',), ())
    assert judged(seen, facts('a', minute=4)) == ((), ('a',))


def test_the_same_answer_counts_once():
    seen = silence.Silence()
    for _ in range(3):
        assert judged(seen, facts('a', minute=0)) == ((), ('a',))
    for _ in range(3):
        assert judged(seen, facts('a', minute=1)) == (('a',), ())


def test_who_is_told_as_cut_off_stays_in_the_list():
    seen = silence.Silence()
    seen.judged(facts('a', cut_off=('c',)))
    assert judged(seen, facts('a', cut_off=('c',))) == (('c', 'a'), ())


def test_a_cluster_that_left_is_forgotten():
    seen = silence.Silence()
    seen.judged(facts('a', minute=0))
    seen.judged(model.Facts(()))
    assert not seen._looks
    assert judged(seen, facts('a', minute=1)) == ((), ('a',))


@pytest.mark.parametrize('cluster', ['HVC1', None])
def test_a_cluster_that_cannot_be_read_has_not_left(cluster):
    seen = silence.Silence()
    seen.judged(facts('a', minute=0))
    seen.judged(model.Facts((), (model.Problem(cluster, 'file', 'bad'),)))
    assert judged(seen, facts('a', minute=1)) == (('a',), ())


def test_a_pass_without_an_answer_begins_anew():
    seen = silence.Silence()
    seen.judged(facts('a', minute=0))
    seen.judged(model.Facts(()))
    seen.judged(facts(minute=1))
    assert judged(seen, facts('a', minute=2)) == ((), ('a',))


def test_each_volume_is_noted_with_its_nodes():
    told = facts('a', 'b')
    [notice] = silence.notices(told.clusters[0])
    assert notice.subject == 'Volume1' and 'a, b: up' in notice.message
    assert list(silence.notices(facts().clusters[0])) == []
