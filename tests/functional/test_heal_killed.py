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

"""Heal dies at every write: what it began, the next one finishes.

Until then nobody holds more than a share, what a server held stays, and a
volume that has not enough room for what it owes is closed.
"""

import itertools

import pytest

from tests.functional import base
from tests.functional import drifted_cloud

pytestmark = pytest.mark.wide

WRITES = ('PUT', 'POST', 'DELETE')


@pytest.mark.parametrize('after_answer', [
    False, pytest.param(True, marks=pytest.mark.faults)])
def test_killed_at_any_write_the_next_heal_finishes(after_answer):
    for kill_at in itertools.count():
        with base.running_placement() as placement:
            cloud = drifted_cloud.DriftedCloud(placement)
            placement.kill_methods = WRITES
            placement.kill_after_answer = after_answer
            placement.kill_at = kill_at or None
            try:
                cloud.heal()
                finished = True
            except base.Killed:
                finished = False
            placement.kill_at = None
            cloud.assert_nothing_is_half_done()
            cloud.heal()
            cloud.assert_healed(f'killed at {kill_at}')
        if finished and kill_at:
            break
    assert kill_at >= 5
