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

"""Servers come and go while a volume is written.

Each claim raises the volume's generation, so that a write planned before it
is refused. What differs decides: a claim that was released again leaves
nothing to plan anew; one that stands does.
"""

from collections.abc import Callable
import dataclasses

import pytest

from hv_sched.placement import names
from hv_sched.providers import reconcile
from tests.functional import base
from tests.functional import cloud as clouds


@pytest.fixture
def cloud(placement: base.Placement) -> clouds.Cloud:
    cloud = clouds.Cloud(placement)
    cloud.register('hv01', 'hv02')
    for _ in range(2):
        cloud.sync(clouds.facts())
    return cloud


class Before:
    """Does something before each write of a volume's inventories."""

    def __init__(self, cloud: clouds.Cloud, something: Callable[[], None]
                 ) -> None:
        self._service = cloud.placement.service
        self._something = something
        self._service.before = self
        self.times = 0

    def __call__(self, environ: base.Environ) -> None:
        if (environ['REQUEST_METHOD'] == 'PUT'
                and environ['PATH_INFO'].endswith('/inventories')):
            self.times += 1
            self._service.before = None
            self._something()
            self._service.before = self


def grown(cloud: clouds.Cloud) -> reconcile.SyncResult:
    return cloud.reconciler().sync(clouds.facts(clouds.cluster(
        volumes=(clouds.volume(total_gb=600),))))


def coming_and_going(cloud: clouds.Cloud, writes: int) -> Before:
    """A claim and its release before each write but the last of these."""
    def come_and_go() -> None:
        if before.times < writes:
            server = cloud.create(1)
            cloud.admin.delete(f'/allocations/{server}')

    before = Before(cloud, come_and_go)
    return before


def total_gb(cloud: clouds.Cloud) -> int:
    return cloud.api.inventories(clouds.VOLUME)[1][names.DISK_GB].total


def test_a_claim_that_was_released_leaves_nothing_to_plan_anew(
        cloud: clouds.Cloud) -> None:
    before = coming_and_going(cloud, writes=4)
    result = grown(cloud)
    assert result.failures == {} and total_gb(cloud) == 600
    assert before.times == 4 and result.retries == 0


def test_a_claim_that_stands_is_planned_anew(cloud: clouds.Cloud) -> None:
    def come() -> None:
        if before.times < 2:
            cloud.create(1)

    before = Before(cloud, come)
    result = grown(cloud)
    assert result.failures == {} and total_gb(cloud) == 600
    assert result.retries == 1


def test_what_an_operator_wrote_in_between_is_kept(
        cloud: clouds.Cloud) -> None:
    def edit() -> None:
        if before.times > 1:
            return
        generation, inventories = cloud.api.inventories(clouds.VOLUME)
        disk = inventories[names.DISK_GB]
        cloud.api.set_inventories(clouds.VOLUME, generation, {
            **inventories, names.DISK_GB: dataclasses.replace(
                disk, allocation_ratio=1.5)})

    before = Before(cloud, edit)
    assert grown(cloud).failures == {}
    disk = cloud.api.inventories(clouds.VOLUME)[1][names.DISK_GB]
    assert (disk.total, disk.allocation_ratio) == (600, 1.5)


def test_one_that_is_busier_than_that_is_planned_anew(cloud: clouds.Cloud
                                                      ) -> None:
    coming_and_going(cloud, writes=7)
    result = grown(cloud)
    assert result.failures == {} and total_gb(cloud) == 600
    assert result.retries == 1
