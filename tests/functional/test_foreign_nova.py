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

"""Nothing is written on the word of a Nova that is not this cloud's.

Every command and a pass of the agent, against each way in which what answers
at Nova's address may not be Nova, or not this cloud's: shares and capacity
stay, and the exit code says that something is missing.
"""

import json

import pytest

from hv_sched.agent import cmd
from hv_sched.placement import names
from tests.functional import agent_conf
from tests.functional import cloud as clouds
from tests.functional import command_line
from tests.functional import foreign_nova
from tests.functional import nova_api
from tests.functional import published_cloud
from tests.functional import unadopted_cloud
from tests.functional.published_cloud import COMPUTE
from tests.functional.published_cloud import NAME

pytestmark = pytest.mark.wide

SERVERS = 6
HELD_GB = 50

# What needs no Nova does its work; here there is none.
NO_NOVA = {
    'plan': ('plan', '--source', '{source}'),
    'plan --full': ('plan', '--full', '--source', '{source}'),
    'sync': ('sync', '--source', '{source}'),
    'sync --full': ('sync', '--full', '--source', '{source}'),
    'list': ('list',),
    'list with a source': ('list', '--source', '{source}'),
    'show': ('show', NAME),
    'export': ('export', '--source', '{source}', '{folder}/shares.json'),
}
ASKS_NOVA = {
    'retire': ('retire', '--source', '{source}'),
    'retire --dry-run': ('retire', '--source', '{source}', '--dry-run'),
    'audit': ('audit',),
    'heal --held': ('heal', '--held'),
    'heal --held --dry-run': ('heal', '--held', '--dry-run'),
    'heal safe': ('heal', '--code', 'safe'),
    'heal missing': ('heal', '--code', 'missing'),
    'heal orphaned': ('heal', '--code', 'orphaned'),
    'heal doubled': ('heal', '--code', 'doubled'),
    'explain': ('explain', '--flavor', 'm1.small'),
    'doctor': ('doctor',),
}
ADOPT = {
    'adopt': ('adopt', '--source', '{source}'),
    'adopt --dry-run': ('adopt', '--source', '{source}', '--dry-run'),
}
# One of each kind in every run, all of them with the killed ones.
FAULTS = [
    foreign_nova.another_region,
    pytest.param(foreign_nova.proxy_without_route,
                 marks=pytest.mark.faults),
    pytest.param(foreign_nova.nothing_found, marks=pytest.mark.faults),
    pytest.param(foreign_nova.no_computes, marks=pytest.mark.faults),
    pytest.param(foreign_nova.login_page, marks=pytest.mark.faults),
    pytest.param(foreign_nova.empty_object, marks=pytest.mark.faults)]


def shares(cloud):
    """What every consumer holds, by provider."""
    return {listed.name: cloud.api.allocations_on(listed.uuid)
            for listed in cloud.api.list_providers()}


def everything(cloud):
    """All capacity and all shares; generations are no state."""
    return cloud.state(), shares(cloud)


@pytest.fixture
def published(placement):
    """Servers with shares, one without, one whose share is in escrow."""
    cloud = published_cloud.PublishedCloud(placement)
    for number in range(SERVERS):
        cloud.server(f'hv0{number % 2 + 1}', disk_gb=20)
    cloud.drop(cloud.server('hv01', disk_gb=20))
    cloud.in_escrow = cloud.server('hv02', disk_gb=HELD_GB)
    cloud.hold(cloud.in_escrow, {
        cloud.nodes['hv02']: COMPUTE,
        published_cloud.VOLUME: {names.HELD_DISK_GB: HELD_GB}})
    return cloud


@pytest.fixture
def stock(placement):
    cloud = unadopted_cloud.UnadoptedCloud(placement)
    for number in range(SERVERS):
        cloud.server(f'hv0{number % 2 + 1}', 20)
    return cloud


@pytest.fixture
def run(placement, source, tmp_path, monkeypatch):
    """Runs a command, with the fixture's source and short time-outs."""
    monkeypatch.setattr('osc_lib.clientmanager.ClientCache.__get__',
                        lambda self, instance, owner: self.factory(instance))
    monkeypatch.chdir(tmp_path)
    conf = tmp_path / 'short.conf'
    conf.write_text('[hv_sched]\nrequest_timeout = 1\n')

    def run_command(arguments, endpoint=placement.service.endpoint):
        return command_line.run_csv(
            endpoint, *(argument.format(source=source, folder=tmp_path)
                        for argument in arguments),
            '--config-file', str(conf))
    return run_command


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr('tenacity.nap.time.sleep', lambda seconds: None)


def agent_pass(cloud, folder, source, endpoint=None, **options):
    path = agent_conf.write(folder, cloud.placement, source=source,
                            heal_codes='missing,wrong-node,held',
                            request_timeout='1', **options)
    if endpoint:
        with open(path) as conf:
            text = conf.read()
        with open(path, 'w') as conf:
            conf.write(text.replace(cloud.placement.service.endpoint,
                                    endpoint))
    return cmd.main(['--config-file', path, '--once'])


@pytest.mark.parametrize('fault', FAULTS)
@pytest.mark.parametrize('command', NO_NOVA)
def test_what_needs_no_nova_is_not_misled_by_it(
        published, run, impatient, command, fault):
    before = everything(published)
    published.placement.service.before = foreign_nova.ForeignNova(
        published, fault)
    code, out, err = run(NO_NOVA[command])
    assert code == 0, out + err
    assert everything(published) == before


@pytest.mark.parametrize('fault', FAULTS)
@pytest.mark.parametrize('command', ASKS_NOVA)
def test_a_foreign_nova_releases_opens_and_restores_nothing(
        published, run, impatient, command, fault):
    before = everything(published)
    published.placement.service.before = foreign_nova.ForeignNova(
        published, fault)
    code, out, err = run(ASKS_NOVA[command])
    assert code in (1, 4), (code, out + err)
    assert 'Traceback' not in err
    assert everything(published) == before


@pytest.mark.parametrize('fault', FAULTS)
@pytest.mark.parametrize('command', ADOPT)
def test_adopt_does_not_begin_on_a_foreign_novas_word(
        stock, run, impatient, command, fault):
    before = everything(stock)
    stock.placement.service.before = foreign_nova.ForeignNova(stock, fault)
    code, out, err = run(ADOPT[command])
    assert code in (1, 4), (code, out + err)
    assert everything(stock) == before


@pytest.mark.parametrize('fault', FAULTS)
def test_a_pass_of_the_agent_changes_nothing_and_says_so(
        published, source, tmp_path, impatient, fault):
    before = everything(published)
    published.placement.service.before = foreign_nova.ForeignNova(
        published, fault)
    assert agent_pass(published, tmp_path, source) in (1, 4)
    assert everything(published) == before


@pytest.mark.faults
@pytest.mark.parametrize('command', [*NO_NOVA, *ASKS_NOVA])
def test_a_nova_that_never_answers_changes_nothing_and_holds_up_nobody(
        published, run, command):
    before = everything(published)
    with foreign_nova.silent(published) as nova, (
            foreign_nova.on_a_socket(published.placement.service)) as url:
        published.placement.service.before = nova
        code, out, err = run({**NO_NOVA, **ASKS_NOVA}[command], url)
        published.placement.service.before = None
    assert code in ((0,) if command in NO_NOVA else (1, 4)), (
        code, out + err)
    assert command in NO_NOVA or 'Nova' in out + err, out + err
    assert everything(published) == before


@pytest.mark.faults
@pytest.mark.parametrize('command', ADOPT)
def test_adopt_does_not_begin_when_nova_never_answers(stock, run, command):
    before = everything(stock)
    with foreign_nova.silent(stock) as nova, (
            foreign_nova.on_a_socket(stock.placement.service)) as url:
        stock.placement.service.before = nova
        code, out, err = run(ADOPT[command], url)
        stock.placement.service.before = None
    assert code == 1, (code, out + err)
    assert everything(stock) == before


@pytest.mark.faults
def test_the_agent_syncs_while_nova_never_answers(
        published, source, tmp_path):
    """Its parts do not wait for each other."""
    with open(source) as file:
        text = file.read()
    with open(source, 'w') as file:
        file.write(text.replace('free_gb: 410', 'free_gb: 300'))
    before = shares(published)
    with foreign_nova.silent(published) as nova, (
            foreign_nova.on_a_socket(published.placement.service)) as url:
        published.placement.service.before = nova
        code = agent_pass(published, tmp_path, source, url)
        published.placement.service.before = None
    assert code == 1
    assert shares(published) == before
    assert published.api.inventories(
        clouds.VOLUME)[1]['DISK_GB'].reserved > 0


# The same commands on the same clouds with their own Nova: they write.

@pytest.mark.parametrize(('command', 'code'), [
    ('retire', 0), ('heal --held', 0), ('heal safe', 0),
    ('heal missing', 0)])
def test_with_the_clouds_own_nova_the_same_command_writes(
        published, run, impatient, command, code):
    before = everything(published)
    published.placement.service.before = nova_api.AuditedNovaApi(published)
    answer = run(ASKS_NOVA[command])
    assert answer[0] == code, answer
    assert everything(published) != before


def test_with_the_clouds_own_nova_adopt_publishes(stock, run, impatient):
    stock.placement.service.before = nova_api.NovaApi(stock)
    answer = run(ADOPT['adopt'])
    assert answer[0] == 0, answer
    assert {name for name, _consumer in stock.disk()} == {NAME}


def test_with_the_clouds_own_nova_the_agent_restores(
        published, source, tmp_path, impatient):
    published.placement.service.before = nova_api.AuditedNovaApi(published)
    agent_pass(published, tmp_path, source)
    assert published.held(published.in_escrow)[clouds.VOLUME] == {
        'DISK_GB': HELD_GB}


def test_audit_names_nova_as_what_is_missing(published, run, impatient):
    """And no finding is told, for there is none to be sure of."""
    published.placement.service.before = foreign_nova.ForeignNova(
        published, foreign_nova.another_region)
    code, out, err = run(('audit', '-f', 'json'))
    assert code in (1, 4)
    found = json.loads(out) if out.strip() else []
    assert {row['Finding'] for row in found} <= {'unknown'}
    assert 'Nova' in out + err
