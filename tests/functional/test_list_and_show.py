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


"""What ``csv list`` and ``csv show`` say of a volume's room and state."""

import json

import pytest

from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from tests.functional import command_line
from tests.functional import unadopted_cloud
from tests.functional.cloud import VOLUME

SERVER = '99999999-9999-4999-8999-000000000001'


@pytest.fixture
def cloud(placement):
    return unadopted_cloud.UnadoptedCloud(placement)


def listed(csv, *arguments):
    code, out, err = csv('list', '-f', 'json', *arguments)
    assert code == 0, err
    return json.loads(out)


def shown(csv, name='hvc1/Volume1'):
    code, out, err = csv('show', name, '-f', 'json')
    assert code == 0, err
    return json.loads(out)


def hold(cloud, held_gb, consumer_type):
    cloud.api.write_consumers([Consumer(SERVER, None, 'p', 'u', {
        VOLUME: {names.HELD_DISK_GB: held_gb}}, consumer_type)])


@pytest.mark.parametrize('consumer_type', ['INSTANCE', 'unknown'])
def test_room_that_is_held_is_not_free(csv, source, cloud, consumer_type):
    csv('sync', '--source', source)
    cloud.create(141)
    hold(cloud, 263, consumer_type)
    row, = listed(csv)
    assert (row['Free GB'], row['State'], row['Held GB']) == (0, 'full', 263)
    fields = shown(csv)
    assert (fields['free_gb'], fields['state']) == (0, 'full')


def test_escrow_of_a_migration_takes_no_room_of_its_own(csv, source, cloud):
    """Its server has the share already."""
    csv('sync', '--source', source)
    cloud.create(141)
    hold(cloud, 141, 'MIGRATION')
    row, = listed(csv)
    assert (row['Free GB'], row['State']) == (263, 'open')


def test_nodes_that_do_not_reach_a_volume_are_shown(csv, source, cloud):
    csv('sync', '--source', source)
    assert shown(csv)['cut_off_nodes'] == []
    node = cloud.nodes['hv01']
    generation, traits = cloud.api.traits(node)
    cloud.api.set_traits(node, generation,
                         traits | {names.cut_off_trait(VOLUME)})
    assert shown(csv)['cut_off_nodes'] == ['hv01']


def test_a_volume_of_an_interrupted_adopt_is_listed_as_hidden(
        csv, source, cloud):
    cloud.server('hv01', 100)
    adopter = cloud.adopter()

    def killed(*_arguments):
        raise KeyboardInterrupt
    adopter._sweep = killed
    with pytest.raises(KeyboardInterrupt):
        adopter.adopt(adopter.inspect(unadopted_cloud.clouds.cluster()))
    row, = listed(csv)
    assert (row['Volume'], row['State'], row['Nodes']) == (
        'csv:hvc1/Volume1', 'hidden', 0)
    assert shown(csv)['state'] == 'hidden'
    assert shown(csv, VOLUME)['name'] == 'csv:hvc1/Volume1'


def test_a_provider_that_only_bears_such_a_name_is_not_listed(csv, cloud):
    cloud.api.create_provider(SERVER, 'csv:somebody/else')
    assert listed(csv) == []
    code, _out, err = csv('show', 'somebody/else')
    assert code == 1 and 'no volume somebody/else' in err


def test_a_cluster_that_left_the_source_is_named(csv, source, cloud,
                                                 tmp_path):
    csv('sync', '--source', source)
    assert listed(csv, '--source', source)[0]['Drift'] == 'no'
    other = tmp_path / 'other.yaml'
    other.write_text(command_line.SOURCE.replace('hvc1', 'hvc2').replace(
        '11111111-1111-4111-8111-111111111111',
        '11111111-1111-4111-8111-111111111112'))
    row, = listed(csv, '--source', str(other))
    assert row['Drift'] == 'cluster hvc1 is not in the source'


def test_a_cluster_nobody_published_is_an_error(csv, source, cloud):
    csv('sync', '--source', source)
    assert [row['Volume'] for row in listed(csv, '--cluster', 'HVC1')] == [
        'csv:hvc1/Volume1']
    code, out, err = csv('list', '--cluster', 'hvc2')
    assert (code, out) == (1, '')
    assert 'no volume of cluster hvc2 is in Placement' in err
