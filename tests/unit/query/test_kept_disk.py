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


"""The question for a server whose disk stays, and what it may not ask."""

import dataclasses

import pytest

from hv_sched.placement import names
from hv_sched.query import build
from hv_sched.query import candidate_rules
from hv_sched.query import rules
from hv_sched.query import volume_traits
from hv_sched.query.candidates_query import Group
from hv_sched.snapshot import volumes

SSD, HDD = 'STORAGE_DISK_SSD', 'STORAGE_DISK_HDD'
FAST = volumes.VolumeState('v1', 'csv:c1/fast', 500, 0,
                           traits=frozenset({SSD, 'CUSTOM_GOLD'}))
SLOW = volumes.VolumeState('v2', 'csv:c1/slow', 500, 0,
                           traits=frozenset({HDD}))


def asks(required=(), forbidden=()):
    return Group(required=frozenset(required), forbidden=frozenset(forbidden))


@pytest.mark.parametrize(('groups', 'on'), [
    ([asks()], [SLOW]), ([asks([SSD])], [FAST]),
    ([asks([SSD, 'CUSTOM_GOLD'], [HDD])], [FAST]),
    ([asks([SSD])], [SLOW, FAST]), ([asks([SSD]), asks([HDD])], [FAST, SLOW]),
    ([], [SLOW])])
def test_the_volume_is_as_it_is_asked(groups, on):
    assert volume_traits.unmet(groups, on) is None


@pytest.mark.parametrize(('groups', 'on', 'lacking'), [
    ([asks([SSD])], [SLOW], f'with {SSD}'),
    ([asks([], [HDD])], [SLOW], f'without {HDD}'),
    ([asks([SSD], [HDD])], [SLOW], f'with {SSD} and without {HDD}'),
    ([asks([SSD, 'CUSTOM_GOLD'])], [dataclasses.replace(
        FAST, traits=frozenset({SSD}))], 'with CUSTOM_GOLD'),
    ([asks([SSD]), asks([HDD])], [FAST], f'with {HDD}'),
    ([asks([SSD, HDD])], [FAST, SLOW], f'with {HDD}')])
def test_what_the_volume_lacks(groups, on, lacking):
    assert volume_traits.unmet(groups, on) == lacking


def test_a_refusal_names_the_volumes_of_the_disk():
    assert volume_traits.stays('with X', [SLOW, FAST]) == (
        'its disk stays on volume csv:c1/fast, csv:c1/slow, and the flavor '
        'or image asks for a volume with X')


def built(runs_already=False, traits=frozenset(), **extra_specs):
    snapshot = volumes.Snapshot(
        {volume.uuid: volume for volume in (FAST, SLOW)}, {'n1': 'hv1'},
        {'n1': frozenset({'v2'})}, traits)
    return build.build(build.ServerRequest(
        {'vcpus': 1, 'ram_mb': 512, 'root_gb': 20,
         'extra_specs': extra_specs}, {}, keeps_disk_on=frozenset({'v2'}),
        runs_already=runs_already), snapshot, False, build.Switches())


@pytest.mark.parametrize('specs', [
    {}, {'resources:DISK_GB': '7'}, {'resources1:DISK_GB': '7'},
    {'resources1:DISK_GB': '7', f'trait1:{HDD}': 'required'}])
def test_no_group_asks_for_the_disk_that_stays(specs):
    query = built(**specs)
    assert query.request.amount('DISK_GB') == 0
    assert list(query.request.groups) == ['']
    assert query.refused == ()


def test_a_group_that_asks_for_more_stays_without_the_disk():
    groups = built(**{'resources1:DISK_GB': '7', 'resources1:CUSTOM_X': '1',
                      'resources2:CUSTOM_Y': '1'}).request.groups
    assert groups['1'].resources == {'CUSTOM_X': 1}
    assert groups['2'].resources == {'CUSTOM_Y': 1}


@pytest.mark.parametrize('specs', [
    {f'trait:{SSD}': 'required'},
    {'resources1:DISK_GB': '7', f'trait1:{SSD}': 'required'}])
def test_a_new_flavor_asks_of_the_medium_the_disk_stays_on(specs):
    [reason] = built(**specs).refused
    assert reason.startswith('its disk stays on volume csv:c1/slow, ')
    assert reason.endswith(f'asks for a volume with {SSD}')
    assert built(runs_already=True, **specs).refused == ()


def test_nodes_that_do_not_reach_the_volume_are_forbidden_by_name():
    """Of the volumes of the disk only, and only by names Placement knows."""
    reach = {names.cut_off_trait(volume.uuid) for volume in (FAST, SLOW)}
    assert built(traits=frozenset(reach)).request.root_forbidden >= {
        names.cut_off_trait('v2')}
    assert names.cut_off_trait('v1') not in (
        built(traits=frozenset(reach)).request.root_forbidden)
    assert not reach & built().request.root_forbidden


def test_what_a_node_does_not_reach_is_said_with_both_names():
    snapshot = volumes.Snapshot(
        {'v2': SLOW}, {'n1': 'hv1', 'n2': 'hv2'}, {}, frozenset(),
        cut_off={'v2': frozenset({'n1'})})
    assert rules.cut_off_refusal({'hv1', 'hv2'}, ['v2'], snapshot) == (
        'hv1 does not reach volume csv:c1/slow')
    assert rules.cut_off_refusal({'hv2'}, ['v2'], snapshot) == ''
    assert candidate_rules.reach_refusal('n1', ['v2'], snapshot) == (
        'it does not reach volume csv:c1/slow')
    assert candidate_rules.reach_refusal('n2', ['v2'], snapshot) is None


@pytest.mark.parametrize(('traits', 'is_live', 'reached'), [
    ((), True, ['v1', 'v2']), ((), False, ['v1', 'v2']),
    ([names.LIVE_MOVE_COPIES_DISK], True, ['v2']),
    ([names.LIVE_MOVE_COPIES_DISK], False, ['v1', 'v2']),
    ([names.COLD_MOVE_KEEPS_DISK], True, ['v1', 'v2']),
    ([names.COLD_MOVE_KEEPS_DISK], False, ['v2'])])
def test_how_far_a_kept_disk_can_be_used(traits, is_live, reached):
    """The volume says whether nodes of other homes can."""
    slow = dataclasses.replace(SLOW, traits=frozenset(traits))
    snapshot = volumes.Snapshot({'v1': FAST, 'v2': slow}, {}, {},
                                frozenset())
    assert sorted(rules.reached_from(['v2'], snapshot, is_live)) == reached
