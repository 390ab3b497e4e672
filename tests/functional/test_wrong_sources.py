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

"""A source that is wrong, old, early or somebody else's frees nothing.

What an operator or a collector may hand over by mistake, to each command that
reads a source and to the agent: shares and capacity stay, nothing is offered
that was not, and the exit code says so.
"""

import datetime

import pytest
import yaml

from hv_sched.agent import clients
from hv_sched.agent import cmd
from hv_sched.agent import passes
from tests.functional import agent_conf
from tests.functional import cloud as clouds
from tests.functional import nova_api
from tests.functional import published_cloud

NODES = ('hv01', 'hv02', 'hv03')
VOLUME = 'csv:hvc1/Volume1'
OTHER_GUID = '33333333-3333-4333-8333-333333333333'
PARTIAL = 4
SAID = (1, 3, PARTIAL)
# A cluster the source leaves out is said, and stays as it is: that is no
# failure of the clusters it describes.
LEFT_OUT = (0, 2, PARTIAL)
# adopt is about the clusters the source describes; what it would do to them
# is no fault.
DRY_RUN = (0, 2, *SAID)


def now(**shift):
    return (datetime.datetime.now(datetime.timezone.utc)
            + datetime.timedelta(**shift)).isoformat()


def volume(number=1, **fields):
    return {'name': f'Volume{number}', 'guid': clouds.guid(number),
            'size_gb': 500, 'free_gb': 350, **fields}


def cluster(nodes=NODES, volumes=None, **fields):
    return {'name': 'hvc1', 'guid': clouds.CLUSTER_GUID,
            'nodes': [{'name': name, 'build': 14393} for name in nodes],
            'volumes': [volume()] if volumes is None else volumes, **fields}


def document(*clusters, collected_at=None):
    return {'version': 1, 'collected_at': collected_at or now(),
            'clusters': list(clusters)}


# One cluster that is right, and one beside it that takes of it what is not
# its own.
BESIDE = {'name': 'hvc2', 'guid': OTHER_GUID}
WRONG = {
    'dated in the future': lambda: document(cluster(
        NODES[:2], [volume(size_gb=800, free_gb=800)]),
        collected_at=now(hours=1)),
    'a node is left out': lambda: document(cluster(NODES[:2])),
    'a node is misspelt': lambda: document(cluster(
        ('hv01', 'hv02', 'hv3'))),
    'of a week ago, before a node joined': lambda: document(
        cluster(NODES[:2]), collected_at=now(days=-7)),
    'the volume is left out': lambda: document(cluster(
        volumes=[volume(2)])),
    'another size': lambda: document(cluster(volumes=[volume(
        size_gb=5000, free_gb=4850)])),
    'smaller than its shares': lambda: document(cluster(volumes=[volume(
        size_gb=100, free_gb=100)])),
    'the cluster is left out': lambda: document(cluster(
        ('hv11',), [volume(9)], **BESIDE)),
    'built anew under another name and GUID': lambda: document(cluster(
        **BESIDE)),
    'another cluster of the same name': lambda: document(cluster(
        ('hv11',), [volume(9)], guid=OTHER_GUID)),
    'two clusters with one disk': lambda: document(cluster(), cluster(
        ('hv11',), [volume(1)], **BESIDE)),
    'two clusters with one node': lambda: document(cluster(), cluster(
        ('hv03', 'hv11'), [volume(9)], **BESIDE)),
    'a new volume under the name of the old one': lambda: document(cluster(
        volumes=[volume(guid=clouds.guid(7), free_gb=500)])),
}
COMMANDS = {
    'plan': ('plan',), 'sync': ('sync',), 'sync --full': ('sync', '--full'),
    'adopt': ('adopt',), 'adopt --dry-run': ('adopt', '--dry-run')}


def written(folder, content):
    path = folder / 'clusters.yaml'
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.fixture
def cloud(placement, csv_of, tmp_path, monkeypatch):
    """Three nodes, published by the command, with a server each."""
    monkeypatch.chdir(tmp_path)  # adopt exports the shares here
    cloud = published_cloud.PublishedCloud(placement, nodes=NODES)
    cloud.register('hv11')
    placement.service.before = nova_api.AuditedNovaApi(cloud)
    for name in NODES:
        cloud.server(name, disk_gb=50)
    code, out, err = csv_of(cloud)(
        'sync', '--source', written(tmp_path, document(cluster())))
    assert code == 0, out + err
    return cloud


@pytest.fixture
def csv(csv_of, cloud):
    return csv_of(cloud)


def shares(cloud):
    return {listed.name: cloud.api.allocations_on(listed.uuid)
            for listed in cloud.api.list_providers()}


def capacity(cloud):
    """Inventories of the cluster's providers."""
    state = cloud.state()
    return {name: state[name][1] for name in (*NODES, VOLUME) if name in state}


def offered(cloud, providers=None):
    """Where a server of 100 GB could go, and on which provider's disk.

    :param providers: of all that has its disk on one of these
    """
    uuids = {state[0] for name, state in cloud.state().items()
             if providers is None or name in providers}
    return {frozenset(request['allocations'])
            for request in cloud.candidates(100)
            if request['allocations'].keys() <= uuids}


def assert_nothing_freed(cloud, before):
    was_shares, was_capacity, was_offered = before
    assert capacity(cloud) == was_capacity
    assert {name: held for name, held in shares(cloud).items()
            if held} == {name: held for name, held in was_shares.items()
                         if held}
    assert offered(cloud, (*NODES, VOLUME)) <= was_offered


def everything(cloud):
    return shares(cloud), capacity(cloud), offered(cloud)


@pytest.mark.parametrize('wrong', WRONG)
@pytest.mark.parametrize('command', [
    'sync', *(pytest.param(command, marks=pytest.mark.faults)
              for command in COMMANDS if command != 'sync')])
def test_a_command_frees_nothing_and_says_so(
        csv, cloud, tmp_path, command, wrong):
    before = everything(cloud)
    path = written(tmp_path, WRONG[wrong]())
    for _again in range(2):
        code, out, err = csv(*COMMANDS[command], '--source', path)
        assert code in accepted_codes(command, wrong), (code, out + err)
        assert_nothing_freed(cloud, before)
    if wrong == 'the cluster is left out' and 'adopt' not in command:
        assert 'hvc1' in out


def accepted_codes(command, wrong):
    if wrong == 'the cluster is left out':
        return LEFT_OUT
    if command == 'adopt --dry-run' and wrong != 'dated in the future':
        return DRY_RUN
    return SAID


@pytest.mark.parametrize('wrong', [
    'dated in the future',
    *(pytest.param(name, marks=pytest.mark.faults) for name in WRONG
      if name != 'dated in the future')])
def test_a_pass_of_the_agent_frees_nothing_and_says_so(
        cloud, tmp_path, wrong):
    before = everything(cloud)
    conf = agent_conf.write(tmp_path, cloud.placement, source=written(
        tmp_path, WRONG[wrong]()))
    for _again in range(3):
        assert cmd.main(['--config-file', conf, '--once']) in accepted_codes(
            'agent', wrong)
        assert_nothing_freed(cloud, before)


def test_the_agent_never_goes_back_in_time(cloud, tmp_path):
    """A collector's older file, put back in place of the newer."""
    older = document(cluster(NODES[:2], [volume(free_gb=500)]),
                     collected_at=now(minutes=-10))
    path = written(tmp_path, document(cluster(
        volumes=[volume(free_gb=300)])))
    conf = cmd.configure(['--config-file', agent_conf.write(
        tmp_path, cloud.placement, source=path)])
    agent = passes.Agent(conf, *clients.connect(conf))
    agent.run()
    before = everything(cloud)
    state = cloud.state()
    written(tmp_path, older)
    assert agent.run() == PARTIAL
    assert_nothing_freed(cloud, before)
    assert cloud.state() == state


def test_the_same_source_told_rightly_is_in_order(csv, cloud, tmp_path):
    """What is refused above is not refused for another reason."""
    path = written(tmp_path, document(cluster()))
    for arguments in COMMANDS.values():
        code, out, err = csv(*arguments, '--source', path)
        assert code == 0, (arguments, out + err)
