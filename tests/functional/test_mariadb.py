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

"""What only a production database shows: real concurrency, FLOAT columns."""

import dataclasses
import threading

import pytest

from hv_sched import model
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from tests.functional import cloud as clouds
from tests.functional import mariadb

pytestmark = pytest.mark.skipif(bool(mariadb.missing()),
                                reason=mariadb.missing())
SETTINGS = Settings(workers=8, conflict_retries=20)


class Cloud(clouds.Cloud):
    def __init__(self, adapter):
        self.placement = self.admin = adapter
        self.api = client.from_adapter(adapter)
        self.nodes = {}


@pytest.fixture(scope='module')
def cloud(tmp_path_factory):
    with mariadb.placement(tmp_path_factory.mktemp('mariadb')) as adapter:
        yield Cloud(adapter)


def source(clusters=3, nodes=4):
    return model.Facts(tuple(model.Cluster(
        guid=f'11111111-1111-4111-8111-{number:012d}', name=f'hvc{number}',
        nodes=tuple(model.Node(f'hv{number}-{n}', 14393, home=clouds.guid(
            10 * number + n % 2)) for n in range(nodes)),
        volumes=tuple(clouds.volume(10 * number + v, 500)
                      for v in range(2))) for number in range(clusters)))


def test_parallel_writers_while_servers_come_and_go(cloud):
    facts = source()
    for cluster in facts.clusters:
        cloud.register(*(node.name for node in cluster.nodes))
    result = reconcile.Reconciler(cloud.api, SETTINGS).sync(facts)
    assert result.failures == {}

    stop = threading.Event()
    busy = []

    def servers():
        while not stop.is_set():
            consumer = cloud.create(1)
            busy.append(consumer)
            cloud.admin.delete(f'/allocations/{consumer}')

    thread = threading.Thread(target=servers)
    thread.start()
    try:
        for total_gb in (600, 800):
            grown = model.Facts(tuple(
                dataclasses.replace(cluster, volumes=tuple(
                    clouds.volume(10 * number + v, total_gb)
                    for v in range(2)))
                for number, cluster in enumerate(facts.clusters)))
            result = reconcile.Reconciler(cloud.api, SETTINGS).sync(grown)
            assert result.failures == {}
    finally:
        stop.set()
        thread.join()
    assert len(busy) > 3
    totals = {p.name: cloud.api.inventories(p.uuid)[1]['DISK_GB'].total
              for p in cloud.api.list_providers(required=names.VOLUME)}
    assert len(totals) == 6 and set(totals.values()) == {800}
    for full in (True, False):
        plan, _observed = reconcile.Reconciler(
            cloud.api, SETTINGS).plan(grown, full)
        assert plan.changes == (), 'a FLOAT is no reason to write again'


def test_a_ratio_mysql_rounds_is_not_written_again(cloud):
    settings = Settings(workers=8, csv_allocation_ratio=1.1234567)
    facts = source()
    assert reconcile.Reconciler(cloud.api, settings).sync(facts).done
    plan, _observed = reconcile.Reconciler(cloud.api, settings).plan(facts)
    assert plan.changes == ()
    _generation, inventories = cloud.api.inventories(ids.volume_uuid(
        facts.clusters[0].guid, facts.clusters[0].volumes[0].guid))
    assert inventories['DISK_GB'].allocation_ratio == pytest.approx(
        1.1234567, rel=1e-5)
