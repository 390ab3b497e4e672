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

"""The configuration files and commands of the cloud's services."""

import configparser
import re
import stat

import pytest

from hv_sched.sources import static
from tests.cloud import broker
from tests.cloud import configuration
from tests.cloud import databases
from tests.cloud import folder
from tests.cloud import machine
from tests.cloud import services
from tests.cloud import topology

PORTS = {name: 21000 + number
         for number, name in enumerate(configuration.PORTS)}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, 'program', lambda name: f'/usr/bin/{name}')
    home = folder.Folder(tmp_path / 'cloud')
    home.prepare()
    return home


@pytest.fixture
def files(home):
    files = configuration.Configuration(home, PORTS)
    files.write(stock=False)
    return files


def programs(home, files):
    """All programs but those of the broker's own configuration."""
    build = services.Services(home, PORTS, files)
    rabbit = broker.Broker(home, PORTS)
    rabbit.configure()
    return [databases.Databases(home, PORTS['mariadb']).program(),
            *rabbit.programs(), *map(build.wsgi, services.WSGI),
            build.network(), build.nova('nova-conductor'),
            build.nova('nova-scheduler'),
            *map(build.compute, topology.NODES), build.agent()]


def test_everything_listens_on_loopback_alone(home, files):
    commands = [' '.join([*program.command, *program.environment.values()])
                for program in programs(home, files)]
    texts = [path.read_text() for path in home.etc.rglob('*.*')
             if path.is_file()]
    addresses = {address for text in (*commands, *texts)
                 for address in re.findall(r'\d+\.\d+\.\d+\.\d+', text)}
    assert addresses == {'127.0.0.1'}
    assert not any('0.0.0.0' in text or '::' in text for text in commands)


def test_each_program_stops_in_the_order_named(home, files):
    assert {program.name for program in programs(home, files)} == set(
        services.STOP_ORDER)


def test_what_holds_a_password_is_read_by_its_owner_alone(home, files):
    programs(home, files)
    readable = [path for path in home.root.rglob('*') if path.is_file()
                and home.password() in path.read_text()
                and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)]
    assert readable == []


def test_no_password_is_in_a_command_line(home, files):
    assert not any(home.password() in ' '.join(program.command)
                   for program in programs(home, files))


def test_a_compute_node_sees_no_database(files):
    text = files.node_path('hv01').read_text()
    assert 'mysql' not in text


def test_the_nodes_of_a_cluster_have_one_instances_path(files):
    paths = {node: re.search('^instances_path = (.*)$',
                             files.node_path(node).read_text(),
                             re.MULTILINE).group(1)
             for node in topology.NODES}
    assert paths['hv01'] == paths['hv02'] == paths['hv03'] != paths['hv04']


@pytest.mark.parametrize('stock', [True, False])
def test_the_plug_ins_are_on_unless_nova_is_stock(home, stock):
    files = configuration.Configuration(home, PORTS)
    files.write(stock=stock)
    text = files.path('nova.conf').read_text()
    assert ('SharedVolumeFilter' in text) is not stock
    assert ('hv_sched.filters.all_filters' in text) is not stock


def test_a_changed_configuration_restarts_what_reads_it(home, files):
    scheduler = services.Services(home, PORTS, files).nova('nova-scheduler')
    before = scheduler.fingerprint()
    files.write(stock=False)
    assert scheduler.fingerprint() == before
    files.write(stock=True)
    assert scheduler.fingerprint() != before


def test_the_source_describes_the_clusters(home, files):
    path = home.etc / 'hv_sched' / 'clusters.yaml'
    document = static.parse(path.read_text())
    assert [cluster['name'] for cluster in document['clusters']] == [
        cluster.name for cluster in topology.CLUSTERS]


def test_the_agent_shows_its_status_at_the_address_that_is_named(files):
    parsed = configparser.ConfigParser()
    parsed.read(files.path('hv_sched.conf'))
    port = parsed['hv_sched']['status_port']
    assert int(port) == PORTS['hv-sched-agent']
    assert files.status_url == f'http://127.0.0.1:{port}/'


def test_an_edited_source_is_kept(home, files):
    path = home.etc / 'hv_sched' / 'clusters.yaml'
    path.write_text('version: 1\nclusters: []\n')
    files.write(stock=False)
    assert path.read_text() == 'version: 1\nclusters: []\n'


def test_keystone_keeps_no_key_outside_the_folder(home, files):
    # What these name is made by keystone-manage fernet_setup, else in /etc.
    parsed = configparser.ConfigParser()
    parsed.read(files.path('keystone.conf'))
    for section in ('fernet_tokens', 'fernet_receipts', 'credential'):
        assert parsed[section]['key_repository'].startswith(
            str(home.state)), section
