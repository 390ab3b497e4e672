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


"""Giving a cluster back: stock Nova's state, and no trace of ours."""

import dataclasses
import itertools
import threading

import pytest

from hv_sched import exception
from hv_sched.adopt import adopt
from hv_sched.adopt import export
from hv_sched.adopt import retire
from hv_sched.adopt import unused_names
from hv_sched.notices import Kind
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.shares.quiescence import SkipReason
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import unadopted_cloud

VOLUME = clouds.VOLUME


class Running(unadopted_cloud.UnadoptedCloud):
    def retirer(self, **options):
        return retire.Retirer(clouds.client.from_adapter(self.placement),
                              self.nova, clouds.SETTINGS, **options)

    def retire(self, cluster=None, **options):
        one = self.retirer(**options)
        return one.retire(one.inspect(cluster or clouds.cluster()))

    def vocabulary(self):
        return {name for name in self.api.all_traits()
                | self.api.resource_classes() if name.startswith('CUSTOM_')}


@pytest.fixture
def cloud(placement):
    made = Running(placement, ())
    made.register('hv01')
    made.register('hv02', ratio=1.5)
    return made


def test_adopt_and_retire_leave_everything_as_it_was(cloud):
    cloud.server('hv01', 100)
    cloud.server('hv02', 50)
    cloud.resized('hv01', 'hv02', 30, 40)
    before = cloud.state(), cloud.disk()
    cloud.adopt()
    assert cloud.state() != before[0]
    report = cloud.retire()
    assert report.findings == () and report.skipped == ()
    assert (cloud.state(), cloud.disk()) == before
    assert cloud.vocabulary() == set()


def test_retire_of_what_was_never_adopted_changes_nothing(cloud):
    cloud.server('hv01', 100)
    before = cloud.state()
    assert cloud.retire().findings == ()
    assert cloud.state() == before


def test_a_server_created_on_the_volume_goes_to_its_node(cloud):
    cloud.adopt()
    server = cloud.nova.add(cloud.create(70, host='hv02'))
    cloud.retire()
    assert cloud.disk() == {('hv02', server): 70}


def test_an_open_node_that_remembers_no_ratio_keeps_the_one_it_has(cloud):
    """Somebody else opened it: its ratio is not ours to narrow."""
    cloud.adopt()
    node = cloud.nodes['hv02']
    server = cloud.nova.add(cloud.create(70, host='hv02'))
    generation, traits = cloud.api.traits(node)
    generation = cloud.api.set_traits(node, generation, frozenset(
        name for name in traits
        if not name.startswith(names.FORMER_RATIO_PREFIX)))
    inventories = dict(cloud.api.inventories(node)[1])
    inventories[names.DISK_GB] = dataclasses.replace(
        inventories[names.DISK_GB], allocation_ratio=2.0)
    cloud.api.set_inventories(node, generation, inventories)
    assert cloud.retire().findings == ()
    assert cloud.disk() == {('hv02', server): 70}
    assert cloud.api.inventories(node)[1][
        names.DISK_GB].allocation_ratio == 2.0


# -- one answer that is another Placement's, or half of one


def test_a_volume_that_is_listed_and_not_found_stops_it_before_any_write(
        cloud, monkeypatch):
    cloud.server('hv01', 100)
    cloud.adopt()
    before = cloud.state(), cloud.disk()
    ask, misled = client.Placement.inventories, [VOLUME]

    def inventories(api, uuid):
        if uuid in misled:
            misled.clear()
            raise exception.PlacementNotFound('no such provider')
        return ask(api, uuid)
    monkeypatch.setattr(client.Placement, 'inventories', inventories)
    with pytest.raises(exception.PlacementUnavailable,
                       match='one answer of Placement has csv:hvc1/Vol'):
        cloud.retire()
    assert (cloud.state(), cloud.disk()) == before


def test_a_list_without_the_volume_stops_it_before_any_write(
        cloud, monkeypatch):
    cloud.server('hv01', 100)
    cloud.adopt()
    before = cloud.state(), cloud.disk()
    ask = client.Placement.list_providers
    monkeypatch.setattr(
        client.Placement, 'list_providers', lambda api, **query: [
            listed for listed in ask(api, **query)
            if query or listed.uuid != VOLUME])
    with pytest.raises(exception.PlacementUnavailable,
                       match='one answer of Placement has csv:hvc1/Vol'):
        cloud.retire()
    monkeypatch.undo()
    assert (cloud.state(), cloud.disk()) == before


def assert_stays_closed(cloud):
    ratio = cloud.api.inventories(cloud.nodes['hv01'])[1][
        names.DISK_GB].allocation_ratio
    assert ratio < 0.001


def assert_returned_by_another_run(cloud, server):
    assert cloud.retire().skipped == ()
    assert cloud.disk() == {('hv01', server): 100}


def test_a_node_stays_closed_while_somebody_holds_what_was_not_shown(
        cloud, monkeypatch):
    """Their allocations were read as none, and their share was not moved."""
    server = cloud.server('hv01', 100)
    cloud.adopt()
    ask = client.Placement.consumer
    monkeypatch.setattr(
        client.Placement, 'consumer', lambda api, uuid: None
        if uuid == server else ask(api, uuid))
    report = cloud.retire()
    assert [skip.consumer for skip in report.skipped] == [server]
    assert 'still holds 100 GB' in report.skipped[0].message
    assert_stays_closed(cloud)
    monkeypatch.undo()
    assert_returned_by_another_run(cloud, server)


def test_a_node_stays_closed_where_the_proof_alone_shows_a_share(
        cloud, monkeypatch):
    """It reads for itself; what was read before had no share in it."""
    server = cloud.server('hv01', 100)
    cloud.adopt()
    monkeypatch.setattr(retire.Retirer, '_held', lambda self, volume: {})
    report = cloud.retire()
    assert [skip.consumer for skip in report.skipped] == [server]
    assert report.proof.left_gb == 100
    assert_stays_closed(cloud)
    monkeypatch.undo()
    assert_returned_by_another_run(cloud, server)


def test_the_name_of_a_volumes_reach_stays_though_a_list_has_no_volume(
        cloud, monkeypatch):
    """The scheduler's queries name it: without it they are refused."""
    cloud.adopt()
    ask = client.Placement.list_providers
    monkeypatch.setattr(client.Placement, 'list_providers',
                        lambda api, **query: [] if not query
                        else ask(api, **query))
    unused_names.delete(clouds.client.from_adapter(cloud.placement))
    assert names.cut_off_trait(VOLUME) in cloud.api.all_traits()
    assert names.NO_NEW_DISKS in cloud.api.all_traits()


def test_names_stay_though_an_answer_says_that_nobody_uses_them(
        cloud, monkeypatch):
    cloud.adopt()
    before = cloud.vocabulary()
    ask = client.Placement.all_traits
    monkeypatch.setattr(client.Placement, 'all_traits',
                        lambda api, associated=False, **query: frozenset()
                        if associated else ask(api, **query))
    unused_names.delete(clouds.client.from_adapter(cloud.placement))
    assert cloud.vocabulary() == before


def test_escrow_counts_as_the_share(cloud):
    cloud.adopt()
    server = cloud.nova.add('99999999-9999-4999-8999-999999999999')
    cloud.allocate(server, {
        cloud.nodes['hv01']: {'resources': {'VCPU': 1}},
        VOLUME: {'resources': {names.HELD_DISK_GB: 60}}})
    cloud.retire()
    assert cloud.disk() == {('hv01', server): 60}


def test_an_evacuated_servers_share_goes_where_nova_has_it(cloud):
    """Its old node has not come back, and is still charged for it."""
    cloud.adopt()
    server = cloud.nova.add('99999999-9999-4999-8999-999999999999',
                            node='hv02')
    cloud.allocate(server, {
        **{uid: {'resources': {'VCPU': 1}} for uid in cloud.nodes.values()},
        VOLUME: {'resources': {'DISK_GB': 60}}})
    assert cloud.retire().findings == ()
    assert cloud.disk() == {('hv02', server): 60}


def test_a_server_on_two_nodes_that_nova_has_elsewhere_is_left(cloud):
    cloud.adopt()
    server = cloud.nova.add('99999999-9999-4999-8999-999999999999',
                            node='hv09')
    cloud.allocate(server, {
        **{uid: {'resources': {'VCPU': 1}} for uid in cloud.nodes.values()},
        VOLUME: {'resources': {'DISK_GB': 60}}})
    report = cloud.retire()
    assert [left.reason for left in report.skipped] == [SkipReason.REFUSED]
    assert cloud.candidates(1) == []


def test_a_moving_server_keeps_the_cluster_closed_until_a_rerun(cloud):
    cloud.adopt()
    server = cloud.nova.add(cloud.create(70), task_state='migrating')
    report = cloud.retire()
    assert [left.reason for left in report.skipped] == [SkipReason.MOVING]
    assert cloud.candidates(1) == []
    cloud.nova.add(server)
    assert cloud.retire().findings == ()
    assert {name for name, _c in cloud.disk()} <= {'hv01', 'hv02'}


def test_a_node_of_another_cluster_is_never_given_back(cloud):
    """Listed here by mistake, while the source does not describe its own."""
    cloud.register('hv03')
    cloud.sync(clouds.facts(clouds.cluster()))
    cloud.sync(clouds.facts(dataclasses.replace(
        clouds.cluster(volumes=(clouds.volume(9),), nodes=(clouds.node(3),)),
        guid='99999999-9999-4999-8999-999999999999', name='hvc2')))
    cloud.create(60, host='hv03')
    before = cloud.state()
    report = cloud.retire(clouds.cluster(3))
    after = cloud.state()
    assert [(notice.kind, notice.subject) for notice in report.findings
            ] == [(Kind.REFUSED, 'hv03')]
    assert 'csv:hvc2/Volume9' in report.findings[0].message
    assert 'csv:hvc1/Volume1' not in after
    for name in ('hv03', 'csv:hvc2/Volume9'):
        assert after[name] == before[name]
    for name in ('hv01', 'hv02'):
        assert after[name][1]['DISK_GB'].allocation_ratio >= 1


def test_an_unexplained_share_stays_on_its_hidden_volume(cloud):
    cloud.adopt()
    cloud.create(70)
    report = cloud.retire()
    assert {finding.kind for finding in report.findings} == {
        Kind.SKIPPED, Kind.REFUSED}
    assert cloud.hosts(400) == {'hv01', 'hv02'}
    assert all(VOLUME not in request['allocations']
               for request in cloud.candidates(1))


def test_other_peoples_marks_survive(cloud):
    cloud.adopt()
    cloud.api.ensure_trait('CUSTOM_GOLD')
    uid = cloud.nodes['hv01']
    generation, traits = cloud.api.traits(uid)
    cloud.api.set_traits(uid, generation, traits | {'CUSTOM_GOLD'})
    cloud.retire()
    assert 'CUSTOM_GOLD' in cloud.api.traits(uid)[1]
    assert cloud.vocabulary() == {'CUSTOM_GOLD'}


def test_an_export_gives_back_ratios_that_nobody_remembers(cloud, tmp_path):
    path = str(tmp_path / 'before.json')
    export.write(export.read(cloud.api, cloud.nodes.values(), 1), path)
    cloud.adopt()
    uid = cloud.nodes['hv02']
    generation, traits = cloud.api.traits(uid)
    cloud.api.set_traits(uid, generation, frozenset(
        trait for trait in traits if 'FORMER' not in trait))
    cloud.retire(ratios=export.load(path).ratios)
    assert cloud.state()['hv02'][1]['DISK_GB'].allocation_ratio == 1.5


def test_an_export_is_stable_and_never_overwritten(cloud, tmp_path):
    cloud.server('hv01', 100)
    first, second = (tmp_path / name for name in ('a', 'b'))
    for path in (first, second):
        export.write(export.read(cloud.api, cloud.nodes.values(), 1),
                     str(path))
    assert first.read_text() == second.read_text()
    with pytest.raises(export.exception.InvalidConfig, match='exists'):
        export.write({}, str(first))
    assert '"DISK_GB": 100' in first.read_text()


@pytest.mark.parametrize('text', [
    '', '[]', '{}', '{"hv_sched_export": 2}', '{"hv_sched_export": 1}',
    '{"hv_sched_export": 1, "providers": {"a": {"inventories": '
    '{"DISK_GB": {"allocation_ratio": "x"}}}}}'])
def test_what_is_no_export_is_refused(tmp_path, text):
    path = tmp_path / 'x'
    path.write_text(text)
    with pytest.raises(export.exception.InvalidConfig):
        export.load(str(path))


def test_a_missing_export_is_refused(tmp_path):
    with pytest.raises(export.exception.InvalidConfig):
        export.load(str(tmp_path / 'none'))


@pytest.mark.faults
@pytest.mark.parametrize('after_answer', [False, True])
def test_killed_at_any_write_nothing_is_lost_and_a_rerun_finishes(
        after_answer):
    for kill_at in itertools.count(1):
        with base.running_placement() as placement:
            cloud = Running(placement, ())
            cloud.register('hv01')
            cloud.register('hv02', ratio=1.5)
            for disk_gb in (10, 20):
                cloud.server('hv01', disk_gb)
            cloud.resized('hv01', 'hv02', 5, 7)
            before = cloud.state(), cloud.disk()
            amounts = sorted(cloud.disk().values())
            cloud.adopt()
            placement.kill_methods = ('PUT', 'POST', 'DELETE')
            placement.kill_after_answer = after_answer
            placement.kill_at = kill_at
            try:
                cloud.retire(batch=2)
                finished = True
            except base.Killed:
                finished = False
            placement.kill_at = None
            assert sorted(cloud.disk().values()) == amounts
            assert cloud.retire(batch=2).findings == ()
            assert (cloud.state(), cloud.disk()) == before, kill_at
            assert cloud.vocabulary() == set()
        if finished:
            break
    assert kill_at >= 15


@pytest.mark.parametrize('others', ['retire', 'adopt'])
def test_two_operators_at_the_same_time_lose_nothing(cloud, others):
    for number in range(12):
        cloud.server('hv01' if number % 2 else 'hv02', 10)
    amounts = sorted((c, gb) for (_n, c), gb in cloud.disk().items())
    if others == 'retire':
        cloud.adopt()
    failures = []

    def run(call):
        try:
            call()
        except adopt.exception.HvSchedError as exc:
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(call,)) for call in (
        lambda: cloud.adopt(batch=3), lambda: getattr(
            Running, others)(cloud, batch=3))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((c, gb) for (_n, c), gb in cloud.disk().items()) == amounts
    assert all(isinstance(one, adopt.exception.Retriable | (
        adopt.exception.PlacementRefused)) for one in failures), failures
    cloud.adopt()
    assert {name for name, _c in cloud.disk()} == {'csv:hvc1/Volume1'}
    assert cloud.hosts(380) == {'hv01', 'hv02'}
    assert sorted((c, gb) for (_n, c), gb in cloud.disk().items()) == amounts
