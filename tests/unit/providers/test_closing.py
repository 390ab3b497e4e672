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

"""Why a volume takes no new disks, and what opens it again."""

import dataclasses

import pytest

from hv_sched import model
from hv_sched.placement import disk_ratio
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from hv_sched.providers import closing
from hv_sched.providers.settings import Settings

GIB = model.GIB
FULL = model.Volume('g', 'v', 500 * GIB, free_bytes=500 * GIB)
BLIND = dataclasses.replace(FULL, free_bytes=None)


def volume(**fields):
    if 'free_gb' in fields:
        fields['free_bytes'] = fields.pop('free_gb') * GIB
    return dataclasses.replace(FULL, **fields)


def standing(*reasons):
    """The traits of a volume that is closed for these reasons."""
    return {names.NO_NEW_DISKS, *(reason.trait for reason in reasons)}


def closed(vol, traits=(), owed_gb=0, **options):
    settings = Settings(**{
        'floor_percent': 10, 'floor_hysteresis_percent': 2, **options})
    return closing.closed_reasons(vol, frozenset(traits), owed_gb, settings)


@pytest.mark.parametrize('free_gb,before,is_closed', [
    (51, False, False), (49, False, True),
    (51, True, True), (59, True, True), (60, True, False)])
def test_the_floor_closes_at_once_and_opens_a_little_later(
        free_gb, before, is_closed):
    traits = standing(Closed.FLOOR) if before else ()
    assert set(closed(volume(free_gb=free_gb), traits)) == (
        {Closed.FLOOR} if is_closed else set())


def test_the_higher_floor_counts():
    assert closed(volume(free_gb=99), floor_gb=100)
    assert not closed(volume(free_gb=100), floor_gb=100)


def test_floor_zero_is_off():
    assert not closed(volume(free_gb=0), floor_percent=0)
    assert not closed(volume(free_gb=0), standing(Closed.FLOOR),
                      floor_percent=0)


def test_a_volume_may_have_a_floor_of_its_own():
    own = {'floor_percent': 0, 'floor_gb': 30}
    assert closed(volume(free_gb=29, **own))
    assert not closed(volume(free_gb=30, **own), floor_gb=100)
    # What he leaves to the options is theirs.
    assert closed(volume(free_gb=99, floor_percent=0), floor_gb=100)
    as_configured = {'floor_percent': model.AS_CONFIGURED,
                     'floor_gb': model.AS_CONFIGURED}
    remembered = names.floor_traits(percent=90, gb=400)
    assert not closed(volume(free_gb=51, **as_configured), remembered)


def test_a_floor_that_cannot_be_read_stays_in_force():
    remembered = names.floor_traits(percent=0, gb=100)
    assert closed(volume(free_gb=99), remembered)
    assert not closed(volume(free_gb=100), remembered, floor_gb=200)


def test_maintenance_and_the_operator_close():
    assert closed(volume(maintenance=True)) == {
        Closed.MAINTENANCE: 'in maintenance'}
    assert closed(volume(accepts_new_disks=False)) == {
        Closed.OPERATOR: 'closed by the operator'}


def test_every_reason_that_stands_is_named():
    assert set(closed(volume(free_gb=0, maintenance=True,
                             accepts_new_disks=False))) == {
        Closed.MAINTENANCE, Closed.FLOOR, Closed.OPERATOR}


HEALTHY = {'maintenance': False, 'state': model.CsvState.ONLINE,
           'accepts_new_disks': True}


@pytest.mark.parametrize('reason', [
    reason for reason in Closed if reason is not Closed.OVERCOMMITTED])
def test_a_reason_goes_when_its_fact_is_told_again(reason):
    assert not closed(volume(**HEALTHY), standing(reason))


@pytest.mark.parametrize(('reason', 'fact'), [
    (Closed.MAINTENANCE, 'maintenance'), (Closed.OFFLINE, 'state'),
    (Closed.OPERATOR, 'accepts_new_disks'), (Closed.FLOOR, 'free_bytes')])
def test_a_reason_stays_while_its_fact_is_not_told(reason, fact):
    vol = volume(**{**HEALTHY, fact: None})
    assert set(closed(vol, standing(reason))) == {reason}
    assert not closed(vol)


@pytest.mark.parametrize(('is_stale', 'stands', 'stays'), [
    (True, False, True), (True, True, True), (False, True, False),
    (None, True, True), (None, False, False)])
def test_old_facts_close_and_undated_ones_open_nothing(is_stale, stands,
                                                       stays):
    traits = frozenset(standing(Closed.STALE) if stands else ())
    assert (Closed.STALE in closing.closed_reasons(
        FULL, traits, 0, Settings(), is_stale)) is stays


@pytest.mark.parametrize('state', [
    state for state in model.CsvState
    if state is not model.CsvState.ONLINE])
@pytest.mark.parametrize('size_bytes', [None, 500 * GIB])
def test_a_volume_that_is_not_online_is_closed(state, size_bytes):
    assert closed(volume(state=state, size_bytes=size_bytes)) == {
        Closed.OFFLINE: state.value}


def test_a_volume_without_a_size_is_closed_until_one_is_told():
    sizeless = volume(size_bytes=None)
    assert set(closed(sizeless)) == {Closed.REFUSED}
    assert not closed(FULL, standing(Closed.REFUSED))


def test_what_the_operator_closed_opens_only_when_he_says_so():
    traits = standing(Closed.OPERATOR)
    assert set(closed(FULL, traits)) == {Closed.OPERATOR}
    assert not closed(volume(accepts_new_disks=True), traits)


def test_unknown_free_space_leaves_the_floor_as_it_was():
    assert not closed(BLIND)
    assert set(closed(BLIND, standing(Closed.FLOOR))) == {Closed.FLOOR}


@pytest.mark.parametrize('fields,reason', [
    ({'maintenance': True}, Closed.MAINTENANCE),
    ({'free_gb': 55}, Closed.FLOOR), ({}, Closed.OPERATOR),
    ({'free_bytes': None}, Closed.OPERATOR)])
def test_a_bare_trait_stands_for_what_the_facts_show_else_for_the_operator(
        fields, reason):
    assert set(closed(volume(**fields), {names.NO_NEW_DISKS})) == {reason}


def test_a_reason_of_another_release_is_the_operators_whatever_else_closes():
    """As after going back to a release that does not know it."""
    traits = {*standing(Closed.MAINTENANCE), names.CLOSED_PREFIX + 'FENCED'}
    during = closed(volume(maintenance=True), traits)
    assert set(during) == {Closed.MAINTENANCE, Closed.OPERATOR}
    assert 'CUSTOM_CSV_CLOSED_FENCED' in during[Closed.OPERATOR]
    assert set(closed(volume(maintenance=False), traits)) == {Closed.OPERATOR}
    assert not closed(volume(maintenance=False, accepts_new_disks=True),
                      traits)


def test_a_volume_that_owes_room_stays_closed():
    traits = {names.NO_NEW_DISKS, disk_ratio.overcommit_trait(1.0)}
    assert closed(BLIND, traits, owed_gb=507) == {
        Closed.OVERCOMMITTED: '7 GB more allocated than it holds'}
    assert not closed(BLIND, traits, owed_gb=500)


def test_an_open_volume_has_no_closing_trait():
    assert closing.closed_traits({}) == frozenset()
    assert closing.closed_traits({Closed.FLOOR: ''}) == {
        names.NO_NEW_DISKS, 'CUSTOM_CSV_CLOSED_FLOOR'}
