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

"""Placement itself lets a claim in that a faster one left no room for.

It begins a write that met another one again inside the same database
transaction. There MariaDB shows what was used before the faster write; on
PostgreSQL what the first attempt wrote counts as held before, so that the
claim seems to make nothing worse (bug 2104040's mending). Without attempts of
Placement's own it answers 409 concurrent_update, and Nova asks again.
"""

import threading
import time
import uuid

import pytest
import sqlalchemy

from hv_sched.placement import client
from hv_sched.placement.inventory import Inventory
from tests.functional import mariadb
from tests.functional import placement_process
from tests.functional import postgresql

SIZE_GB = 500
WAIT_SECONDS = 3
FASTER = (
    'INSERT INTO allocations (resource_provider_id, consumer_id, '
    'resource_class_id, used) SELECT p.id, :consumer, c.id, 20 '
    'FROM resource_providers p, resource_classes c '
    "WHERE p.uuid = :provider AND c.name = 'DISK_GB'",
    'UPDATE resource_providers SET generation = generation + 1 '
    'WHERE uuid = :provider')


def claim(adapter, provider, gb):
    return adapter.put(f'/allocations/{uuid.uuid4()}', json={
        'allocations': {provider: {'resources': {'DISK_GB': gb}}},
        'consumer_generation': None, 'project_id': 'p', 'user_id': 'u'},
        microversion='1.28', raise_exc=False).status_code


@pytest.fixture(params=[mariadb, postgresql],
                ids=lambda module: module.__name__.rpartition('.')[2])
def site(request, tmp_path, monkeypatch, attempts):
    """Placement's address and its database's."""
    if reason := request.param.missing():
        pytest.skip(reason)
    if attempts:
        monkeypatch.setenv(
            'OS_PLACEMENT__ALLOCATION_CONFLICT_RETRY_COUNT', attempts)
    with placement_process.endpoint(tmp_path, request.param) as addresses:
        yield addresses


@pytest.mark.wide
@pytest.mark.parametrize('attempts', [
    pytest.param('', marks=pytest.mark.xfail(
        reason='Placement attempts it again in one transaction')), '1'])
def test_a_claim_that_waits_for_a_faster_one(site):
    """The faster one's rows stand locked until the other waits for them."""
    adapter, provider = placement_process.adapter(site[0]), str(uuid.uuid4())
    api = client.from_adapter(adapter)
    api.create_provider(provider, 'volume')
    api.set_inventories(provider, 0, {'DISK_GB': Inventory(SIZE_GB)})
    assert claim(adapter, provider, 480) == 204
    statuses: list[int] = []
    slower = threading.Thread(target=lambda: statuses.append(
        claim(adapter, provider, 20)))
    engine = sqlalchemy.create_engine(site[1])
    with engine.begin() as connection:
        for statement in FASTER:
            connection.execute(sqlalchemy.text(statement), {
                'provider': provider, 'consumer': str(uuid.uuid4())})
        slower.start()
        time.sleep(WAIT_SECONDS)
    slower.join()
    engine.dispose()
    assert (statuses, api.usages(provider)[1]['DISK_GB']) == ([409], SIZE_GB)
