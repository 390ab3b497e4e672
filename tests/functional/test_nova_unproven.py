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


"""A Nova that has not shown that it is this cloud's is not believed.

Another region's Nova, one without compute services and one that was set up
anew deny every server there is. Nothing is published, opened or released on
their word.
"""

import json
import uuid

import pytest

from hv_sched import exception
from hv_sched.adopt import retire
from hv_sched.audit.findings import Code
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.recovery import restore
from tests.functional import cloud as clouds
from tests.functional import nova_answers
from tests.functional import nova_api
from tests.functional import published_cloud
from tests.functional import unadopted_cloud

pytestmark = pytest.mark.wide

VOLUME = clouds.VOLUME
SERVERS = 5


class AnotherRegion(nova_answers.Answers):
    def computes(self):
        return {'elsewhere1': True, 'elsewhere2': True}

    def hosts(self):
        return {str(uuid.uuid4()): 'elsewhere1'}


class WithoutServices(nova_answers.Answers):
    def computes(self):
        return {}


class SetUpAnew(nova_answers.Answers):
    """The same hosts, and an empty database."""


NOVAS = {'another': (AnotherRegion, 'hv01'),
         'empty': (WithoutServices, 'no compute service'),
         'anew': (SetUpAnew, f'does not know {SERVERS} of the {SERVERS}')}


@pytest.fixture(params=NOVAS)
def unproven(request, monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    return NOVAS[request.param]


@pytest.fixture
def unadopted(placement):
    cloud = unadopted_cloud.UnadoptedCloud(placement)
    for number in range(SERVERS):
        cloud.server('hv01' if number % 2 else 'hv02', 30)
    return cloud


@pytest.fixture
def published(placement):
    return published_cloud.PublishedCloud(placement)


def everything(cloud):
    return cloud.state(), {
        listed.uuid: cloud.api.allocations_on(listed.uuid)
        for listed in cloud.api.list_providers()}


def test_adopt_publishes_nothing(unadopted, unproven):
    nova, reason = unproven
    before = everything(unadopted)
    unadopted.nova = nova(unadopted.nodes)
    with pytest.raises(exception.NovaNotProven, match=reason):
        unadopted.adopt()
    assert everything(unadopted) == before


def test_retire_opens_nothing(unadopted, unproven):
    nova, reason = unproven
    unadopted.adopt()
    before = everything(unadopted)
    retirer = retire.Retirer(client.from_adapter(unadopted.placement),
                             nova(unadopted.nodes), clouds.SETTINGS)
    with pytest.raises(exception.NovaNotProven, match=reason):
        retirer.retire(retirer.inspect(clouds.cluster()))
    assert everything(unadopted) == before


def test_a_few_unknown_consumers_stop_no_adopt(unadopted):
    for server in sorted(unadopted.nova.servers)[:3]:
        del unadopted.nova.servers[server]
    report = unadopted.adopt()
    assert len(report.skipped) == 3
    assert sum(gb for (name, _server), gb in unadopted.disk().items()
               if name.startswith('csv:')) == 60


def escrow(cloud):
    """Servers whose moves failed."""
    consumers = [str(uuid.uuid4()) for _number in range(SERVERS)]
    for consumer in consumers:
        cloud.hold(consumer, {VOLUME: {names.HELD_DISK_GB: 10}})
    return consumers


def restored(cloud, nova):
    return restore.Restorer(client.from_adapter(cloud.placement), nova,
                            sleep=cloud.slept.append).restore()


def test_restore_keeps_the_escrow_and_says_so(published, unproven):
    nova, reason = unproven
    escrow(published)
    before = everything(published)
    result = restored(published, nova(published.nodes))
    assert result.done == ()
    notice, = result.findings
    assert f'{SERVERS} consumers' in notice.message
    assert reason in notice.message
    assert everything(published) == before


def test_escrow_of_deleted_servers_is_released_however_many(published):
    """Nova positively knows that they are over."""
    consumers = escrow(published)
    published.nova.deleted |= set(consumers)
    assert len(restored(published, published.nova).done) == SERVERS
    assert published.api.allocations_on(VOLUME) == {}


def test_unknown_consumers_among_many_known_ones_are_over(published):
    escrow(published)
    for _number in range(96):
        published.server('hv01', 1)
    assert len(restored(published, published.nova).done) == SERVERS


def test_audit_calls_nobody_an_orphan(published, unproven):
    nova, reason = unproven
    for _number in range(SERVERS):
        published.server()
    published.nova = nova(published.nodes)
    report, = published.audit()
    assert report.findings == ()
    assert report.unknown == SERVERS and reason in report.unproven


def test_audit_calls_few_unknown_consumers_what_they_are(published):
    published.nova.deleted.add(published.create(10))
    published.create(20)
    report, = published.audit()
    assert sorted(finding.code.value for finding in report.findings) == [
        'orphaned', 'unexplained']
    assert report.unproven == ''


def test_heal_releases_no_orphan_when_nova_became_another(
        published, monkeypatch):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    orphan = published.create(10)
    published.nova.deleted.add(orphan)
    reports = published.audit()
    published.nova = AnotherRegion(published.nodes)
    published.nova.deleted.add(orphan)
    result, = published.heal({Code.ORPHANED}, reports)
    assert result.done == ()
    assert 'another cloud' in result.reasons[orphan]
    assert published.held(orphan)


class ByHttp(nova_api.NovaApi):
    """A Nova that answers every command in one of three wrong ways."""

    def __init__(self, cloud, kind):
        super().__init__(cloud)
        self.kind = kind

    def __call__(self, environ):
        answer = super().__call__(environ)
        if answer is None or self.kind == 'anew':
            return answer
        if self.kind == 'proxy':
            return '404 Not Found', '<html>no route</html>'
        return answer

    def services(self, path, query):
        if self.kind == 'another':
            return '200 OK', {'services': [
                {'host': 'elsewhere', 'status': 'enabled'}]}
        return super().services(path, query)


@pytest.fixture
def cloud(unadopted, monkeypatch, tmp_path):
    """What the commands of fixture ``csv`` talk to."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    unadopted.adopt()
    for _number in range(SERVERS):
        unadopted.allocate(str(uuid.uuid4()), {
            VOLUME: {'resources': {names.HELD_DISK_GB: 10}}})
    return unadopted


@pytest.mark.parametrize('kind', ['proxy', 'another', 'anew'])
@pytest.mark.parametrize('command', [
    ('retire',), ('retire', '--dry-run'), ('heal', '--held'),
    ('heal', '--code', 'orphaned'), ('adopt',)])
def test_a_command_changes_nothing_and_fails(
        csv, source, cloud, kind, command):
    cloud.nova.servers.clear()
    cloud.placement.service.before = ByHttp(cloud, kind)
    before = everything(cloud)
    code, out, err = csv(*command, '--source', source, '-f', 'json')
    assert everything(cloud) == before
    if command == ('adopt',) and kind == 'anew':
        assert code == 0, 'nothing is left on the nodes to ask Nova about'
        return
    assert code in (1, 4), out + err
    said = out + err if code == 1 else json.dumps(json.loads(out))
    assert 'Nova' in said
