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

"""Clusters of other drivers than Hyper-V's, in Placement."""

import pytest

from hv_sched import drivers
from tests.functional import cloud as clouds

NAMES = [driver.name for driver in drivers.DRIVERS]
# Larger than a VHDX may be.
LARGE_GB = 100 * 1024


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02', disk_gb=LARGE_GB)
    return made


def facts(driver):
    return clouds.facts(clouds.cluster(
        volumes=(clouds.volume(total_gb=LARGE_GB),),
        driver=drivers.of(driver)))


@pytest.mark.parametrize('name', NAMES)
def test_a_server_gets_as_large_a_disk_as_its_driver_makes(cloud, name):
    cloud.sync(facts(name))
    largest_gb = drivers.of(name).largest_disk_gb or LARGE_GB
    assert cloud.hosts(largest_gb) == {'hv01', 'hv02'}
    assert cloud.hosts(largest_gb + 1) == set()


@pytest.mark.parametrize('full', [True, False])
@pytest.mark.parametrize('name', NAMES)
def test_a_second_sync_has_nothing_to_do(cloud, name, full):
    cloud.sync(facts(name))
    before = cloud.state()
    assert cloud.sync(facts(name), full=full).done == ()
    assert cloud.state() == before
