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


"""Pauses grow after failures, end somewhere, and are not all the same."""

import random

from hv_sched.agent import backoff


def test_a_pass_that_succeeds_waits_for_the_interval():
    pauses = backoff.Backoff(60)
    pauses.failed()
    assert pauses.succeeded() == 60


def test_pauses_double_up_to_the_longest_and_differ():
    pauses = [backoff.Backoff(60, random.Random(seed)) for seed in range(20)]
    for number in range(40):
        seconds = {each.failed() for each in pauses}
        longest = min(60, 2 ** number)
        assert all(longest / 2 <= pause <= longest for pause in seconds)
        assert len(seconds) == 20, 'they do not come back at one moment'


def test_after_a_success_pauses_are_short_again():
    pauses = backoff.Backoff(5)
    for _ in range(9):
        pauses.failed()
    pauses.succeeded()
    assert pauses.failed() <= backoff.FIRST_SECONDS
