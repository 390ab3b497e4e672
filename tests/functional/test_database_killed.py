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

"""MariaDB dies in the middle, and with it the last second of commits.

It is told to write its log once a second, as many clouds do; what Placement
answered 204 to may be gone after it starts again. No command of ours may
take what it was answered for what stands.
"""

import contextlib
import itertools
import os
import signal
import subprocess

import pytest

from hv_sched import exception
from hv_sched.adopt import adopt
from hv_sched.adopt import retire
from hv_sched.placement import client
from hv_sched.providers import reconcile
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import drifted_cloud
from tests.functional import escrow_case
from tests.functional import mariadb
from tests.functional import nova_answers
from tests.functional import placement_process
from tests.functional import private_server

pytestmark = [pytest.mark.wide, pytest.mark.skipif(
    bool(mariadb.missing()), reason=mariadb.missing())]
SHARE_GB = 10
# A commit that is flushed takes all before it along.
_FLUSH = '''
SET GLOBAL innodb_flush_log_at_trx_commit = 1;
CREATE OR REPLACE TABLE placement.flushed (id INT) ENGINE = InnoDB;
INSERT INTO placement.flushed VALUES (1);
SET GLOBAL innodb_flush_log_at_trx_commit = 0;
'''
SERVERS = 8


class Database:
    """One that can be killed; what was flushed is there afterwards."""

    def __init__(self, folder):
        self._folder = folder
        self._port = private_server.free_port()
        self._running = contextlib.ExitStack()
        mariadb.install(folder)
        self.start()

    def start(self):
        self.url, self._process = self._running.enter_context(
            mariadb.serving(self._folder, self._port))

    def flush(self):
        """What was committed until now outlives the server."""
        subprocess.run(
            [private_server.program('mariadb'), '--no-defaults', '-uroot',
             '-S', str(self._folder / 's.sock'), '-e', _FLUSH],
            check=True, capture_output=True)

    def kill(self):
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._running.close()
        self.start()

    def stop(self):
        self._running.close()


class KilledAfter(reconcile.Progress):
    """Kills the database once so many shares have moved."""

    def __init__(self, database, shares):
        self._database = database
        self._remaining = shares

    def advance(self, count):
        self._remaining -= count
        if self._remaining == 0:
            self._database.kill()


class LosingAdapter(base.Adapter):
    """Kills the database after so many writes that Placement answered.

    :ivar kill_after: the writes until then; None to let it live
    """

    kill_after = None

    def __init__(self, database, address):
        plain = placement_process.adapter(address)
        super().__init__(plain.session, service_type='placement')
        self._database = database

    def another(self):
        """A client whose writes kill nobody."""
        return base.Adapter(self.session, service_type='placement')

    def request(self, url, method, **kwargs):
        response = super().request(url, method, **kwargs)
        if method != 'GET' and self.kill_after:
            self.kill_after -= 1
            if not self.kill_after:
                self._database.kill()
        return response

    def empty(self):
        """No provider and no consumer is left."""
        api = client.from_adapter(self.another())
        listed = read_again(api.list_providers)
        for consumer in {uuid for provider in listed
                         for uuid in api.allocations_on(provider.uuid)}:
            self.another().delete(f'/allocations/{consumer}')
        for provider in listed:
            self.another().delete(f'/resource_providers/{provider.uuid}')


class Cloud(clouds.Cloud):

    def __init__(self, address):
        self.placement = self.admin = placement_process.adapter(address)
        self.api = client.from_adapter(self.admin)
        self.nodes = {}
        self.nova = nova_answers.Answers(self.nodes)
        self.register('hv01', 'hv02')
        self.servers = {self.nova.add(self.own_disk(
            f'hv0{1 + number % 2}', SHARE_GB)) for number in range(SERVERS)}

    def adopt(self, progress=None):
        adopter = adopt.Adopter(self.api, self.nova, clouds.SETTINGS,
                                adopt.AdoptOptions(batch=1), progress)
        adopter.adopt(adopter.inspect(clouds.cluster()))

    def retire(self, progress=None):
        retirer = retire.Retirer(self.api, self.nova, clouds.SETTINGS,
                                 batch=1, progress=progress)
        retirer.retire(retirer.inspect(clouds.cluster()))

    def shares_gb(self):
        """DISK_GB of each server, wherever it is."""
        return {server: sum(
            resources.get('DISK_GB', 0) for resources
            in self.api.consumer(server).held.values())
            for server in self.servers}

    def publish(self, facts):
        for failure in self.reconciler().sync(facts).failures.values():
            raise failure

    def offering(self):
        """The providers a new disk could be on."""
        return {provider for request in self.candidates(1)
                for provider, allocated in request['allocations'].items()
                if 'DISK_GB' in allocated['resources']}

    def on_volume(self):
        return self.api.allocations_on(clouds.VOLUME).keys() & self.servers


@pytest.fixture
def database(tmp_path):
    made = Database(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def cloud(database, tmp_path):
    with placement_process.serving(tmp_path, database.url) as address:
        yield Cloud(address)


@pytest.fixture
def placement(database, tmp_path):
    with placement_process.serving(tmp_path, database.url) as address:
        yield LosingAdapter(database, address)


def read_again(read):
    """Placement's first connections are to the one that died."""
    for _ in range(20):
        with contextlib.suppress(exception.PlacementError):
            return read()
    return read()


@pytest.mark.parametrize('shares', [1, 4, SERVERS])
def test_an_adopt_loses_no_share_and_is_finished(cloud, database, shares):
    before = cloud.shares_gb()
    database.flush()
    with contextlib.suppress(exception.HvSchedError):
        cloud.adopt(KilledAfter(database, shares))
    assert read_again(cloud.shares_gb) == before
    read_again(cloud.adopt)
    assert cloud.shares_gb() == before
    assert cloud.on_volume() == cloud.servers
    assert cloud.hosts(400) == {'hv01', 'hv02'}


@pytest.mark.parametrize('shares', [1, 4])
def test_a_retire_loses_no_share_and_is_finished(cloud, database, shares):
    before = cloud.shares_gb()
    cloud.adopt()
    database.flush()
    with contextlib.suppress(exception.HvSchedError):
        cloud.retire(KilledAfter(database, shares))
    assert read_again(cloud.shares_gb) == before
    read_again(cloud.retire)
    assert cloud.shares_gb() == before
    assert clouds.VOLUME not in {
        listed.uuid for listed in cloud.api.list_providers()}


def test_a_published_volume_is_never_open_beside_open_nodes(cloud, database):
    """What was answered is gone: the next pass writes it again."""
    for server in cloud.servers:
        cloud.admin.delete(f'/allocations/{server}')
    facts = clouds.facts()
    database.flush()
    for _ in range(3):
        with contextlib.suppress(exception.PlacementError):
            cloud.reconciler().sync(facts)
        database.kill()
        offering = read_again(cloud.offering)
        assert clouds.VOLUME not in offering or (
            not offering & set(cloud.nodes.values()))
        read_again(lambda: cloud.publish(facts))
    assert cloud.offering() == {clouds.VOLUME}
    assert cloud.hosts(500) == {'hv01', 'hv02'}


def killed_at_each_write(placement, database, begin, run):
    """What begin() makes, after a run on it, once for each write of the run.

    The database dies once that write was answered; what begin() wrote stays.
    The last run is a whole one.
    """
    for number in itertools.count(1):
        placement.empty()
        begun = begin(placement)
        database.flush()
        placement.kill_after = number
        with contextlib.suppress(exception.HvSchedError):
            run(begun)
        is_whole, placement.kill_after = bool(placement.kill_after), None
        yield number, begun
        if is_whole:
            return


def test_a_heal_frees_and_opens_nothing_and_is_finished(placement, database):
    healed = 0
    for number, cloud in killed_at_each_write(
            placement, database, drifted_cloud.DriftedCloud,
            drifted_cloud.DriftedCloud.heal):
        read_again(cloud.assert_nothing_is_half_done)
        read_again(cloud.heal)
        cloud.assert_nothing_is_half_done()
        cloud.assert_healed(f'killed after write {number}')
        healed = number
    assert healed >= 6


@pytest.mark.parametrize('run', [
    escrow_case.CrowdedCase.attempt, escrow_case.CrowdedCase.attempt_servers])
def test_a_restore_loses_no_escrow_and_is_finished(placement, database, run):
    """After failed moves: of a whole pass, and of what Nova told of."""
    restored = 0
    for number, case in killed_at_each_write(
            placement, database, escrow_case.CrowdedCase, run):
        read_again(case.assert_nothing_is_half_done)
        read_again(case.restore)
        case.assert_restored()
        restored = number
    assert restored >= 4
