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

"""The status as it is read of a real Placement."""

import dataclasses
import json

import pytest

from hv_sched import features
from hv_sched import model
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.providers.settings import Settings
from hv_sched.status import observation
from hv_sched.status import recorder
from hv_sched.status import verdict
from tests.functional import cloud as clouds

SERVER = '99999999-9999-4999-8999-000000000001'
SETTINGS = Settings(workers=1)


@pytest.fixture
def part(cloud):
    """The agent's part that reads Placement, and what it reports to."""
    recorded = recorder.Recorder(60)
    return recorded, observation.StatusPart(
        recorded, client.from_adapter(cloud.placement), SETTINGS)


def sync(cloud, recorded, facts):
    result = cloud.sync(facts)
    recorded.described(facts, ['hvc1'])
    recorded.synced('hvc1', result.plan, result.done)
    recorded.contended(result.retries, result.conflicts)


def test_placement_source_and_sync_come_together(cloud, part):
    recorded, status_part = part
    facts = clouds.facts(clouds.cluster(2, (clouds.volume(
        free_bytes=300 * clouds.GIB, reserve_gb=20),)))
    sync(cloud, recorded, facts)
    cloud.create(100, 'hv01')
    cloud.api.write_consumers([Consumer(SERVER, None, 'p', 'u', {
        clouds.VOLUME: {names.HELD_DISK_GB: 30}}, 'INSTANCE')])
    status_part.run(0)
    cluster, = recorded.status().clusters
    volume, = cluster.volumes
    assert (volume.cluster, volume.name, volume.state) == (
        'hvc1', 'Volume1', 'open')
    assert (volume.total_gb, volume.allocated_gb, volume.held_gb) == (
        500, 100, 30)
    assert volume.free_gb == volume.capacity_gb - 130
    assert volume.physical_free_gb == 300 and volume.floor_gb == 25
    assert ('operator reserve', 20.0) in [
        dataclasses.astuple(part) for part in volume.reserved]
    assert volume.nodes == ('hv01', 'hv02') and volume.has_drift is False
    assert [node.name for node in cluster.nodes] == ['hv01', 'hv02']
    assert features.GEN2.name in cluster.nodes[0].features
    assert cluster.nodes[0].build == '14393'


def test_why_a_volume_is_closed_in_words(cloud, part):
    recorded, status_part = part
    sync(cloud, recorded, clouds.facts())
    sync(cloud, recorded, clouds.facts(clouds.cluster(2, (clouds.volume(
        free_bytes=3 * clouds.GIB, maintenance=True),))))
    status_part.run(0)
    volume, = recorded.status().volumes
    assert volume.state == 'closed'
    assert volume.closed == {
        'MAINTENANCE': 'in maintenance',
        'FLOOR': '3 GiB physically free, below the floor of 30 GiB'}


def test_a_node_that_is_cut_off_and_one_that_is_paused(cloud, part):
    recorded, status_part = part
    sync(cloud, recorded, clouds.facts(clouds.cluster(
        2, (clouds.volume(cut_off_nodes=('hv02',), redirected_nodes=()),),
        nodes=(clouds.node(1, state=model.NodeState.PAUSED),
               clouds.node(2, state=model.NodeState.UP)))))
    status_part.run(0)
    cluster, = recorded.status().clusters
    assert cluster.volumes[0].cut_off == ('hv02',)
    assert [node.is_paused for node in cluster.nodes] == [True, False]
    assert [node.state for node in cluster.nodes] == ['paused', 'up']


def test_what_did_not_change_is_not_read_again(cloud, part):
    recorded, status_part = part
    sync(cloud, recorded, clouds.facts())
    status_part.run(0)
    cloud.placement.sent.clear()
    status_part.run(1)
    assert not [url for _method, url in cloud.placement.sent
                if clouds.VOLUME in url]
    cloud.create(100)
    status_part.run(2)
    assert recorded.status().volumes[0].allocated_gb == 100


def test_before_and_without_a_source(cloud, part):
    recorded, status_part = part
    status_part.run(0)
    assert recorded.status().clusters == ()
    cloud.sync(clouds.facts())
    status_part.run(1)
    cluster, = recorded.status().clusters
    assert cluster.is_described is None
    assert cluster.volumes[0].has_drift is None
    assert [node.name for node in cluster.nodes] == ['hv01', 'hv02']


def test_a_read_that_fails_leaves_what_was_read(cloud, part):
    recorded, status_part = part
    sync(cloud, recorded, clouds.facts())
    status_part.run(0)
    cloud.placement.service.refuse_all('403 Forbidden')
    with pytest.raises(Exception, match='403'):
        status_part.run(1)
    status = recorded.status()
    assert status.volumes and 'Placement' in status.unread
    assert verdict.judge(status, status.read_at).level.value == 'unknown'
    cloud.placement.service.before = None
    status_part.run(2)
    assert recorded.status().unread == {}


def test_a_volume_that_is_gone_is_gone(cloud, part):
    recorded, status_part = part
    cloud.sync(clouds.facts())
    status_part.run(0)
    cloud.api.delete_provider(clouds.VOLUME)
    status_part.run(1)
    assert recorded.status().volumes == ()


def test_writes_and_changes_are_counted(cloud, part):
    recorded, _status_part = part
    sync(cloud, recorded, clouds.facts())
    writes = recorded.counters().writes
    assert writes['CreateProvider'] == 1 and writes['SetTraits'] >= 3
    assert '+ csv:hvc1/Volume1 aggregate' in ' '.join(
        change.text for change in recorded.status().changes)
    assert recorded.counters().conflicts == 0
    sync(cloud, recorded, clouds.facts())
    assert recorded.counters().writes == writes


def test_conflicts_and_retries_are_counted(cloud, part):
    recorded, _status_part = part
    cloud.sync(clouds.facts())
    disturbed = []

    def disturb(environ):
        if environ['REQUEST_METHOD'] == 'PUT' and not disturbed:
            disturbed.append(environ['PATH_INFO'])
            cloud.create(1)

    cloud.placement.service.before = disturb
    sync(cloud, recorded, clouds.facts(clouds.cluster(2, (
        clouds.volume(reserve_gb=40),))))
    assert disturbed
    assert (recorded.counters().conflicts, recorded.counters().retries) == (
        1, 1)


# -- csv status


def shown(csv, *arguments):
    code, out, err = csv('status', '--quick', '-f', 'json', *arguments)
    return code, json.loads(out) if out else err


def test_all_is_well(csv, source, cloud):
    csv('sync', '--source', source)
    code, status = shown(csv, '--source', source)
    assert code == 0, status
    assert (status['status'], status['reasons']) == ('ok', [])
    assert status['volumes']['hvc1/Volume1']['state'] == 'open'
    assert status['space']['total'] == 500


def test_a_cluster_that_was_not_published_wants_attention(
        csv, source, cloud):
    code, status = shown(csv, '--source', source)
    assert (code, status['status']) == (2, 'attention')
    assert status['reasons'] == [
        'clusters of the source without a volume in Placement: hvc1']


def test_one_cluster_of_several_is_shown_alone(csv, source, cloud):
    csv('sync', '--source', source)
    cloud.api.create_provider(clouds.guid(99), 'csv:hvc2/Volume1')
    for arguments in ((), ('--source', source)):
        code, status = shown(csv, '--cluster', 'HVC1', *arguments)
        assert list(status['volumes']) == ['hvc1/Volume1']
        code, error = shown(csv, '--cluster', 'hvc9', *arguments)
        assert code == 1 and 'hvc9' in error and 'hvc1' in error


def test_a_full_volume_wants_attention(csv, source, cloud):
    csv('sync', '--source', source)
    cloud.create(400)
    room = shown(csv)[1]['volumes']['hvc1/Volume1']['free_gb']
    cloud.create(room)
    code, status = shown(csv, '--source', source)
    assert (code, status['status']) == (2, 'attention')
    assert 'hvc1/Volume1' in status['reasons'][0]


def test_a_source_that_cannot_be_read_is_not_all_is_well(
        csv, source, cloud, tmp_path):
    csv('sync', '--source', source)
    code, status = shown(csv, '--source', str(tmp_path / 'none.yaml'))
    assert code == 4
    assert 'none.yaml' in status['reasons'][0]


def test_without_placement_there_is_nothing(csv, cloud):
    cloud.placement.service.refuse_all('403 Forbidden')
    code, error = shown(csv)
    assert code == 1 and '403' in error


def test_no_volumes_yet(csv, cloud):
    code, status = shown(csv)
    assert (code, status['volumes']) == (0, {})


def test_it_fits_one_screen(csv, source, cloud):
    csv('sync', '--source', source)
    _code, out, _err = csv('status', '--quick', '--source', source)
    assert len(out.splitlines()) < 24
    assert max(map(len, out.splitlines())) <= 100
    assert '[rrrr................] hvc1/Volume1 open, 404 GB free' in out


def test_doctor_and_audit_are_asked_unless_it_is_to_be_quick(
        csv, source, cloud):
    csv('sync', '--source', source)
    code, out, err = csv('status', '-f', 'json', '--source', source)
    status = json.loads(out)
    # Neither Nova nor Glance is there.
    assert code == 4, err
    assert 'Nova' in ' '.join(status['reasons'])
