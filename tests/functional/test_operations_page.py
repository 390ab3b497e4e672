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

"""The commands of doc/source/operations.rst, as the page has them."""

import re
import shlex

import pytest
import yaml

from tests.functional import cloud as clouds
from tests.functional import nova_answers
from tests.functional import nova_api
from tests.repository import DOC

PAGE = DOC / 'source/operations.rst'
NODES = {'hv01': 1, 'hv02': 1, 'hv03': 2, 'hv04': 2}
NEW_GUID = '33333333-3333-4333-8333-333333333333'
PROMPT = '    $ openstack resource provider csv '


def section(title):
    """The text below a heading, up to the next one."""
    parts = re.split(r'^(.+)\n=+\n', PAGE.read_text(), flags=re.M)
    return parts[parts.index(title) + 1]


def commands(title):
    """The arguments of each csv command of a section."""
    return [shlex.split(line.removeprefix(PROMPT))
            for line in section(title).splitlines()
            if line.startswith(PROMPT)]


def cluster(nodes=None, numbers=(1, 2), **fields):
    """A source's cluster; each node's home is its number's volume."""
    return {'name': 'hvc1', 'guid': clouds.CLUSTER_GUID,
            'nodes': [{'name': name, 'build': 14393,
                       'home': clouds.guid(home)}
                      for name, home in (nodes or NODES).items()],
            'volumes': [{'name': f'Volume{number}',
                         'guid': clouds.guid(number), 'size_gb': 500}
                        for number in numbers], **fields}


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register(*NODES)
    made.nova = nova_answers.Answers(made.nodes)
    placement.service.before = nova_api.AuditedNovaApi(made)
    return made


@pytest.fixture
def describe(tmp_path, monkeypatch):
    """Writes the source the page speaks of."""
    monkeypatch.chdir(tmp_path)

    def write(*described):
        (tmp_path / 'clusters.yaml').write_text(yaml.safe_dump(
            {'version': 1, 'clusters': list(described)}))
    return write


@pytest.fixture
def published(cloud, csv, describe):
    describe(cluster())
    assert csv('sync', '--source', 'clusters.yaml')[0] == 0
    return cloud


def server(cloud, host, disk_gb=50):
    return cloud.nova.add(cloud.create(disk_gb, host), node=host)


def delete(cloud, consumer):
    cloud.admin.delete(f'/allocations/{consumer}', microversion='1.28')
    cloud.nova.servers.pop(consumer)


def codes(csv, title):
    """The exit codes of a section's commands, in order."""
    answers = [csv(*arguments) for arguments in commands(title)]
    return [answer[0] for answer in answers]


def without(name):
    return {node: home for node, home in NODES.items() if node != name}


def test_remove_a_node(published, csv, describe):
    describe(cluster(without('hv03')))
    assert codes(csv, 'Remove a node') == [4, 2, 0, 0]
    _uuid, inventories, traits, aggregates, _used = published.state()['hv03']
    assert inventories['DISK_GB'].allocation_ratio == 1.0
    assert traits == {'COMPUTE_NODE', 'HW_CPU_X86_VMX'}
    assert aggregates == set()


def test_a_node_with_servers_is_not_given_back(published, csv, describe):
    consumer = server(published, 'hv03')
    describe(cluster(without('hv03')))
    before = published.state()['hv03'][1]
    assert codes(csv, 'Remove a node') == [4, 4, 4, 4]
    assert published.state()['hv03'][1] == before
    _code, out, _err = csv(*commands('Remove a node')[2])
    assert consumer in out


def test_rename_a_node(published, csv, describe):
    describe(cluster(without('hv03')))
    assert codes(csv, 'Remove a node')[-1] == 0
    published.admin.delete(
        f'/resource_providers/{published.nodes.pop("hv03")}')
    published.register('hv33')
    describe(cluster({**without('hv03'), 'hv33': 2}))
    assert codes(csv, 'Rename a node') == [0]
    assert 'hv33' in published.hosts(400)
    assert published.state()['hv33'][1]['DISK_GB'].capacity == 0


@pytest.mark.parametrize(('renamed', 'name'), [
    (cluster(name='cluster1'), 'csv:cluster1/Volume1'),
    (cluster(volumes=[
        {'name': 'Data', 'guid': clouds.guid(1), 'size_gb': 500},
        {'name': 'Volume2', 'guid': clouds.guid(2), 'size_gb': 500}]),
     'csv:hvc1/Data')])
def test_rename_a_volume_or_a_cluster(published, csv, describe, renamed,
                                      name):
    consumer = server(published, 'hv01')
    describe(renamed)
    assert codes(csv, 'Rename a volume or a cluster') == [2, 0]
    assert published.state()[name][0] == clouds.VOLUME
    assert published.api.allocations_on(clouds.VOLUME) == {
        consumer: {'DISK_GB': 50}}


def test_rebuild_a_cluster(published, csv, describe):
    consumer = server(published, 'hv01')
    before = published.state()
    title = 'Rebuild a cluster'
    first, second = commands(title)
    described, = yaml.safe_load(re.search(
        r'code-block:: yaml\n\n((?:    .*\n)+)', section(title))[1]
        )['clusters']
    describe(cluster(guid=described['guid']))
    code, out, _err = csv(*first)
    assert code == 4 and 'identity' in out
    assert published.state() == before
    describe(cluster(**described))
    assert csv(*second)[0] == 0
    assert published.state()['csv:hvc1/Volume1'][0] == clouds.VOLUME
    assert published.api.allocations_on(clouds.VOLUME) == {
        consumer: {'DISK_GB': 50}}


def replaced(**fields):
    return cluster(nodes={**NODES, 'hv01': 7, 'hv02': 7}, volumes=[
        {'name': 'Volume1', 'guid': clouds.guid(7), 'size_gb': 500, **fields},
        {'name': 'Volume2', 'guid': clouds.guid(2), 'size_gb': 500}])


def test_replace_a_disk(published, csv, describe):
    consumer = server(published, 'hv01')
    describe(replaced())
    assert codes(csv, 'Replace a disk') == [4, 4]
    delete(published, consumer)
    assert codes(csv, 'Replace a disk') == [4, 0]
    assert csv('sync', '--source', 'clusters.yaml')[0] == 0
    assert 'hv01' in published.hosts(400)
    assert published.state()['csv:hvc1/Volume1'][0] != clouds.VOLUME


def test_a_replaced_disk_with_its_files_keeps_its_shares(
        published, csv, describe):
    consumer = server(published, 'hv01')
    describe(replaced(identity=clouds.guid(1)))
    assert csv(*commands('Replace a disk')[0])[0] == 0
    assert published.state()['csv:hvc1/Volume1'][0] == clouds.VOLUME
    assert consumer in published.api.allocations_on(clouds.VOLUME)


def test_remove_a_volume(published, csv, describe):
    consumer = server(published, 'hv03')
    describe(cluster(dict.fromkeys(NODES, 1), numbers=(1,)))
    assert codes(csv, 'Remove a volume') == [4, 4]
    delete(published, consumer)
    assert codes(csv, 'Remove a volume') == [4, 0]
    assert 'csv:hvc1/Volume2' not in published.state()


def test_split_a_cluster(published, csv, describe):
    consumer = server(published, 'hv03')
    describe(
        cluster({'hv01': 1, 'hv02': 1}, numbers=(1,)),
        cluster({'hv03': 2, 'hv04': 2}, numbers=(2,), name='hvc2',
                guid=NEW_GUID))
    assert codes(csv, 'Split a cluster') == [4, 4, 4]
    assert 'csv:hvc2/Volume2' not in published.state()
    delete(published, consumer)
    assert codes(csv, 'Split a cluster') == [4, 0, 0]
    assert {name for name in published.state() if name.startswith('csv:')
            } == {'csv:hvc1/Volume1', 'csv:hvc2/Volume2'}
    assert published.hosts(400) == set(NODES)


def test_every_command_of_the_page_is_run():
    """A section without a test above would be one nobody tried."""
    titles = re.findall(r'^(.+)\n=+\n', PAGE.read_text(), flags=re.M)[1:]
    with open(__file__) as file:
        text = file.read()
    assert titles and all(f"'{title}'" in text for title in titles)
