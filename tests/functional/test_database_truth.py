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

"""What the observer of parallel writers and its claimers call wrong."""

import json

import pytest

from tests.functional import claimer
from tests.functional import claimers
from tests.functional import cloud as clouds
from tests.functional import database_truth

KEPT = 'kept'
SHARE = (KEPT, clouds.VOLUME, 'DISK_GB', 10)
CONFLICT = {'errors': [{'code': 'placement.concurrent_update'}]}
FULL = {'errors': [{'code': 'placement.undefined_code'}]}


def observed(rows, offered_gb=500):
    observer = database_truth.Observer(None, {KEPT}, 10, 20, 500)
    observer.look(rows, offered_gb)
    return observer


@pytest.mark.parametrize(('rows', 'fault'), [
    ([SHARE], None),
    ([SHARE, (KEPT, clouds.VOLUME, 'VCPU', 1)], None),
    ([], 'kept holds 0 GB'),
    ([SHARE, (KEPT, 'node', 'DISK_GB', 10)], 'kept holds 20 GB'),
    ([SHARE, ('other', clouds.VOLUME, 'DISK_GB', 20)], None),
    ([SHARE, ('other', clouds.VOLUME, 'DISK_GB', 20),
      ('other', 'node', 'DISK_GB', 20)], 'other holds 40 GB'),
    ([SHARE, ('other', 'node', 'VCPU', 1)], 'other holds 0 GB')])
def test_a_look_is_judged(rows, fault):
    assert observed(rows).violations == (
        [f'look 1: {fault}'] if fault else [])


def test_more_is_offered_than_there_is():
    assert observed([SHARE], 501).violations == [
        'look 1: 501 GB of the volume are offered']


@pytest.mark.parametrize(('count', 'provider', 'rc', 'overfull'), [
    (24, clouds.VOLUME, 'DISK_GB', 0), (25, clouds.VOLUME, 'DISK_GB', 1),
    (25, clouds.VOLUME, 'CUSTOM_CSV_HELD_DISK_GB', 1),
    (25, 'node', 'DISK_GB', 0)])
def test_all_consumers_of_the_volume_are_counted(count, provider, rc,
                                                 overfull):
    others = [(f'other {number}', provider, rc, 20)
              for number in range(count)]
    assert observed([SHARE, *others]).overfull == overfull


@pytest.mark.parametrize(('status', 'answer', 'outcome'), [
    (204, {}, 'granted'), (409, CONFLICT, 'conflict'),
    (409, FULL, 'no room'), (400, FULL, 'provider gone'),
    (500, {}, 'answer 500')])
def test_what_a_claim_came_to(status, answer, outcome):
    assert claimer._outcome(status, answer) == outcome


def test_nova_knows_a_server_before_placement_and_forgets_it_before(
        tmp_path):
    """A line that is not written to its end is read later."""
    told = claimers.Claimers('', tmp_path)
    journal = tmp_path / 'claims-1'
    told._read_bytes[journal] = 0
    nova = claimers.Nova({'hv01': 'node'}, told)
    held = {'node': {'resources': {'VCPU': 1}}}
    seen = []
    for state, after in (('claiming', held), ('held', held),
                         ('releasing', None), ('gone', None)):
        line = json.dumps([state, 'server', after])
        for part in (line[:9], line[9:] + '\n'):
            with journal.open('a') as to:
                to.write(part)
            server = nova.server('server')
            seen.append(server and (server.vm_state, server.node))
    building, active = ('building', None), ('active', 'hv01')
    assert seen == [None, building, building, active, active, None, None, None]
    assert nova.changes(60).servers == {'server': None}
    assert told.ledger == {'server': {}}
