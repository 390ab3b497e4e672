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

"""Everybody writes to one cluster at once, on a production database.

Eight agents, adopt, heal and claims, at most fifty a second, on Placement
with several worker processes. An observer reads the database itself, each
look in one transaction: at no look does the cluster's disk hold more than it
has, and no server has more or less than its share.
"""

import collections
from collections.abc import Callable
import contextlib
import json
import os
import pathlib
import random
import threading
import time
import uuid

import pytest
import sqlalchemy

from doc import concurrency_page
from hv_sched import exception
from hv_sched.adopt import adopt
from hv_sched.adopt import retire
from hv_sched.audit import auditor
from hv_sched.audit import heal
from hv_sched.compute.servers import Needs
from hv_sched.compute.servers import Server
from hv_sched.placement import client
from hv_sched.providers import reconcile
from hv_sched.providers.settings import Settings
from tests import records
from tests.functional import cloud as clouds
from tests.functional import mariadb
from tests.functional import nova_answers
from tests.functional import placement_process
from tests.functional import postgresql

AGENTS = 8
CLIENTS = range(concurrency_page.CLIENTS)
SERVERS = 30
SHARE_GB = 10
SIZE_GB = 500
LOOK_SECONDS = 0.1
# Between two passes of an agent or a command; an agent's own is 60.
PAUSE_SECONDS = 1
SECONDS = float(os.environ.get('CONCURRENCY_SECONDS', '20'))
SETTINGS = Settings(workers=2, conflict_retries=20)
HELD = """
SELECT a.consumer_id, p.name, a.used FROM allocations a
JOIN resource_providers p ON p.id = a.resource_provider_id
JOIN resource_classes c ON c.id = a.resource_class_id
WHERE c.name IN ('DISK_GB', 'CUSTOM_CSV_HELD_DISK_GB')
"""

DATABASES = {'MariaDB': mariadb, 'PostgreSQL': postgresql}


class Cloud(clouds.Cloud):
    """Four nodes of one cluster, with servers on their own disks."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.placement = self.admin = placement_process.adapter(address)
        self.api = client.from_adapter(self.admin)
        self.nodes: dict[str, str] = {}
        self.nova = nova_answers.Answers(self.nodes)
        self.register('hv01', 'hv02', 'hv03', 'hv04')
        # Servers whose share is not to change, by uuid.
        self.kept = {self.boot(f'hv0{1 + number % 4}')
                     for number in range(SERVERS)}

    def boot(self, node: str) -> str:
        server = self.own_disk(node, SHARE_GB)
        self.nova.servers[server] = Server(
            server, 'active', None, node=node, project_id='p', user_id='u',
            needs=Needs(SHARE_GB, {'VCPU': 1}))
        return server

    def another(self) -> client.Placement:
        """A client of its own, as another process has."""
        return client.from_adapter(placement_process.adapter(self.address))


class Observer(threading.Thread):
    """Looks at the database's truth all the time.

    :ivar violations: what was wrong, with the look it was wrong at
    """

    def __init__(self, url: str, cloud: Cloud) -> None:
        super().__init__(daemon=True)
        self._engine = sqlalchemy.create_engine(
            url, isolation_level='REPEATABLE READ')
        self._cloud = cloud
        self._over = threading.Event()
        self.looks = 0
        self.most_gb = 0
        self.violations: list[str] = []

    def run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            with self._engine.begin() as connection:
                rows = connection.execute(sqlalchemy.text(HELD)).all()
            self.look(rows)

    def look(self, rows: list) -> None:
        self.looks += 1
        sums: dict[str, int] = collections.Counter()
        for consumer, _provider, used in rows:
            sums[consumer] += int(used)
        self.most_gb = max(self.most_gb, sum(sums.values()))
        self.violations += [
            f'look {self.looks}: {server} holds {sums[server]} GB'
            for server in self._cloud.kept if sums[server] != SHARE_GB]

    def end(self) -> None:
        self._over.set()
        self.join()
        self._engine.dispose()


class Crowd:
    """All that write, each with a client of its own.

    :ivar passes: by part, how many ended well
    :ivar refusals: by part and type of error, how many did not
    :ivar errors: what is no error of ours
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.facts = clouds.facts(clouds.cluster(4))
        self.passes: dict[str, int] = collections.Counter()
        self.refusals: dict[str, int] = collections.Counter()
        self.conflicts = self.changes = 0
        self.errors: list[Exception] = []
        self._random = random.Random(11)
        self._end = 0.0
        self._count = threading.Lock()

    def run(self, parts: dict[str, Callable[[], None]]) -> None:
        """All of it at once, for so many seconds."""
        self._end = time.monotonic() + SECONDS
        threads = [threading.Thread(target=self._repeat, args=part)
                   for part in parts.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _repeat(self, name: str, part: Callable[[], None]) -> None:
        kind = name.partition(' ')[0]
        while time.monotonic() < self._end:
            try:
                part()
                with self._count:
                    self.passes[kind] += 1
            except exception.HvSchedError as exc:
                with self._count:
                    self.refusals[f'{kind}: {type(exc).__name__}'] += 1
            except Exception as exc:
                self.errors.append(exc)
                return
            if kind != 'claims':
                time.sleep(PAUSE_SECONDS)

    def agent(self) -> Callable[[], None]:
        """One of several, none of which leads."""
        mine = reconcile.Reconciler(self.cloud.another(), SETTINGS)

        def one_pass() -> None:
            total_gb = SIZE_GB - 4 * self._random.randrange(2)
            result = mine.sync(clouds.facts(clouds.cluster(4, (clouds.volume(
                total_gb=total_gb, free_bytes=total_gb * clouds.GIB),))))
            with self._count:
                self.conflicts += result.conflicts
                self.changes += len(result.done)
            for failure in result.failures.values():
                raise failure
        return one_pass

    def adopt(self) -> Callable[[], None]:
        mine = self.cloud.another()

        def one_pass() -> None:
            adopter = adopt.Adopter(mine, self.cloud.nova, SETTINGS,
                                    adopt.AdoptOptions(batch=3))
            adopter.adopt(adopter.inspect(clouds.cluster(4)))
        return one_pass

    def retire(self) -> Callable[[], None]:
        mine = self.cloud.another()

        def one_pass() -> None:
            retirer = retire.Retirer(mine, self.cloud.nova, SETTINGS, batch=3)
            retirer.retire(retirer.inspect(clouds.cluster(4)))
        return one_pass

    def heal(self) -> Callable[[], None]:
        mine = self.cloud.another()

        def one_pass() -> None:
            reports = auditor.Auditor(mine, self.cloud.nova,
                                      auditor.AuditOptions(workers=1))
            healer = heal.Healer(mine, self.cloud.nova, heal.HealOptions(
                frozenset(auditor.Code), frozenset(), workers=1),
                sleep=lambda seconds: None)
            for report in reports.audit():
                result = healer.heal(report)
                if result.failure is not None:
                    raise result.failure
        return one_pass

    def claims(self) -> Callable[[], None]:
        """Servers of others come and go, wherever Placement lets them."""
        mine: list[str] = []
        adapter = placement_process.adapter(self.cloud.address)

        def claim_or_free() -> None:
            time.sleep(concurrency_page.REST_SECONDS)
            if len(mine) > 4:
                adapter.delete(f'/allocations/{mine.pop(0)}')
                return
            asked = adapter.get(
                '/allocation_candidates?resources=VCPU:1,DISK_GB:5&limit=20',
                microversion='1.39').json()['allocation_requests']
            if not asked:
                return
            consumer = str(uuid.uuid4())
            answer = adapter.put(
                f'/allocations/{consumer}', json={
                    'allocations': self._random.choice(asked)['allocations'],
                    'consumer_generation': None, 'project_id': 'p',
                    'user_id': 'u'},
                microversion='1.28', raise_exc=False)
            if answer.status_code == 204:
                self.cloud.nova.servers[consumer] = Server(
                    consumer, 'active', None, project_id='p', user_id='u',
                    needs=Needs(5, {'VCPU': 1}))
                mine.append(consumer)
        return claim_or_free

    def figures(self) -> dict[str, object]:
        return {'passes': dict(self.passes), 'refusals': dict(self.refusals),
                'changes written': self.changes,
                'conflicts': self.conflicts,
                'conflicts per change': round(
                    self.conflicts / max(1, self.changes), 3)}


def _title(name: str, workers: int) -> str:
    return f'{name}, {workers} worker{"s" if workers > 1 else ""}'


@pytest.fixture(params=[(name, workers) for name in DATABASES
                        for workers in (1, 4)],
                ids=lambda param: _title(*param))
def site(request, tmp_path):
    """A cloud on a database of its own, and who looks at it."""
    name, workers = request.param
    if reason := DATABASES[name].missing():
        pytest.skip(reason)
    with placement_process.endpoint(tmp_path, DATABASES[name], workers) as (
            address, url):
        cloud = Cloud(address)
        yield cloud, url, _title(name, workers)


@contextlib.contextmanager
def observed(cloud, url):
    observer = Observer(url, cloud)
    observer.start()
    try:
        yield observer
    finally:
        observer.end()


def keep(title, crowd, observer, **more):
    """Print what was measured, and keep it where one asks for it."""
    figures = {**crowd.figures(), 'looks': observer.looks,
               'most GB at a look': observer.most_gb,
               'violations': len(observer.violations), **more}
    print(title, json.dumps(figures, indent=1), flush=True)
    if path := os.environ.get('CONCURRENCY_RECORD'):
        record = pathlib.Path(path)
        records.keep(record, ('seconds',), round(SECONDS))
        records.keep(record, ('sites', title), figures)


def claims_alone(cloud):
    """How many turns the same clients have where nobody else writes."""
    crowd = Crowd(cloud)
    crowd.run({f'claims {n}': crowd.claims() for n in CLIENTS})
    assert crowd.errors == []
    for server in cloud.nova.servers.keys() - cloud.kept:
        cloud.admin.delete(f'/allocations/{server}')
        del cloud.nova.servers[server]
    return crowd.passes['claims']


@pytest.mark.long
def test_agents_adopt_heal_and_claims_at_once(site):
    cloud, url, title = site
    crowd = Crowd(cloud)
    with observed(cloud, url) as observer:
        adopter = crowd.adopt()
        for _ in range(3):  # the cloud is stock Nova's until it has ended
            adopter()
        alone = claims_alone(cloud)
        observer.most_gb = 0
        crowd.run({
            **{f'agent {n}': crowd.agent() for n in range(AGENTS)},
            'adopt': crowd.adopt(), 'heal': crowd.heal(),
            **{f'claims {n}': crowd.claims() for n in CLIENTS}})
    keep(title, crowd, observer, **{'claims alone': alone})
    assert crowd.errors == []
    assert observer.violations == []
    assert observer.most_gb <= SIZE_GB
    assert min(crowd.passes[part] for part in (
        'agent', 'adopt', 'heal', 'claims')) > 0, crowd.figures()
    assert reconcile.Reconciler(cloud.api, SETTINGS).sync(
        crowd.facts).failures == {}


@pytest.mark.long
def test_adopt_beside_a_retire_that_is_begun_again_and_again(site):
    """No share is lost or doubled; the volume may be nobody's any time.

    Where nodes are given back Placement counts as stock Nova does, so what
    claims take together is not bounded by the volume.
    """
    cloud, url, title = site
    crowd = Crowd(cloud)
    with observed(cloud, url) as observer:
        crowd.run({'adopt': crowd.adopt(), 'retire': crowd.retire(),
                   **{f'claims {n}': crowd.claims() for n in CLIENTS}})
    keep(f'{title}, adopt beside retire', crowd, observer)
    assert crowd.errors == []
    assert observer.violations == []
    crowd.adopt()()
    holders = cloud.api.allocations_on(clouds.VOLUME)
    assert cloud.kept <= holders.keys()
