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


"""What a volume owes, read from Placement."""

import pytest

from hv_sched.placement import consumers
from hv_sched.placement import names
from hv_sched.placement import owed
from hv_sched.placement import provider_read
from hv_sched.placement.consumers import Consumer
from tests.functional import cloud as clouds
from tests.functional.cloud import VOLUME

SERVER = '99999999-9999-4999-8999-000000000001'
MOVING = '99999999-9999-4999-8999-000000000002'


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    made.sync(clouds.facts(clouds.cluster()))
    return made


def read(cloud):
    """The volume and the requests it took."""
    listed = [one for one in cloud.api.list_providers() if one.uuid == VOLUME]
    client = clouds.client.from_adapter(cloud.placement)
    cloud.placement.sent.clear()
    provider, = provider_read.read_providers(
        client, listed, frozenset(), 1).values()
    return provider, len(cloud.placement.sent)


def hold(cloud, consumer, resources, consumer_type):
    cloud.api.write_consumers([Consumer(
        consumer, None, 'p', 'u', {VOLUME: resources}, consumer_type)])


def test_while_nothing_is_held_no_more_is_asked(cloud):
    cloud.create(100)
    provider, requests = read(cloud)
    assert (provider.owed, provider.escrows) == (owed.Owed(100), ())
    assert requests == 4


def test_each_consumer_with_escrow_is_asked_for_its_type(cloud):
    cloud.create(100)
    hold(cloud, SERVER, {names.HELD_DISK_GB: 50}, 'INSTANCE')
    hold(cloud, MOVING, {names.HELD_DISK_GB: 30}, consumers.MIGRATION)
    cloud.allocate('99999999-9999-4999-8999-000000000003', {
        VOLUME: {'resources': {names.HELD_DISK_GB: 7}}})
    provider, requests = read(cloud)
    assert provider.owed == owed.Owed(100, 50, 7)
    assert requests == 4 + 1 + 3
