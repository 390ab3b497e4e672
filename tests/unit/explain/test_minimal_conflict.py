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

"""The smallest set of conditions that leaves no host."""

import itertools

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from hv_sched.explain import minimal_conflict

HOSTS = range(5)
# For each condition the hosts that meet it.
CONDITIONS = st.lists(st.frozensets(st.sampled_from(HOSTS)), max_size=6)


class Hosts:
    def __init__(self, met):
        self.met = met
        self.asked = 0

    def left(self, some):
        return frozenset(HOSTS).intersection(*(self.met[one] for one in some))

    def leaves_any(self, some):
        self.asked += 1
        return bool(self.left(some))


@settings(max_examples=300, deadline=None)
@given(CONDITIONS)
def test_none_can_be_left_out_and_questions_are_bounded(met):
    hosts = Hosts(met)
    every = list(range(len(met)))
    if hosts.left(every):
        return
    found = minimal_conflict.emptying(every, hosts.leaves_any)
    assert hosts.asked <= 3 * len(met) + 1
    assert not hosts.left(found)
    for one in found:
        assert hosts.left([each for each in found if each != one])
    smallest = next(
        size for size in range(len(met) + 1)
        for some in itertools.combinations(every, size)
        if not hosts.left(some))
    shared = [one for one in every
              if hosts.left([each for each in every if each != one])]
    if smallest <= len(shared) + 1:
        assert len(found) == smallest


def test_the_condition_all_hosts_fail_is_named_alone():
    hosts = Hosts([frozenset({1, 2}), frozenset(), frozenset({3})])
    assert minimal_conflict.emptying([0, 1, 2], hosts.leaves_any) == [1]


def test_two_that_exclude_each_other_are_named_together():
    hosts = Hosts([frozenset({1}), frozenset({1, 2}), frozenset({2, 3})])
    assert minimal_conflict.emptying([0, 1, 2], hosts.leaves_any) == [0, 2]
