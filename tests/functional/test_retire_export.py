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

"""``csv retire --from``: an export that is not of the nodes to be opened."""

import json
import uuid

import pytest

from hv_sched.placement import names
from tests.functional import command_line


@pytest.fixture
def cloud(asked_cloud):
    return asked_cloud


@pytest.fixture
def export(csv, cloud, source):
    """An export from before the cluster was published."""
    assert csv('export', '--source', source, 'before.json')[0] == 0
    assert csv('sync', '--source', source)[0] == 0
    return 'before.json'


def keep(path, *uuids):
    """Leave all other providers out of an export."""
    _rewrite(path, lambda providers: {
        uuid: provider for uuid, provider in providers.items()
        if uuid in uuids})


def of_another(path):
    """Let an export be of other nodes."""
    _rewrite(path, lambda providers: {
        str(uuid.uuid4()): provider for provider in providers.values()})


def _rewrite(path, changed):
    with open(path, encoding='utf-8') as file:
        document = json.load(file)
    document['providers'] = changed(document['providers'])
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(document, file)


def state(cloud):
    """All of Placement that retire could change."""
    return {provider.uuid: (
        cloud.api.inventories(provider.uuid), cloud.api.traits(provider.uuid),
        cloud.api.aggregates(provider.uuid),
        cloud.api.allocations_on(provider.uuid))
        for provider in cloud.api.list_providers()}


def forget(cloud, name):
    """Take the remembered ratio off a node."""
    generation, traits = cloud.api.traits(cloud.nodes[name])
    cloud.api.set_traits(cloud.nodes[name], generation, frozenset(
        trait for trait in traits
        if not trait.startswith(names.FORMER_RATIO_PREFIX)))


def ratio(cloud, name):
    return cloud.api.inventories(cloud.nodes[name])[1][
        names.DISK_GB].allocation_ratio


@pytest.fixture
def left_out(export, source):
    """The source no longer lists hv02."""
    with open(source, 'w', encoding='utf-8') as file:
        file.write(command_line.SOURCE.replace(
            '  - {name: hv02, build: 14393}\n', ''))
    return source


@pytest.mark.parametrize('made', [keep, of_another])
@pytest.mark.parametrize('dry_run', [(), ('--dry-run',)],
                         ids=['retire', 'dry run'])
def test_one_of_another_cluster_opens_nothing(
        csv, cloud, source, export, made, dry_run):
    made(export)
    before = state(cloud)
    code, out, err = csv('retire', '--source', source, '--from', export,
                         *dry_run)
    text = ' '.join((out + err).split())
    assert code == 1, text
    assert 'the export has no node of cluster hvc1' in text
    assert f'hv02 ({cloud.nodes["hv02"]})' in text
    assert 'leave --from out' in text
    assert state(cloud) == before


def test_nor_one_node(csv, cloud, export, left_out):
    keep(export)
    before = state(cloud)
    code, out, err = csv('retire', '--source', left_out, '--node', 'hv02',
                         '--from', export)
    assert code == 1
    assert 'the export has no node of cluster hvc1' in ' '.join(
        (out + err).split())
    assert state(cloud) == before


def test_a_node_it_lacks_has_the_ratio_that_is_remembered(
        csv, cloud, source, export):
    """It joined after the export was written, and that is said first."""
    keep(export, cloud.nodes['hv01'])
    code, _out, err = csv('retire', '--source', source, '--from', export,
                          '--dry-run')
    assert code == 2
    assert 'the export does not have node hv02' in err
    code, _out, err = csv('retire', '--source', source, '--from', export)
    assert code == 0, err
    assert 'the export does not have node hv02' in err
    assert (ratio(cloud, 'hv01'), ratio(cloud, 'hv02')) == (1.0, 1.5)


def test_a_ratio_that_nobody_knows_is_not_guessed(
        csv, cloud, source, export):
    keep(export, cloud.nodes['hv01'])
    forget(cloud, 'hv02')
    before = state(cloud)
    code, out, err = csv('retire', '--source', source, '--from', export)
    text = ' '.join((out + err).split())
    assert code == 1
    assert ('neither the export nor Placement has the allocation_ratio of '
            f'node hv02 ({cloud.nodes["hv02"]})') in text
    assert state(cloud) == before


def test_once_all_are_open_it_has_nothing_to_say(csv, cloud, source, export):
    """A run is repeated, also with the file that was named first."""
    assert csv('retire', '--source', source, '--from', export)[0] == 0
    keep(export)
    code, out, err = csv('retire', '--source', source, '--from', export)
    assert code == 0, out + err
    assert 'the export' not in out + err
