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

"""A published cloud with something of each kind that heal puts right."""

from hv_sched.placement import names
from tests.functional import published_cloud
from tests.functional.published_cloud import VOLUME

SHARE_GB = 20


class DriftedCloud(published_cloud.PublishedCloud):
    """Servers without their share or on the wrong node, and an orphan.

    :ivar owed: GB of each server that is to have its share in the end
    :ivar before: what they have to begin with
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
        self.before = self.gb()

    def gb(self):
        """DISK_GB of each server on the volume."""
        return {server: self.held(server).get(VOLUME, {}).get('DISK_GB', 0)
                for server in self.owed}

    def assert_nothing_is_half_done(self):
        for server, gb in self.gb().items():
            assert gb in (self.before[server], self.owed[server])
        disk = self.api.inventories(VOLUME)[1][names.DISK_GB]
        assert disk.capacity <= 500 or (
            names.NO_NEW_DISKS in self.api.traits(VOLUME)[1])

    def assert_healed(self, when):
        assert self.gb() == self.owed, when
        assert self.held(self.orphan) is None, when
        assert self.findings() == [], when
