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

"""No cell of the table of missing facts widens what is offered."""

import pytest

from doc import missing_facts
from doc.missing_facts import Start
from doc.missing_facts import Way
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.widening import widens

# No fact can be any of them, and some readers would make one of it.
ODD = ({'odd': True}, None, '?', -1, {}, [None], [{}])
ROWS = [field.path for field in missing_facts.rows()]


def cells(path, start):
    """The cells of a row; more of them where more can open."""
    for way in missing_facts.ways(path):
        for odd in ODD if (way, start) == (Way.ODD, Start.CLOSED) else ODD[:1]:
            yield way, odd


def refused(stands, told):
    """What of a plan takes nothing away, but gives."""
    plan = missing_facts.planned_on(stands, told)
    before = {uuid: stands.providers[uuid] for uuid in
              missing_facts.volumes()}
    for change in plan.changes if plan else ():
        stands.apply(change)
    for uuid, volume in before.items():
        after = stands.providers[uuid]
        lost = (volume.traits - after.traits) & {names.SHARING, names.VOLUME}
        if lost or ids.home_aggregate(uuid) not in after.aggregates:
            yield f'{volume.name} is withdrawn'
        disk = after.inventories['DISK_GB']
        if disk.reserved < volume.inventories['DISK_GB'].reserved:
            yield f'{volume.name} reserves less'
        if disk.capacity < missing_facts.SHARE_GB:
            yield f'{volume.name} is smaller than what is on it'
    yield from (str((change.name, change.lines)) for change in (
        plan.changes if plan else ()) if widens(change))


@pytest.mark.parametrize('start', Start)
@pytest.mark.parametrize('path', ROWS)
def test_no_cell_widens(path, start):
    for way, odd in cells(path, start):
        told = missing_facts.spoiled(start, path, way, odd)
        assert list(refused(missing_facts.settled(start), told)) == [], (
            way, odd)


@pytest.mark.parametrize('start', Start)
def test_the_complete_source_leaves_nothing_to_do(start):
    plan = missing_facts.planned_on(
        missing_facts.settled(start), missing_facts.document(start))
    assert [cluster.changes for cluster in plan.clusters] == [()]


def test_the_closed_start_is_closed_in_every_way_a_source_can_close():
    stands = missing_facts.settled(Start.CLOSED)
    first, _second = missing_facts.volumes()
    assert {reason.name for reason in names.closed_reasons(
        stands.providers[first].traits)} == {
            'MAINTENANCE', 'OFFLINE', 'FLOOR', 'OPERATOR'}
    in_all = frozenset().union(*(
        provider.traits for provider in stands.providers.values()))
    assert {names.PAUSED, names.REDIRECTED, names.cut_off_trait(first)
            } <= in_all
