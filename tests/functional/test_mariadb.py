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

import collections
from concurrent import futures
import contextlib
import dataclasses
import itertools
import random
import threading
import time
import uuid

from keystoneauth1 import exceptions as ks_exc
import pytest
import sqlalchemy

from hv_sched import exception
from hv_sched import model
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import removal
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from hv_sched.recovery import restore
from tests.functional import cloud as clouds
from tests.functional import mariadb
from tests.functional import nova_answers
from tests.functional import placement_process

pytestmark = pytest.mark.skipif(bool(mariadb.missing()),
                                reason=mariadb.missing())
SETTINGS = Settings(workers=8, conflict_retries=20)


class Cloud(clouds.Cloud):
    def __init__(self, adapter):
        self.placement = self.admin = adapter
        self.api = client.from_adapter(adapter)
        self.nodes = {}

    def register_all(self, facts):
        """The nodes that are not yet; tests run in any order."""
        self.register(*(node.name for cluster in facts.clusters
                        for node in cluster.nodes
                        if node.name not in self.nodes))


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """Placement's address, and its database's."""
    with placement_process.endpoint(tmp_path_factory.mktemp('mariadb'),
                                    mariadb) as addresses:
        yield addresses


@pytest.fixture(scope='module')
def cloud(site):
    return Cloud(placement_process.adapter(site[0]))


def test_a_provider_is_not_deleted_below_a_claim_on_its_way(site, cloud):
    """Placement's DELETE looks for allocations before it deletes."""
    volume, server = str(uuid.uuid4()), str(uuid.uuid4())
    cloud.api.create_provider(volume, f'to be deleted {volume}')
    cloud.api.set_inventories(volume, 0, {'DISK_GB': Inventory(500)})
    engine = sqlalchemy.create_engine(site[1], future=True)
    deleting = futures.ThreadPoolExecutor(1)
    with engine.connect() as connection:
        # Who deletes has looked for allocations when this row stops it.
        connection.execute(sqlalchemy.text(
            'SELECT id FROM inventories WHERE resource_provider_id = :id '
            'FOR UPDATE'), {'id': connection.execute(sqlalchemy.text(
                'SELECT id FROM resource_providers WHERE uuid = :uuid'),
                {'uuid': volume}).scalar_one()})
        deleted = deleting.submit(removal.delete, client.from_adapter(
            placement_process.adapter(site[0])), volume)
        until_somebody_waits(engine, deleted)
        cloud.allocate(server, {volume: {'resources': {'DISK_GB': 10}}})
        connection.rollback()
    with pytest.raises(exception.PlacementError):
        deleted.result(60)
    assert cloud.api.consumer(server).held == {volume: {'DISK_GB': 10}}
    cloud.admin.delete(f'/allocations/{server}')
    removal.delete(cloud.api, volume)
    engine.dispose()


def until_somebody_waits(engine, deleted):
    """InnoDB looks anew only when nobody has asked for 0.1 s."""
    end = time.monotonic() + 60
    waiting = sqlalchemy.text('SELECT COUNT(*) FROM information_schema.'
                              "innodb_trx WHERE trx_state = 'LOCK WAIT'")
    while time.monotonic() < end:
        time.sleep(0.3)
        assert not deleted.done(), deleted.exception() or 'it is deleted'
        with engine.connect() as connection:
            if connection.execute(waiting).scalar():
                return
    raise AssertionError('nobody waits for the row')


def source(clusters=3, nodes=4):
    return model.Facts(tuple(model.Cluster(
        guid=f'11111111-1111-4111-8111-{number:012d}', name=f'hvc{number}',
        nodes=tuple(model.Node(f'hv{number}-{n}', 14393, home=clouds.guid(
            10 * number + n % 2)) for n in range(nodes)),
        volumes=tuple(clouds.volume(10 * number + v, 500)
                      for v in range(2))) for number in range(clusters)))


def test_parallel_writers_while_servers_come_and_go(cloud):
    facts = source()
    cloud.register_all(facts)
    result = reconcile.Reconciler(cloud.api, SETTINGS).sync(facts)
    assert result.failures == {}

    stop = threading.Event()
    busy = []
    refused = []

    def servers():
        # Twenty claims and releases a second, on whatever volume comes first.
        while not stop.wait(0.05):
            try:
                consumer = cloud.create(1)
            except (IndexError, ks_exc.HttpError) as exc:
                # No candidate just now, or a write that was faster.
                refused.append(exc)
                continue
            busy.append(consumer)
            cloud.admin.delete(f'/allocations/{consumer}')

    thread = threading.Thread(target=servers)
    thread.start()
    try:
        for total_gb in itertools.count(600, 200):
            assert thread.is_alive() and total_gb < 20000, refused[-3:]
            grown = model.Facts(tuple(
                dataclasses.replace(cluster, volumes=tuple(
                    clouds.volume(10 * number + v, total_gb)
                    for v in range(2)))
                for number, cluster in enumerate(facts.clusters)))
            result = reconcile.Reconciler(cloud.api, SETTINGS).sync(grown)
            assert result.failures == {}
            if total_gb >= 800 and len(busy) > 3:
                break
    finally:
        stop.set()
        thread.join()
    totals = {p.name: cloud.api.inventories(p.uuid)[1]['DISK_GB'].total
              for p in cloud.api.list_providers(required=names.VOLUME)}
    assert len(totals) == 6 and set(totals.values()) == {total_gb}
    for full in (True, False):
        plan, _observed = reconcile.Reconciler(
            cloud.api, SETTINGS).plan(grown, full)
        assert plan.changes == (), 'a FLOAT is no reason to write again'


def test_a_ratio_mysql_rounds_is_not_written_again(cloud):
    settings = Settings(workers=8, csv_allocation_ratio=1.1234567)
    facts = source()
    cloud.register_all(facts)
    assert reconcile.Reconciler(cloud.api, settings).sync(facts).done
    plan, _observed = reconcile.Reconciler(cloud.api, settings).plan(facts)
    assert plan.changes == ()
    _generation, inventories = cloud.api.inventories(ids.volume_uuid(
        facts.clusters[0].guid, facts.clusters[0].volumes[0].guid))
    assert inventories['DISK_GB'].allocation_ratio == pytest.approx(
        1.1234567, rel=1e-5)


STORM_SECONDS = 45
SHARE_GB = 20


class Storm:
    """Syncs, failed moves, restores and claims of one cluster at once.

    :ivar servers: who has a share, and must have exactly it in the end
    :ivar errors: what ended a part of the storm early
    """

    def __init__(self, cloud):
        self.cloud = cloud
        self.nova = nova_answers.Answers(cloud.nodes)
        self.servers = set()
        self.errors = []
        self.counts = collections.Counter()
        self._end = time.monotonic() + STORM_SECONDS
        self._random = random.Random(7)

    @staticmethod
    def facts(total_gb):
        cluster, = source(clusters=1).clusters
        return model.Facts((dataclasses.replace(cluster, volumes=tuple(
            clouds.volume(number, total_gb) for number in range(2))),))

    def run(self):
        parts = (self.sync, self.claim, self.fail_a_move, self.restore)
        threads = [threading.Thread(target=self._repeat, args=(part,))
                   for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _repeat(self, part):
        try:
            while time.monotonic() < self._end:
                # Somebody was faster ten times over: the next pass does it.
                with contextlib.suppress(exception.PlacementError):
                    part()
                    self.counts[part.__name__] += 1
                time.sleep(0.1)
        except Exception as exc:  # noqa: BLE001 told by the test
            self.errors.append((part.__name__, exc))

    def sync(self):
        result = reconcile.Reconciler(self.cloud.api, SETTINGS).sync(
            self.facts(self._random.choice((600, 700, 800))))
        for failure in result.failures.values():
            raise failure

    def claim(self):
        server = self.cloud.create(SHARE_GB)
        if len(self.servers) >= 20:
            self.cloud.admin.delete(f'/allocations/{server}')
            return
        self.nova.add(server)
        self.servers.add(server)

    def fail_a_move(self):
        """What a rolled back live migration leaves: escrow for the share."""
        if not self.servers:
            return
        consumer = self.cloud.api.consumer(
            self._random.choice(sorted(self.servers)))
        held = {uuid: {names.HELD_DISK_GB if rc == names.DISK_GB else rc:
                       amount for rc, amount in resources.items()}
                for uuid, resources in consumer.held.items()}
        self.cloud.api.write_consumers([
            dataclasses.replace(consumer, held=held)])

    def restore(self):
        restore.Restorer(self.cloud.api, self.nova,
                         sleep=lambda seconds: None).restore()


@pytest.mark.long
def test_a_storm_of_syncs_restores_and_claims_loses_no_share(cloud):
    cloud.register_all(source(clusters=1))
    reconcile.Reconciler(cloud.api, SETTINGS).sync(source(clusters=1))
    storm = Storm(cloud)
    storm.run()
    assert storm.errors == [] and min(storm.counts.values()) > 3, (
        storm.errors, storm.counts)
    storm.restore()
    storm.restore()
    reconcile.Reconciler(cloud.api, SETTINGS).sync(storm.facts(800))
    for server in storm.servers:
        assert [resources for uuid, resources
                in cloud.api.consumer(server).held.items()
                if uuid not in cloud.nodes.values()] == [
                    {names.DISK_GB: SHARE_GB}], server
    for listed in cloud.api.list_providers(required=names.VOLUME):
        if not listed.name.startswith('csv:hvc0/'):
            continue
        inventories = cloud.api.inventories(listed.uuid)[1]
        used = cloud.api.usages(listed.uuid)[1]
        assert used.get(names.HELD_DISK_GB, 0) == 0
        assert inventories[names.DISK_GB].total == 800
        assert used.get(names.DISK_GB, 0) <= (
            inventories[names.DISK_GB].capacity)
