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

"""How much of a volume is for servers: the rules of reserved."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import model
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import reserved_space
from hv_sched.providers.settings import Settings

GIB = model.GIB
A, B = 'aaaaaaaa-0000-4000-8000-000000000001', (
    'aaaaaaaa-0000-4000-8000-000000000002')


def volume(total_gb=500, free_gb=500, **fields):
    return model.Volume(guid='g', name='v', size_bytes=total_gb * GIB,
                        free_bytes=free_gb * GIB, **fields)


def cluster(vms):
    return model.Cluster('c', 'hvc1', (), (), vms=vms)


def covered_bytes(vol, vms, shares_gb, allocated_gb):
    return reserved_space.covered(
        vol, cluster(vms), shares_gb, allocated_gb).at_most


def vm(uuid, provisioned_gb, actual_gb):
    return model.Vm(uuid, 'hv01', (model.VmDisk(
        'g', provisioned_gb * GIB, actual_gb * GIB),))


def stood(disk, *traits):
    """What Placement holds; None for nothing."""
    return disk and reserved_space.Before(disk, frozenset(traits))


def reserved(vol, used_gb=0, before=None, vms=None, shares=None, **options):
    settings = Settings(**{'reserved_step_gb': 1, **options})
    lines = reserved_space.reserved_parts(vol, covered_bytes(
        vol, vms, shares, used_gb))
    return reserved_space.disk_inventory(
        vol, lines, stood(before), used_gb, settings).reserved


def test_an_empty_volume_reserves_nothing():
    assert reserved(volume()) == 0


def test_the_operators_reserve_is_kept():
    assert reserved(volume(reserve_gb=25)) == 25


def test_foreign_files_are_reserved():
    assert reserved(volume(free_gb=400)) == 100


def test_servers_files_are_not_reserved_twice():
    assert reserved(volume(free_gb=400), used_gb=150) == 0


def test_the_image_cache_is_nobodys():
    cached = volume(free_gb=400, image_cache_bytes=40 * GIB)
    assert reserved(cached, used_gb=300) == 40


def test_a_share_covers_only_what_its_server_has_on_disk():
    """100 GiB used: 20 by a thin 200 GB server, 80 by nobody's files."""
    assert reserved(volume(free_gb=400), used_gb=200, vms=(vm(A, 200, 20),),
                    shares={A: 200}) == 80


def test_a_server_nova_no_longer_knows_is_reserved():
    assert reserved(volume(free_gb=400), used_gb=200,
                    vms=(vm(A, 200, 20), vm(B, 80, 80)),
                    shares={A: 200}) == 80


def test_checkpoints_beyond_the_share_are_reserved():
    assert reserved(volume(free_gb=400), used_gb=60, vms=(vm(A, 60, 100),),
                    shares={A: 60}) == 40


def test_unknown_free_space_reserves_nothing_new():
    blind = dataclasses.replace(volume(), free_bytes=None)
    assert reserved(blind) == 0


def test_unknown_free_space_gives_away_nothing():
    blind = dataclasses.replace(volume(reserve_gb=10), free_bytes=None)
    assert reserved(blind, before=Inventory(500, 304)) == 304
    assert reserved(blind, before=Inventory(500, 5)) == 10
    assert reserved(blind, used_gb=300, before=Inventory(500, 304)) == 200


def test_reserved_moves_in_steps():
    assert reserved(volume(free_gb=499), reserved_step_gb=8) == 8


@pytest.mark.parametrize('free_gb,before,after', [
    (490, 16, 16),   # 10 needed: the 16 of before still cover it
    (480, 16, 24),   # 20 needed: rises at once
    (499, 16, 16),   # 1 needed: 8 would do, but a step is not yet free
    (500, 16, 0),    # two steps are free
])
def test_reserved_falls_only_by_whole_steps(free_gb, before, after):
    assert reserved(volume(free_gb=free_gb), reserved_step_gb=8,
                    before=Inventory(500, before)) == after


@pytest.mark.parametrize('label', ['operator reserve', 'Reserve'])
def test_an_operators_reserve_is_kept_to_the_gib_whatever_its_label(label):
    parts = (reserved_space.ReservedPart(label, 30 * GIB, is_exact=True),)
    assert reserved_space.reserved_gb(parts, None, step_gb=8) == 30


def test_the_operators_reserve_is_not_rounded_to_steps():
    assert reserved(volume(free_gb=500, reserve_gb=30),
                    reserved_step_gb=8) == 30
    assert reserved(volume(free_gb=499, reserve_gb=30),
                    reserved_step_gb=8) == 38


def reserved_after(vol, before, *traits, step_gb=8):
    lines = reserved_space.reserved_parts(vol, 0)
    return reserved_space.disk_inventory(
        vol, lines, stood(before, *traits), 0,
        Settings(reserved_step_gb=step_gb)).reserved


@pytest.mark.parametrize(('reserve_gb', 'after'), [
    (0, 8), (25, 33), (29, 37), (30, 38), (31, 39), (100, 108)])
def test_an_operators_reserve_changes_to_the_gib(reserve_gb, after):
    vol = volume(free_gb=499, reserve_gb=reserve_gb)
    assert reserved_after(vol, Inventory(500, 38),
                          names.reserve_trait(30)) == after


def test_a_reserve_that_is_given_up_is_free_whatever_is_used():
    vol = dataclasses.replace(volume(reserve_gb=0), free_bytes=None)
    assert reserved_after(vol, Inventory(500, 38),
                          names.reserve_trait(30)) == 8


def test_a_cache_nobody_lists_any_more_does_not_pass_for_servers():
    cached = names.image_trait(A)
    assert reserved_after(volume(), Inventory(500, 40), cached) == 40
    assert reserved_after(volume(image_cache_bytes=0), Inventory(500, 40),
                          cached) == 0


def test_reserved_leaves_room_for_what_is_allocated():
    assert reserved(volume(free_gb=0), used_gb=450, vms=(), shares={}) == 50


sizes = st.integers(0, 70000)


@given(total=st.integers(1, 70000), free=sizes, used=sizes,
       reserve=st.integers(0, 1000), before=st.none() | sizes,
       step=st.integers(1, 64),
       ratio=st.floats(0.01, 16, allow_nan=False))
def test_the_inventory_always_fits_what_is_allocated(
        total, free, used, reserve, before, step, ratio):
    vol = volume(total, min(free, total), reserve_gb=reserve)
    old = before if before is None else Inventory(
        total, min(before, total), allocation_ratio=ratio)
    inventory = reserved_space.disk_inventory(
        vol, reserved_space.reserved_parts(
            vol, covered_bytes(vol, None, None, used)),
        stood(old), used, Settings(initial_csv_allocation_ratio=ratio,
                            reserved_step_gb=step))
    assert 0 <= inventory.reserved <= inventory.total == total
    assert 1 <= inventory.max_unit <= 65536
    assert inventory.allocation_ratio == ratio
    if total * ratio >= used:
        assert (inventory.total - inventory.reserved) * ratio >= used
    else:
        assert inventory.reserved == 0


@given(total=st.integers(1, 5000), free=st.integers(0, 5000),
       before=st.integers(0, 5000), step=st.integers(1, 64))
def test_a_second_pass_changes_nothing(total, free, before, step):
    vol = volume(total, min(free, total))
    lines = reserved_space.reserved_parts(vol, 0)
    settings = Settings(reserved_step_gb=step)
    once = reserved_space.disk_inventory(vol, lines, stood(Inventory(
        total, min(before, total))), 0, settings)
    assert reserved_space.disk_inventory(
        vol, lines, stood(once), 0, settings) == once


# -- servers of which the source does not tell everything

UNKNOWN_VMS = {
    'no disks listed': (model.Vm(A, 'hv01'),),
    'no server of Nova': (dataclasses.replace(
        vm(None, 100, 60), instance_name='instance-00000001'),),
    'one of them': (vm(B, 50, 10), model.Vm(A, 'hv01'))}


@pytest.mark.parametrize('vms', UNKNOWN_VMS.values(), ids=UNKNOWN_VMS)
@pytest.mark.parametrize('shares', [None, {A: 100}, {}])
def test_files_nobody_is_named_for_are_the_servers_as_far_as_shares_reach(
        vms, shares):
    assert reserved(volume(free_gb=440), 100, vms=vms, shares=shares) == 0
    assert reserved(volume(free_gb=380), 100, vms=vms, shares=shares) == 20


def test_an_unnamed_vm_on_another_volume_changes_nothing_here():
    elsewhere = model.Vm(None, 'hv01', (model.VmDisk('h', GIB, GIB),))
    assert reserved(volume(free_gb=440), 100, vms=(elsewhere,),
                    shares={A: 100}) == 60


def test_a_disk_without_a_provisioned_size_is_covered_in_a_bulk_pass():
    vms = (model.Vm(A, 'hv01', (model.VmDisk('g', None, 60 * GIB),)),)
    assert reserved(volume(free_gb=440), 100, vms=vms) == 0
    assert reserved(volume(free_gb=440), 100, vms=vms,
                    shares={A: 50}) == 10
