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

from hv_sched.placement import names
from tests.functional import base
from tests.functional import published_cloud
from tests.functional.published_cloud import VOLUME

pytestmark = pytest.mark.wide

SHARE_GB = 20
WRITES = ('PUT', 'POST', 'DELETE')


class Cloud(published_cloud.PublishedCloud):
    """Of what heal puts right, something of each kind.

    :ivar owed: GB of each server that is to have its share in the end
    """

    def __init__(self, placement):
        super().__init__(placement)
        missing = [self.server('hv01', SHARE_GB), self.server('hv02', 300)]
        for server in missing:
            self.drop(server)
        failed_over = self.create(SHARE_GB, 'hv01')
        self.known(failed_over, 'hv02', SHARE_GB)
        # The room of one that lost its share is given away.
        self.owed = {missing[0]: SHARE_GB, missing[1]: 300,
                     failed_over: SHARE_GB,
                     self.server('hv01', 400): 400}
        self.orphan = self.create(30, 'hv01')
        self.nova.deleted.add(self.orphan)

    def gb(self):
        """DISK_GB of each server on the volume."""
        return {server: self.held(server).get(VOLUME, {}).get('DISK_GB', 0)
                for server in self.owed}

    def assert_nothing_is_half_done(self, before):
        for server, gb in self.gb().items():
            assert gb in (before[server], self.owed[server])
        disk = self.api.inventories(VOLUME)[1][names.DISK_GB]
        assert disk.capacity <= 500 or (
            names.NO_NEW_DISKS in self.api.traits(VOLUME)[1])


@pytest.mark.parametrize('after_answer', [
    False, pytest.param(True, marks=pytest.mark.faults)])
def test_killed_at_any_write_the_next_heal_finishes(after_answer):
    for kill_at in itertools.count():
        with base.running_placement() as placement:
            cloud = Cloud(placement)
            before = cloud.gb()
            placement.kill_methods = WRITES
            placement.kill_after_answer = after_answer
            placement.kill_at = kill_at or None
            try:
                cloud.heal()
                finished = True
            except base.Killed:
                finished = False
            placement.kill_at = None
            cloud.assert_nothing_is_half_done(before)
            cloud.heal()
            assert cloud.gb() == cloud.owed, f'killed at {kill_at}'
            assert cloud.held(cloud.orphan) is None, f'killed at {kill_at}'
            assert cloud.findings() == [], f'killed at {kill_at}'
        if finished and kill_at:
            break
    assert kill_at >= 5
