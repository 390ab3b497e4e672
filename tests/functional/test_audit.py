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

"""Audit and heal on a real Placement; Nova's answers are a dict."""

import dataclasses
import uuid

import pytest

from hv_sched import exception
from hv_sched.audit import auditor
from hv_sched.audit.findings import Code
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from tests.functional import cloud as clouds
from tests.functional import nova_answers
from tests.functional import published_cloud
from tests.functional.published_cloud import COMPUTE
from tests.functional.published_cloud import NAME
from tests.functional.published_cloud import VOLUME


@pytest.fixture
def cloud(placement):
    return published_cloud.PublishedCloud(placement)


def done(results):
    return [finding.code for result in results for finding in result.done]


def test_a_clean_cloud_has_no_findings_and_is_read_once(cloud):
    for number in range(4):
        cloud.server(f'hv0{number % 2 + 1}')
    cloud.placement.sent.clear()
    report, = cloud.audit()
    assert (report.findings, report.servers) == ((), 4)
    # Traits, volumes, nodes, a home; then a volume and two nodes.
    assert len(cloud.placement.sent) == 7
    assert cloud.nova.asked == ['computes', 'hosts', 'open_migrations',
                                'waiting_evacuations', 'soft_deleted',
                                'on_host', 'on_host']


def test_many_more_servers_cost_no_more_requests(cloud):
    cloud.server()
    cloud.audit()
    sent, asked = len(cloud.placement.sent), len(cloud.nova.asked)
    for _number in range(20):
        cloud.server(disk_gb=1)
    cloud.placement.sent.clear()
    cloud.nova.asked.clear()
    cloud.audit()
    assert len(cloud.nova.asked) == asked
    assert len(cloud.placement.sent) <= sent


def test_dropped_shares_come_back_exactly(cloud):
    servers = [cloud.server(host, gb) for host in ('hv01', 'hv02')
               for gb in (10, 20, 30)]
    before = {server: cloud.held(server) for server in servers}
    for server in servers:
        cloud.drop(server)
    assert cloud.codes() == [Code.MISSING] * 6
    result, = cloud.heal({Code.MISSING})
    assert (len(result.done), result.remaining) == (6, ())
    assert {server: cloud.held(server) for server in servers} == before
    assert cloud.findings() == []


def test_a_dry_run_tells_the_same_and_writes_nothing(cloud):
    server = cloud.server()
    cloud.drop(server)
    cloud.placement.sent.clear()
    result, = cloud.heal(dry_run=True)
    assert done([result]) == [Code.MISSING]
    assert cloud.placement.writes == []


def test_what_was_not_asked_for_stays(cloud):
    server = cloud.server()
    cloud.drop(server)
    result, = cloud.heal({Code.WRONG_NODE})
    assert (result.done, [f.code for f in result.remaining]) == (
        (), [Code.MISSING])


def test_the_node_part_follows_a_failover(cloud):
    server = cloud.server('hv01')
    cloud.known(server, 'hv02', 50)
    finding, = cloud.findings()
    assert (finding.code, finding.location) == (Code.WRONG_NODE, 'hv01')
    cloud.heal()
    assert cloud.held(server) == {cloud.nodes['hv02']: COMPUTE,
                                  VOLUME: {'DISK_GB': 50}}


def test_a_server_that_holds_nothing_is_made_anew(cloud):
    server = cloud.known(str(uuid.uuid4()), 'hv01', 50)
    assert cloud.codes() == [Code.LOST]
    cloud.heal()
    assert cloud.held(server) == {cloud.nodes['hv01']: COMPUTE,
                                  VOLUME: {'DISK_GB': 50}}


def test_the_room_was_given_away_meanwhile(cloud):
    server = cloud.server(disk_gb=300)
    cloud.drop(server)
    cloud.server('hv02', disk_gb=400)
    result, = cloud.heal()
    assert cloud.held(server)[VOLUME] == {'DISK_GB': 300}
    assert result.raised == {NAME: 200}
    assert names.NO_NEW_DISKS in cloud.api.traits(VOLUME)[1]


def test_a_share_on_a_closed_node_moves_to_the_volume(cloud):
    server = cloud.server()
    node = cloud.nodes['hv01']
    generation, inventories = cloud.api.inventories(node)
    is_open = dataclasses.replace(inventories['DISK_GB'],
                                  allocation_ratio=1.0)
    generation = cloud.api.set_inventories(
        node, generation, {**inventories, 'DISK_GB': is_open})
    cloud.hold(server, {node: {**COMPUTE, 'DISK_GB': 50}})
    assert cloud.codes() == [Code.CLOSED_NODE]
    cloud.heal()
    assert cloud.held(server) == {node: COMPUTE, VOLUME: {'DISK_GB': 50}}


@pytest.mark.parametrize('state', [
    {'task_state': 'migrating'}, {'task_state': 'powering-off'},
    {'vm_state': 'building'}, {'known': False}])
def test_a_server_in_the_middle_of_something_is_not_judged(cloud, state):
    cloud.drop(cloud.server(**state))
    assert cloud.findings() == []


@pytest.mark.parametrize('status', ['accepted', 'running', 'finished'])
def test_a_server_with_an_open_migration_is_not_judged(cloud, status):
    server = cloud.server()
    cloud.drop(server)
    cloud.nova.add_migration(str(uuid.uuid4()), server, status)
    assert cloud.findings() == []


def test_a_migration_that_just_ended_spares_its_server(cloud):
    server = cloud.server()
    cloud.drop(server)
    cloud.nova.changed = {server}
    assert cloud.findings() == []


def test_a_drift_that_is_gone_at_the_second_look_is_not_told(cloud):
    server = cloud.server()
    before = cloud.held(server)
    cloud.drop(server)
    reads = []

    def mend(environ):
        path = environ['PATH_INFO']
        if path.endswith(f'/allocations/{server}') and not reads:
            reads.append(path)
            cloud.hold(server, before)

    cloud.placement.service.before = mend
    assert cloud.findings() == []
    assert reads


def test_a_server_that_begins_to_move_is_not_healed(cloud):
    server = cloud.server()
    cloud.drop(server)
    reports = cloud.audit()
    cloud.known(server, 'hv01', 50, task_state='migrating')
    result, = cloud.heal(reports=reports)
    assert result.done == () and 'busy (migrating)' in result.reasons[server]
    assert VOLUME not in cloud.held(server)


def test_a_server_that_moved_and_stands_again_is_judged_where_it_is(cloud):
    server = cloud.server('hv01')
    cloud.known(server, 'hv02', 50)
    reports = cloud.audit()
    cloud.hold(server, {cloud.nodes['hv02']: COMPUTE,
                        VOLUME: {'DISK_GB': 50}})
    result, = cloud.heal(reports=reports)
    assert result.done == ()
    assert 'shows it no more' in result.reasons[server]


def test_a_server_that_moves_between_the_look_and_the_write(cloud):
    """It was judged on hv01 and is on hv02 when the write is due."""
    server = cloud.server('hv01')
    cloud.drop(server)
    reports = cloud.audit()
    moved = []

    def move(environ):
        if environ['PATH_INFO'].endswith(f'/allocations/{server}') and (
                environ['REQUEST_METHOD'] == 'GET') and not moved:
            moved.append(True)
            cloud.known(server, 'hv02', 50)
            cloud.hold(server, {cloud.nodes['hv02']: COMPUTE,
                                VOLUME: {'DISK_GB': 50}})

    cloud.placement.service.before = move
    cloud.heal(reports=reports)
    assert moved
    assert cloud.held(server) == {cloud.nodes['hv02']: COMPUTE,
                                  VOLUME: {'DISK_GB': 50}}


# -- consumers that are no servers


def test_a_deleted_server_that_left_its_share(cloud):
    server = cloud.server()
    del cloud.nova.servers[server]
    cloud.nova.deleted.add(server)
    finding, = cloud.findings()
    assert (finding.code, finding.location, finding.gb) == (
        Code.ORPHANED, NAME, 50)
    assert cloud.heal({Code.MISSING})[0].done == ()
    cloud.heal({Code.ORPHANED})
    assert cloud.held(server) is None
    assert cloud.slept == [10]


def test_a_consumer_that_is_not_novas_is_never_touched(cloud):
    unknown = cloud.create(50)
    typed = str(uuid.uuid4())
    cloud.admin.put(f'/allocations/{typed}', microversion='1.38', json={
        'allocations': {VOLUME: {'resources': {'DISK_GB': 5}}},
        'consumer_generation': None, 'project_id': 'p', 'user_id': 'u',
        'consumer_type': 'RESERVATION'})
    before = cloud.held(unknown), cloud.held(typed)
    assert cloud.codes() == [Code.UNEXPLAINED] * 2
    cloud.heal()
    cloud.heal(named=[typed])
    assert (cloud.held(unknown), cloud.held(typed)) == before
    cloud.heal(named=[unknown])
    assert cloud.held(unknown) is None
    assert cloud.held(typed) == before[1]


def test_an_orphan_keeps_what_it_holds_elsewhere(cloud):
    cloud.register('kvm1')
    server = cloud.server()
    elsewhere = {cloud.nodes['kvm1']: {'VCPU': 2}}
    cloud.hold(server, {**cloud.held(server), **elsewhere})
    del cloud.nova.servers[server]
    cloud.nova.deleted.add(server)
    cloud.heal()
    assert cloud.held(server) == elsewhere


def test_a_deleted_server_that_somebody_writes_is_left(cloud):
    server = cloud.server()
    del cloud.nova.servers[server]
    cloud.nova.deleted.add(server)
    reports = cloud.audit()

    def race(environ):
        if environ['REQUEST_METHOD'] == 'POST':
            cloud.placement.service.before = None
            cloud.hold(server, {**cloud.held(server), VOLUME: {
                'DISK_GB': 60}})

    cloud.placement.service.before = race
    result, = cloud.heal(reports=reports)
    reason = result.reasons[server]
    assert 'Placement' in reason and 'run it again' in reason
    assert cloud.held(server)[VOLUME] == {'DISK_GB': 60}


def test_an_orphan_keeps_the_room_of_a_server_that_is_left(cloud):
    """Else the volume offers what a server without its share has on it."""
    orphan, missing = cloud.server(), cloud.server()
    del cloud.nova.servers[orphan]
    cloud.nova.deleted.add(orphan)
    compute = {provider: resources for provider, resources
               in cloud.held(missing).items() if provider != VOLUME}
    cloud.hold(missing, compute)
    reports = cloud.audit()
    cloud.known(missing, 'hv01', 50, task_state='rebuilding')
    result, = cloud.heal({Code.ORPHANED, Code.MISSING}, reports=reports)
    assert cloud.held(missing) == compute
    assert 'run it again' in result.reasons[orphan]
    assert cloud.held(orphan) is not None

    cloud.known(missing, 'hv01', 50)
    cloud.heal({Code.ORPHANED, Code.MISSING})
    assert cloud.held(orphan) is None
    assert cloud.held(missing)[VOLUME] == {'DISK_GB': 50}


def test_a_server_restored_from_deletion_is_no_orphan(cloud):
    server = cloud.server()
    said = cloud.nova.servers.pop(server)
    cloud.nova.deleted.add(server)
    reports = cloud.audit()
    cloud.nova.servers[server] = said
    result, = cloud.heal(reports=reports)
    assert result.done == ()
    assert cloud.held(server) is not None


def test_what_a_migration_that_is_over_holds_is_released(cloud):
    server = cloud.server()
    migration = cloud.create(50, 'hv02')
    cloud.nova.add_migration(migration, server, 'completed')
    finding, = cloud.findings()
    assert finding.code is Code.ORPHANED
    assert f'migration of server {server}, completed' == finding.evidence
    cloud.heal()
    assert cloud.held(migration) is None
    assert cloud.held(server) is not None


def test_an_open_migration_holds_what_it_holds(cloud):
    server = cloud.server(task_state='migrating')
    migration = cloud.create(50, 'hv02')
    cloud.nova.add_migration(migration, server, 'running')
    assert cloud.findings() == []


def test_consumers_without_disk_are_novas_own_matter(cloud):
    stranger = str(uuid.uuid4())
    cloud.hold(stranger, {cloud.nodes['hv01']: COMPUTE})
    assert cloud.findings() == []


# -- cells and services


def test_of_a_cell_that_is_down_nothing_is_called_orphaned(cloud):
    down, up = cloud.server('hv01'), cloud.server('hv02')
    cloud.drop(up)
    deleted = cloud.create(10, 'hv02')
    cloud.nova.deleted.add(deleted)
    cloud.nova.down = {'hv01'}
    report, = cloud.audit()
    assert [finding.consumer for finding in report.findings] == [up]
    assert report.unknown == 2
    before = cloud.held(down)
    cloud.heal()
    assert (cloud.held(down), cloud.held(deleted) is not None) == (
        before, True)
    assert cloud.held(up)[VOLUME] == {'DISK_GB': 50}


def test_servers_of_a_node_without_its_hypervisor_are_not_taken_for_checked(
        cloud):
    """Nova lists its nova-compute: half an answer, or another region's."""
    missing, deleted = cloud.server('hv01'), cloud.create(10, 'hv02')
    cloud.drop(missing)
    cloud.nova.deleted.add(deleted)
    cloud.nova.unlisted = {'hv01'}
    report, = cloud.audit()
    assert report.findings == ()
    assert report.unknown == 1
    cloud.nova.unlisted = set()
    assert {finding.consumer for finding in cloud.findings()} == {
        missing, deleted}


def test_a_list_of_a_host_that_lacks_its_servers_is_not_believed(cloud):
    """One that lost its share is in no answer then: none is complete."""
    missing, right = cloud.server('hv01'), cloud.server('hv01')
    orphan = cloud.create(10, 'hv02')
    cloud.drop(missing)
    cloud.nova.deleted.add(orphan)
    cloud.nova.emptied = {'hv01'}
    report, = cloud.audit()
    assert report.findings == () and report.unknown == 2
    assert f'server {right} as one on hv01' in report.unproven
    cloud.heal()
    assert cloud.held(orphan) is not None
    cloud.nova.emptied = set()
    assert {finding.consumer for finding in cloud.findings()} == {
        missing, orphan}


def test_a_node_whose_nova_compute_was_deleted_does_not_stop_the_audit(cloud):
    server = cloud.server('hv01')
    cloud.drop(server)
    del cloud.nova.nodes['hv02']
    assert [finding.consumer for finding in cloud.findings()] == [server]


def test_a_node_knows_its_home_that_an_answer_left_out(cloud, monkeypatch):
    """An answer about members that is another region's has none."""
    server = cloud.server('hv01')
    cloud.drop(server)
    ask = client.Placement.list_providers
    left_out = [ids.home_aggregate(VOLUME)]

    def list_providers(api, **query):
        if query.get('member_of') in left_out:
            left_out.clear()
            return []
        return ask(api, **query)
    monkeypatch.setattr(client.Placement, 'list_providers', list_providers)
    finding, = cloud.findings()
    assert not left_out
    assert (finding.consumer, finding.gb) == (server, 50)


def test_a_cell_that_goes_down_before_the_orphan_goes(cloud):
    server = cloud.server()
    del cloud.nova.servers[server]
    cloud.nova.deleted.add(server)
    reports = cloud.audit()
    cloud.nova.down = {'hv02'}
    result, = cloud.heal(reports=reports)
    assert result.reasons == {server: 'a cell does not answer'}
    assert cloud.held(server) is not None


@pytest.mark.parametrize('status,error', [
    ('503 Service Unavailable', exception.PlacementUnavailable),
    ('403 Forbidden', exception.PlacementDenied)])
def test_placement_that_does_not_answer_is_an_error(
        cloud, monkeypatch, status, error):
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    cloud.placement.service.refuse_all(status)
    with pytest.raises(error):
        cloud.audit()


def test_nothing_is_published_yet(placement):
    one = auditor.Auditor(client.from_adapter(placement),
                          nova_answers.Answers())
    assert list(one.audit()) == []


# -- clusters


def test_clusters_are_audited_one_after_the_other(placement):
    cloud = published_cloud.PublishedCloud(placement)
    cloud.register('b1', 'b2')
    other = dataclasses.replace(
        clouds.cluster(volumes=(clouds.volume(2),)), name='other',
        guid='33333333-3333-4333-8333-333333333333',
        nodes=(clouds.model.Node('b1'), clouds.model.Node('b2')))
    cloud.sync(clouds.facts(clouds.cluster(), other))
    cloud.drop(cloud.server('hv01'))
    lost = cloud.server('b1')
    cloud.drop(lost, ids.volume_uuid(other.guid, clouds.guid(2)))
    reports = cloud.audit()
    assert sorted(len(report.context.nodes) for report in reports) == [2, 2]
    assert {finding.location for report in reports
            for finding in report.findings} == {
                NAME, 'csv:other/Volume2'}
    cloud.heal(reports=reports)
    assert cloud.findings() == []


def test_a_node_that_is_cut_off_stays_with_its_cluster(placement):
    cloud = published_cloud.PublishedCloud(placement)
    server = cloud.server('hv01')
    cloud.sync(clouds.facts(clouds.cluster(volumes=(
        clouds.volume(cut_off_nodes=('hv01',)),))))
    report, = cloud.audit()
    assert report.findings == ()
    assert set(report.context.nodes) == set(cloud.nodes.values())
    cloud.drop(server)
    cloud.heal()
    assert cloud.held(server)[VOLUME] == {'DISK_GB': 50}
