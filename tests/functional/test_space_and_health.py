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

"""Space and health of volumes on a real Placement, also with bad facts."""

import dataclasses
import uuid

import pytest

from hv_sched.notices import Kind
from hv_sched.placement import names
from hv_sched.providers.settings import Settings
from tests.functional import cloud as clouds

GIB = clouds.GIB
VOLUME = clouds.VOLUME
NAME = 'csv:hvc1/Volume1'
OPEN = f'required=!{names.NO_NEW_DISKS}'


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02')
    return made


def facts(free_gb=500, **fields):
    fields.setdefault('free_bytes', int(free_gb * GIB))
    return clouds.facts(clouds.cluster(volumes=(clouds.volume(**fields),)))


def disk(cloud):
    return cloud.api.inventories(VOLUME)[1]['DISK_GB']


def is_open(cloud):
    return bool(cloud.hosts(1, OPEN))


def used_gb(cloud):
    return cloud.api.usages(VOLUME)[1]['DISK_GB']


def rewrite(cloud, consumer):
    """Write a share again as it is, as every move of Nova's does."""
    answer = cloud.admin.get(f'/allocations/{consumer}',
                             microversion='1.28').json()
    for allocation in answer['allocations'].values():
        del allocation['generation']
    return cloud.admin.put(
        f'/allocations/{consumer}', microversion='1.28', json=answer,
        raise_exc=False).status_code


# -- reserved


def test_reserved_keeps_foreign_files_from_servers(cloud):
    cloud.sync(facts(450, reserve_gb=30))
    assert disk(cloud).reserved == 30 + 56, '50 GiB in steps of 8'
    assert cloud.hosts(414) == {'hv01', 'hv02'}
    assert cloud.hosts(415) == set()


@pytest.mark.parametrize('full', [True, False])
def test_a_small_change_writes_nothing(cloud, full):
    cloud.sync(facts(450))
    for free_gb in (449.3, 446, 444, 447.5, 450):
        cloud.placement.sent.clear()
        assert cloud.sync(facts(free_gb), full=full).done == ()
        assert cloud.placement.writes == []


@pytest.mark.parametrize('full', [True, False])
def test_a_large_change_is_one_write(cloud, full):
    cloud.sync(facts(450))
    for free_gb, reserved in ((443, 64), (480, 24)):
        assert len(cloud.sync(facts(free_gb), full=full).done) == 1
        assert disk(cloud).reserved == reserved


def test_reserved_never_makes_a_provider_over_full(cloud):
    """Else Placement before 14 refuses every move on it (bug 2104040)."""
    cloud.sync(facts())
    share = cloud.create(400)
    # The server's files are thin, somebody else's fill the disk.
    told = facts(10, image_cache_bytes=300 * GIB)
    cloud.sync(told, full=False)
    assert disk(cloud).reserved == 100
    assert rewrite(cloud, share) == 204
    assert cloud.sync(told).done == ()


# -- the floor, maintenance, the operator


def test_the_floor_closes_and_opens_again_a_little_above(cloud):
    cloud.sync(facts(26))
    for free_gb, opened in ((25, True), (24, False), (26, False),
                            (29, False), (30, True), (25, True)):
        cloud.sync(facts(free_gb), full=False)
        assert is_open(cloud) is opened, free_gb


def test_the_floor_in_gb_counts_when_it_is_higher(cloud):
    settings = Settings(workers=1, floor_gb=100)
    cloud.sync(facts(99), settings)
    assert not is_open(cloud)
    cloud.sync(facts(105), settings, full=False)
    assert is_open(cloud)


@pytest.mark.parametrize('closed', [
    {'maintenance': True}, {'accepts_new_disks': False}])
def test_a_closed_volume_takes_no_new_disks_and_keeps_its_shares(
        cloud, closed):
    cloud.sync(facts())
    share = cloud.create(50)
    cloud.sync(facts(**closed), full=False)
    assert not is_open(cloud)
    assert cloud.hosts(1) == {'hv01', 'hv02'}, 'what need not ask'
    assert rewrite(cloud, share) == 204
    cloud.sync(facts(**{fact: not told for fact, told in closed.items()}),
               full=False)
    assert is_open(cloud)


def test_a_running_reconcile_opens_only_what_stays_open(cloud):
    running = cloud.reconciler()
    running.sync(facts())
    for free_gb, opened in ((0, False), (400, False), (0, False),
                            (400, False), (400, True)):
        running.sync(facts(free_gb), full=False)
        assert is_open(cloud) is opened, free_gb


def test_inventories_never_wait(cloud):
    running = cloud.reconciler()
    running.sync(facts())
    for free_gb, reserved in ((400, 104), (500, 0), (400, 104)):
        running.sync(facts(free_gb), full=False)
        assert disk(cloud).reserved == reserved


# -- over-full


def overfull(cloud):
    """800 GB allocated where an operator later takes the ratio back."""
    cloud.sync(facts())
    lower_ratio(cloud, 2.0)
    shares = [cloud.create(400), cloud.create(400)]
    lower_ratio(cloud, 1.0)
    return shares


def lower_ratio(cloud, ratio):
    generation, inventories = cloud.api.inventories(VOLUME)
    inventories['DISK_GB'] = dataclasses.replace(
        inventories['DISK_GB'], allocation_ratio=ratio)
    cloud.api.set_inventories(VOLUME, generation, inventories)


@pytest.mark.parametrize('full', [True, False])
def test_an_over_full_volume_stays_as_it_is(cloud, full):
    overfull(cloud)
    before = cloud.state()
    result = cloud.sync(facts(), full=full)
    assert (result.done, result.plan.all_findings) == ((), ())
    assert cloud.state() == before
    assert cloud.hosts(1) == set()


def test_an_over_full_volume_reserves_nothing(cloud):
    overfull(cloud)
    generation, inventories = cloud.api.inventories(VOLUME)
    inventories['DISK_GB'] = dataclasses.replace(
        inventories['DISK_GB'], reserved=100)
    cloud.api.set_inventories(VOLUME, generation, inventories)
    cloud.sync(facts(100, reserve_gb=50), full=False)
    assert (disk(cloud).total, disk(cloud).reserved) == (500, 0)


def test_an_over_full_volume_is_kept_in_order_otherwise(cloud):
    overfull(cloud)
    generation, inventories = cloud.api.inventories(VOLUME)
    del inventories[names.HELD_DISK_GB]
    cloud.api.set_inventories(VOLUME, generation, inventories)
    cloud.sync(facts(maintenance=True), full=False)
    _generation, inventories = cloud.api.inventories(VOLUME)
    assert names.HELD_DISK_GB in inventories
    assert names.NO_NEW_DISKS in cloud.api.traits(VOLUME)[1]


def test_an_over_full_volume_never_shrinks(cloud):
    overfull(cloud)
    result = cloud.sync(facts(total_gb=400, free_gb=0), full=False)
    assert [found.kind for found in result.plan.all_findings] == [
        Kind.REFUSED]
    assert '800 GB' in result.plan.all_findings[0].message
    assert disk(cloud).total == 500


def test_an_over_full_volume_may_grow(cloud):
    overfull(cloud)
    cloud.sync(facts(total_gb=900), full=False)
    assert disk(cloud).total == 900
    assert cloud.hosts(100) == {'hv01', 'hv02'}


# -- free space that lies


@pytest.mark.parametrize('lie', [
    {'free_bytes': 0}, {'free_bytes': 500 * GIB}, {'free_bytes': 501 * GIB},
    {'free_bytes': 10 ** 18}, {'free_bytes': -GIB}, {'free_bytes': None},
], ids=str)
@pytest.mark.parametrize('full', [True, False])
def test_a_free_space_that_lies_harms_no_share(cloud, lie, full):
    cloud.sync(facts(390))
    share = cloud.create(100)
    cloud.sync(facts(390), full=full)
    honest = cloud.state()[NAME]
    cloud.sync(facts(**lie), full=full)
    after = disk(cloud)
    assert 0 <= after.reserved <= after.total == 500
    assert after.capacity >= used_gb(cloud) == 100
    assert rewrite(cloud, share) == 204
    cloud.sync(facts(390), full=full)
    now = cloud.state()[NAME]
    assert now[2:] == honest[2:]
    # 10 GiB are nobody's: a step or two is kept back, as before.
    assert disk(cloud).reserved in (16, honest[1]['DISK_GB'].reserved)


def test_unknown_free_space_leaves_a_volume_open_or_closed(cloud):
    for free_gb, opened in ((400, True), (5, False)):
        cloud.sync(facts(free_gb))
        cloud.sync(facts(free_bytes=None), full=False)
        assert is_open(cloud) is opened


def test_unknown_free_space_gives_away_nothing(cloud):
    """Not knowing is not zero: foreign files do not go because of it."""
    cloud.sync(facts(200))
    before = disk(cloud)
    assert before.reserved == 304
    cloud.sync(facts(free_bytes=None), full=False)
    cloud.sync(facts(free_bytes=None))
    assert disk(cloud) == before


# -- cached images


def images(count, first=0):
    return tuple(str(uuid.UUID(int=number))
                 for number in range(first, first + count))


def published_images(cloud):
    return {trait for trait in cloud.api.traits(VOLUME)[1]
            if trait.startswith(names.IMAGE_PREFIX)}


def known_images(cloud):
    return {trait for trait in cloud.api.all_traits()
            if trait.startswith(names.IMAGE_PREFIX)}


def test_the_newest_hundred_images_are_published(cloud):
    cached = images(130)
    cloud.sync(facts(cached_images=cached))
    newest = {names.image_trait(image) for image in cached[:100]}
    assert published_images(cloud) == known_images(cloud) == newest
    assert cloud.sync(facts(cached_images=cached), full=False).done == ()


def test_the_oldest_image_makes_room_for_a_new_one(cloud):
    settings = Settings(workers=1, max_image_traits=3)
    old, new = images(3), images(1, first=50)
    cloud.sync(facts(cached_images=old), settings)
    cloud.sync(facts(cached_images=new + old), settings, full=False)
    assert published_images(cloud) == known_images(cloud) == {
        names.image_trait(image) for image in new + old[:2]}


@pytest.mark.parametrize('full', [True, False])
def test_names_of_images_no_cache_holds_are_deleted(cloud, full):
    cloud.sync(facts(cached_images=images(5)))
    cloud.sync(facts(cached_images=images(2)), full=full)
    assert published_images(cloud) == known_images(cloud) == {
        names.image_trait(image) for image in images(2)}
    assert cloud.sync(facts(cached_images=images(2))).done == ()


def test_an_image_another_volume_still_holds_keeps_its_name(cloud):
    def two(first, second):
        return clouds.facts(clouds.cluster(
            volumes=(clouds.volume(1, cached_images=first),
                     clouds.volume(2, cached_images=second)),
            placement_chooses_volume=True))

    cloud.sync(two(images(2), images(2)))
    result = cloud.sync(two((), images(2)), full=False)
    assert len(result.done) == 1, 'nothing is tried that must fail'
    assert len(known_images(cloud)) == 2
    cloud.sync(two((), ()), full=False)
    assert known_images(cloud) == set()


def test_an_image_name_somebody_else_uses_stays(cloud):
    cloud.sync(facts(cached_images=images(1)))
    trait = names.image_trait(images(1)[0])
    generation, found = cloud.api.traits(cloud.nodes['hv02'])
    cloud.api.set_traits(cloud.nodes['hv02'], generation, found | {trait})
    cloud.sync(facts(cached_images=()))
    assert published_images(cloud) == set()
    assert known_images(cloud) == {trait}


@pytest.mark.parametrize('full', [True, False])
def test_images_the_source_does_not_list_stay(cloud, full):
    cloud.sync(facts(cached_images=images(4)))
    before = cloud.state()
    assert cloud.sync(facts(cached_images=None), full=full).done == ()
    assert cloud.state() == before


def test_no_images_are_published_when_the_option_says_so(cloud):
    cloud.sync(facts(cached_images=images(4)))
    cloud.sync(facts(cached_images=images(4)),
               Settings(workers=1, max_image_traits=0), full=False)
    assert published_images(cloud) == known_images(cloud) == set()
