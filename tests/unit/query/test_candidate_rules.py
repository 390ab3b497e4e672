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


"""Which candidates may be used, and when a snapshot is too old to say."""

import pytest

from hv_sched.placement import names
from hv_sched.query import candidate_rules
from hv_sched.snapshot import volumes

MAINTENANCE = names.Closed.MAINTENANCE
FLOOR = names.Closed.FLOOR


def volume(used_gb=0, held_gb=0, *traits):
    return volumes.VolumeState('v1', 'csv:c1/CSV1', 500, used_gb, held_gb,
                          frozenset(traits))


@pytest.mark.parametrize('traits,text', [
    ((), None),
    ((MAINTENANCE.trait,), None),
    ((names.NO_NEW_DISKS,), 'volume csv:c1/CSV1 is closed to new disks'),
    ((names.NO_NEW_DISKS, FLOOR.trait, MAINTENANCE.trait),
     'volume csv:c1/CSV1 is closed to new disks: in maintenance, physically '
     'free space below the floor')])
def test_a_closed_volume_says_why(traits, text):
    """NO_NEW_DISKS closes; the reasons beside it are words."""
    assert candidate_rules.closing(volume(0, 0, *traits)) == text
    assert candidate_rules.room_refusal(
        volume(0, 0, *traits), 10, 0) == text


@pytest.mark.parametrize('size_gb,taken_gb,refused', [
    (200, 0, False), (201, 0, True), (101, 99, False), (101, 100, True)])
def test_room_kept_for_others_is_not_given_away(size_gb, taken_gb, refused):
    escrowed = volume(0, 300)
    refusal = candidate_rules.room_refusal(escrowed, size_gb, taken_gb)
    assert bool(refusal) is refused
    if refused:
        assert refusal == (
            f'{size_gb} GB on volume csv:c1/CSV1: of its 500 GB 0 are used '
            'and 300 kept for servers whose move failed, 200 are left')
    candidate = {'allocations': {'v1': {'resources': {'DISK_GB': size_gb}}}}
    snapshot = volumes.Snapshot(
        {'v1': escrowed}, {'n1': 'hv1'}, {'n1': frozenset({'v1'})},
        frozenset())
    assert candidate_rules.refusal(
        'n1', candidate, snapshot, {'v1': taken_gb, 'v2': 999}) == refusal


@pytest.mark.parametrize('host,builds,refused', [
    ('n1', (), False), ('n1', (17763,), False), ('n1', (17763, 20348), True),
    ('n2', (17763,), True)])
def test_one_build_says_nothing_of_what_joined_since(host, builds, refused):
    snapshot = volumes.Snapshot(
        {'v1': volume()}, {'n1': 'hv1'}, {'n1': frozenset({'v1'})},
        frozenset({names.HYPERV, *map(names.build_trait, builds)}))
    assert bool(candidate_rules.build_refusal(host, snapshot)) is refused


def test_without_escrow_placement_alone_counts():
    assert candidate_rules.room_refusal(volume(400), 200, 50) is None


@pytest.mark.parametrize('used_gb,held_gb,size_gb,doubtful', [
    (0, 0, 166, False), (0, 0, 167, True),      # three would fit
    (0, 300, 66, False), (0, 300, 67, True),
    (400, 0, 33, False), (400, 0, 34, True),
    (440, 0, 10, False), (440, 0, 11, True),    # a tenth stays free
    (500, 0, 1, True)])
def test_near_full_a_snapshot_is_doubtful(used_gb, held_gb, size_gb,
                                          doubtful):
    assert candidate_rules.is_doubtful(
        volume(used_gb, held_gb), size_gb) is doubtful
