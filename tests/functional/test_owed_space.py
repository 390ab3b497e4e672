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

"""Escrow of a server is its share: a sync and a restore agree about it.

The source tells the free space, as a collector does, so that whatever is
taken for nobody's would be reserved.
"""

import pytest

from hv_sched.notices import Kind
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.names import Closed
from hv_sched.shares import rewrite
from hv_sched.shares import room
from tests.functional import cloud as clouds

SERVER = '44444444-4444-4444-8444-444444444441'
MIGRATION = '44444444-4444-4444-8444-444444444442'
VOLUME = clouds.VOLUME


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    made.sync(clouds.facts())
    return made


def hold(cloud, consumer, kind, **amounts):
    """Escrow (held) or a share (disk) of a consumer, with its type."""
    classes = {'held': names.HELD_DISK_GB, 'disk': names.DISK_GB}
    answer = cloud.admin.post('/allocations', microversion='1.39', json={
        consumer: {
            'allocations': {VOLUME: {'resources': {
                classes[name]: gb for name, gb in amounts.items()}}},
            'consumer_generation': None, 'consumer_type': kind,
            'project_id': 'p', 'user_id': 'u'}})
    assert answer.status_code == 204, answer.text


def facts(total_gb=500, free_gb=200):
    return clouds.facts(clouds.cluster(volumes=(clouds.volume(
        1, total_gb, free_bytes=free_gb * clouds.GIB),)))


def disk(cloud):
    return cloud.api.inventories(VOLUME)[1]['DISK_GB']


@pytest.mark.parametrize('full', [True, False])
def test_the_files_of_a_server_in_escrow_are_not_reserved_again(cloud, full):
    hold(cloud, SERVER, 'INSTANCE', held=300)
    assert cloud.sync(facts(), full=full).done == ()
    assert disk(cloud).reserved == 0


@pytest.mark.parametrize('full', [True, False])
def test_escrow_of_a_migration_is_nobodys_files(cloud, full):
    """Its server's share stands beside it and covers them once."""
    hold(cloud, SERVER, 'INSTANCE', disk=300)
    hold(cloud, MIGRATION, 'MIGRATION', held=300)
    assert cloud.sync(facts(free_gb=200), full=full).done == ()
    cloud.sync(facts(free_gb=100), full=full)
    assert disk(cloud).reserved == 104


@pytest.mark.parametrize('full', [True, False])
def test_escrow_without_a_type_covers_nothing_and_opens_nothing(cloud, full):
    """It may be a migration's, whose server has the share.

    Room that is kept for it would be everybody's as soon as that is known.
    """
    hold(cloud, SERVER, 'INSTANCE', disk=1)
    cloud.allocate(MIGRATION, {VOLUME: {'resources': {
        names.HELD_DISK_GB: 300}}})
    cloud.sync(facts(), full=full)
    assert disk(cloud).reserved == 304, 'all but what is surely owed'


@pytest.mark.parametrize('full', [True, False])
def test_a_volume_never_shrinks_below_escrow_without_a_type(cloud, full):
    cloud.allocate(MIGRATION, {VOLUME: {'resources': {
        names.HELD_DISK_GB: 300}}})
    notice, = cloud.sync(facts(250, 0), full=full).plan.all_findings
    assert notice.kind is Kind.REFUSED
    assert 'servers hold 300 GB' in notice.message
    assert disk(cloud).total == 500


@pytest.mark.parametrize('full', [True, False])
def test_a_volume_never_shrinks_below_escrow(cloud, full):
    hold(cloud, SERVER, 'INSTANCE', held=300)
    result = cloud.sync(facts(250, 0), full=full)
    notice, = result.plan.all_findings
    assert notice.kind is Kind.REFUSED
    assert 'servers hold 300 GB' in notice.message
    assert (disk(cloud).total, disk(cloud).max_unit) == (500, 500)
    assert set(names.closed_reasons(cloud.api.traits(VOLUME)[1])) == {
        Closed.REFUSED, Closed.FLOOR}
    hold(cloud, MIGRATION, 'INSTANCE', disk=200)
    cloud.sync(facts(), full=full)
    assert disk(cloud).capacity == 500


# -- a restore and a sync at the same time


def restored(held):
    """The move of a server's escrow back to a share."""
    before = Consumer(SERVER, 1, 'p', 'u', {VOLUME: {
        names.HELD_DISK_GB: held}}, 'INSTANCE')
    after = Consumer(SERVER, 1, 'p', 'u', {VOLUME: {names.DISK_GB: held}},
                     'INSTANCE')
    return rewrite.Move(before, after)


@pytest.mark.parametrize('when', [
    ('PUT', '/traits'), ('PUT', '/inventories'), ('GET', '/inventories'),
    ('GET', '/traits')])
def test_making_room_never_undoes_what_a_sync_wrote_meanwhile(cloud, when):
    hold(cloud, SERVER, 'INSTANCE', held=300)
    hold(cloud, MIGRATION, 'INSTANCE', disk=400)
    grown = []

    def before(environ):
        if not grown and environ['REQUEST_METHOD'] == when[0] and (
                environ['PATH_INFO'].endswith(VOLUME + when[1])):
            grown.append(1)
            cloud.sync(facts(900, 200))

    cloud.placement.service.before = before
    room.Room(cloud.reconciler()._client).make([restored(300)])
    assert grown and disk(cloud).total == 900
    assert disk(cloud).capacity >= 700


def test_room_made_by_raising_the_ratio_closes_the_volume_with_its_reason(
        cloud):
    hold(cloud, SERVER, 'INSTANCE', held=300)
    hold(cloud, MIGRATION, 'INSTANCE', disk=400)
    room.Room(cloud.api).make([restored(300)])
    assert disk(cloud).capacity == 700
    assert set(names.closed_reasons(cloud.api.traits(VOLUME)[1])) == {
        Closed.OVERCOMMITTED}
