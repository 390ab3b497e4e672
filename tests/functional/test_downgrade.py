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

"""A release goes back: 0.1.0's own code on what today's left in Placement.

It must be safe or refuse: no share changes, nothing more is offered, and
today's code afterwards ends where it was. The code is that of the tag, or of
the commit that was tagged; a clone without either skips this.
"""

import dataclasses
import functools
import io
import os
import subprocess
import sys
import tarfile

import pytest
import yaml

from hv_sched import drivers
from hv_sched import sources
from hv_sched.placement import home_traits
from hv_sched.placement import names
from tests import repository
from tests.functional import cloud as clouds
from tests.functional import command_line
from tests.functional import foreign_nova
from tests.functional import nova_api
from tests.functional import published_cloud
from tests.functional import unadopted_cloud
from tests.states import placement_dump
from tests.states import record

pytestmark = pytest.mark.wide

TAG = '0.1.0'
COMMIT = '72cb4086bd3dce8ad51932b8d7e8d66fe50daea1'
SHELL = 'import sys; from openstackclient.shell import main; sys.exit(main())'
AGENT = ('import sys; from hv_sched.agent.cmd import main; '
         'sys.exit(main(sys.argv[1:]))')


# A module of today.
NEWER = "No module named 'hv_sched.osc.capacity'"


@functools.cache
def archive():
    """The files of 0.1.0 as a tarball; None where git has them not."""
    for name in (f'refs/tags/{TAG}', COMMIT):
        made = subprocess.run(
            ['git', '-C', str(repository.ROOT), 'archive', name, 'hv_sched'],
            capture_output=True, check=False)
        if made.returncode == 0:
            return made.stdout
    return None


@pytest.fixture(scope='module')
def old(tmp_path_factory):
    """A folder with the package of 0.1.0."""
    if archive() is None:
        pytest.skip(f'git has neither the tag {TAG} nor its commit here')
    folder = tmp_path_factory.mktemp(TAG)
    with tarfile.open(fileobj=io.BytesIO(archive())) as files:
        files.extractall(folder, filter='data')
    return folder


class Old:
    """Runs programs of 0.1.0 on a Placement of this process."""

    def __init__(self, folder, endpoint, files):
        self._folder = folder
        self._endpoint = endpoint
        self._files = files

    def _run(self, program, *arguments):
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', program, *arguments],
            cwd=self._files, capture_output=True, text=True, check=False,
            env={**os.environ, 'PYTHONPATH': str(self._folder)}, timeout=600)
        assert 'Traceback' not in done.stderr, done.stderr
        # What 0.1.0 has not is in the entry points of today.
        assert program == AGENT or NEWER in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def csv(self, *arguments):
        return self._run(SHELL, '--os-auth-type', 'admin_token', '--os-token',
                         'admin', '--os-endpoint', self._endpoint,
                         'resource', 'provider', 'csv', *arguments)

    def agent(self, source):
        conf = self._files / 'hv_sched.conf'
        conf.write_text(f'''
[hv_sched]
source = {source}
heal_codes = missing,wrong-node,held
[keystone]
auth_type = admin_token
token = admin
endpoint = {self._endpoint}
''')
        return self._run(AGENT, '--config-file', str(conf), '--once')


@pytest.fixture
def run(old, placement, tmp_path):
    with foreign_nova.on_a_socket(placement.service) as endpoint:
        yield Old(old, endpoint, tmp_path)


def offered_gb(dump):
    """GB each provider offers to new disks."""
    return {provider['name']: int(
        (disk['total'] - disk['reserved']) * disk['allocation_ratio'])
        for provider in dump['providers'].values()
        if (disk := provider['inventories'].get('DISK_GB'))
        and names.NO_NEW_DISKS not in provider['traits']}


def assert_nothing_is_lost_or_offered(before, after):
    assert after['consumers'] == before['consumers']
    assert before['providers'].keys() <= after['providers'].keys()
    was_gb, now_gb = offered_gb(before), offered_gb(after)
    assert not {name: (was_gb.get(name), gb) for name, gb in now_gb.items()
                if gb > was_gb.get(name, 0)}


def test_it_goes_on_with_a_cluster_in_production(run, placement):
    """16 nodes, four volumes, GPUs, a move on its way, one that failed."""
    cloud = record.build(placement)
    before = placement_dump.dump(cloud.admin)
    source = str(record.SOURCE)
    code, text = run.csv('plan', '--source', source)
    assert code in (0, 2), text
    assert placement_dump.dump(cloud.admin) == before
    for full in ((), ('--full',)):
        code, text = run.csv('sync', *full, '--source', source)
        assert code == 0, text
        assert_nothing_is_lost_or_offered(
            before, placement_dump.dump(cloud.admin))
    # Back to the release of today.
    facts = sources.load(source)
    cloud.sync(facts)
    assert placement_dump.dump(cloud.admin) == before
    assert not cloud.sync(facts).done


def test_it_names_homes_in_its_own_form_beside_those_of_today(
        run, placement, tmp_path):
    """It does not read a name that stands for several nodes, so it adds."""
    cloud = published_cloud.PublishedCloud(placement)
    cloud.server('hv01', disk_gb=20)
    source = tmp_path / 'clusters.yaml'
    source.write_text(command_line.SOURCE)
    facts = sources.load(str(source))
    together = dataclasses.replace(clouds.SETTINGS, nodes_per_home_trait=7)
    cloud.sync(facts, together)
    before = placement_dump.dump(cloud.admin)
    code, text = run.csv('sync', '--source', str(source))
    assert code == 0, text
    assert home_traits.traits_of(cloud.nodes.values()) <= (
        cloud.api.traits(clouds.VOLUME)[1])
    assert_nothing_is_lost_or_offered(before, placement_dump.dump(cloud.admin))
    cloud.sync(facts, together)
    assert placement_dump.dump(cloud.admin) == before
    assert not cloud.sync(facts, together).done


def test_its_agent_loses_and_frees_nothing(run, placement, tmp_path):
    """Servers with shares, one without, one whose share is escrow."""
    cloud = published_cloud.PublishedCloud(placement)
    for number in range(4):
        cloud.server(f'hv0{number % 2 + 1}', disk_gb=20)
    cloud.server('hv02', disk_gb=50)
    source = tmp_path / 'clusters.yaml'
    source.write_text(command_line.SOURCE)
    cloud.sync(sources.load(str(source)))
    placement.service.before = nova_api.AuditedNovaApi(cloud)
    before = placement_dump.dump(cloud.admin)
    code, text = run.agent(source)
    assert code in (0, 1, 4), text
    assert_nothing_is_lost_or_offered(before, placement_dump.dump(cloud.admin))


def without_its_mark(dump):
    """0.1.0 marks nodes as Hyper-V's clusters do; today's keeps a mark."""
    for provider in dump['providers'].values():
        provider['traits'] = sorted({*provider['traits']} - {names.CLUSTERED})
    return dump['providers'], dump['consumers']


LIBVIRT = [driver.name for driver in drivers.DRIVERS
           if not driver.has_windows_features]


@pytest.mark.parametrize('name', LIBVIRT)
def test_a_cluster_of_another_driver_keeps_its_shares(
        run, placement, tmp_path, name):
    """It does not know drivers: it ignores the key, and takes the cluster for
    one of Hyper-V's until today's code is back.
    """
    # Twice the volume fits what files and what two replicas make it.
    cloud = unadopted_cloud.UnadoptedCloud(placement, disk_gb=1000)
    cloud.server('hv01', 100)
    cluster = clouds.cluster(driver=drivers.of(name))
    cloud.adopt(cluster)
    facts = clouds.facts(cluster)
    cloud.sync(facts)
    before = placement_dump.dump(cloud.admin)
    source = tmp_path / 'clusters.yaml'
    described = yaml.safe_load(command_line.SOURCE)
    described['version'] = 2
    described['clusters'][0]['driver'] = name
    source.write_text(yaml.safe_dump(described))
    code, text = run.csv('sync', '--source', str(source))
    assert code == 0, text
    assert_nothing_is_lost_or_offered(before, placement_dump.dump(cloud.admin))
    cloud.sync(facts)
    assert without_its_mark(placement_dump.dump(cloud.admin)) == (
        without_its_mark(before))
    assert not cloud.sync(facts).done
