#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""Several nodes in one name of a trait: [hv_sched]nodes_per_home_trait."""

import dataclasses

import pytest

from hv_sched import model
from hv_sched.placement import home_traits
from hv_sched.placement import names
from hv_sched.snapshot import homes
from hv_sched.snapshot import volumes
from tests.functional import cloud as clouds
from tests.functional import command_line

UNSET = clouds.SETTINGS
APART, TOGETHER = (
    dataclasses.replace(UNSET, nodes_per_home_trait=number)
    for number in (1, 7))
FACTS = clouds.facts(clouds.cluster(16))
NODES = [f'hv{number:02d}' for number in range(1, 17)]


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register(*NODES)
    return made


def home_names(cloud):
    """Those of all that Placement knows, used or not."""
    return {trait for trait in cloud.api.all_traits()
            if trait.startswith(names.HOME_PREFIXES)}


def users(cloud):
    """Names of the nodes that plug-ins take for users of the volume."""
    traits = cloud.api.traits(clouds.VOLUME)[1]
    by_node = homes.read_homes({clouds.VOLUME: volumes.VolumeState(
        clouds.VOLUME, 'csv:hvc1/Volume1', 500, 0, traits=traits)})
    return {name for name, uuid in cloud.nodes.items() if uuid in by_node}


def test_sixteen_nodes_are_three_names(cloud):
    cloud.sync(FACTS, TOGETHER)
    assert len(home_names(cloud)) == 3
    assert users(cloud) == cloud.hosts(10) == set(NODES)
    assert cloud.sync(FACTS, TOGETHER).done == ()


@pytest.mark.parametrize('full', [True, False])
@pytest.mark.parametrize('before, after, expected', [
    (APART, TOGETHER, 3), (TOGETHER, APART, 16)])
def test_the_other_form_is_written_at_once_and_leaves_no_names(
        cloud, before, after, expected, full):
    cloud.sync(FACTS, before)
    standing = cloud.state()
    cloud.sync(FACTS, after, full)
    assert len(home_names(cloud)) == expected
    assert users(cloud) == cloud.hosts(10) == set(NODES)
    assert without_homes(cloud.state()) == without_homes(standing)
    assert cloud.sync(FACTS, after, full).done == ()


def test_where_nothing_is_set_the_form_that_stands_is_kept(cloud):
    """A command on a host without the agent's configuration, for example."""
    by_threes = dataclasses.replace(APART, nodes_per_home_trait=3)
    for settings, expected in ((by_threes, 6), (TOGETHER, 3)):
        cloud.sync(FACTS, settings)
        assert cloud.sync(FACTS, UNSET).done == ()
        assert len(home_names(cloud)) == expected
    cloud.sync(clouds.facts(clouds.cluster(15)), UNSET)
    assert len(home_names(cloud)) == 3
    assert users(cloud) == set(NODES) - {'hv16'}


def test_where_nothing_is_set_a_new_volume_names_each_node(cloud):
    cloud.sync(FACTS, UNSET)
    assert len(home_names(cloud)) == 16


def without_homes(state):
    return {name: (uuid, inventories, {
        trait for trait in traits
        if not trait.startswith(names.HOME_PREFIXES)}, *rest)
        for name, (uuid, inventories, traits, *rest) in state.items()}


@pytest.mark.parametrize('settings', [APART, TOGETHER])
def test_a_node_that_may_not_have_been_read_keeps_its_home(cloud, settings):
    cloud.sync(FACTS, settings)
    cloud.sync(clouds.facts(clouds.cluster(15, set_aside=(model.SetAside(
        model.ItemKind.NODE, 'misread', None, 'name-twice', ''),))), settings)
    assert users(cloud) == set(NODES)


@pytest.mark.parametrize('settings', [APART, TOGETHER])
def test_a_node_the_source_leaves_out_is_named_no_longer(cloud, settings):
    cloud.sync(FACTS, settings)
    cloud.sync(clouds.facts(clouds.cluster(15)), settings)
    assert users(cloud) == set(NODES) - {'hv16'}


def test_a_node_that_is_cut_off_is_named_no_longer_and_named_again(cloud):
    cloud.sync(FACTS, TOGETHER)
    cut_off = clouds.facts(clouds.cluster(16, volumes=(
        clouds.volume(cut_off_nodes=frozenset({'hv08'})),)))
    cloud.sync(cut_off, TOGETHER)
    assert users(cloud) == set(NODES) - {'hv08'}
    assert len(home_names(cloud)) == 3
    cloud.sync(clouds.facts(clouds.cluster(16, volumes=(
        clouds.volume(cut_off_nodes=frozenset()),))), TOGETHER)
    assert users(cloud) == set(NODES)
    assert len(home_names(cloud)) == 3


@pytest.fixture
def configured(tmp_path, monkeypatch):
    path = tmp_path / 'hv_sched.conf'
    path.write_text('[hv_sched]\nnodes_per_home_trait = 7\n',
                    encoding='utf-8')
    return '--config-file', str(path)


@pytest.fixture
def csv(asked_cloud, csv_of):
    return csv_of(asked_cloud)


def test_commands_read_the_option_and_give_a_node_back(
        csv, asked_cloud, source, configured):
    code, _out, err = csv('sync', '--source', source, *configured)
    assert code == 0, err
    assert home_names(asked_cloud) == home_traits.traits_of(
        asked_cloud.nodes.values(), 7)
    with open(source, 'w', encoding='utf-8') as file:
        file.write(command_line.SOURCE.replace(
            '  - {name: hv02, build: 14393}\n', ''))
    code, _out, err = csv('retire', '--node', 'hv02', '--source', source)
    assert code == 0, err
    assert users(asked_cloud) == {'hv01'}
    assert home_names(asked_cloud) == home_traits.traits_of(
        [asked_cloud.nodes['hv01']])


def test_the_last_cluster_takes_the_names_along(
        csv, asked_cloud, source, configured):
    csv('sync', '--source', source, *configured)
    code, out, err = csv('retire', '--source', source)
    assert code == 0, out + err
    assert home_names(asked_cloud) == set()
