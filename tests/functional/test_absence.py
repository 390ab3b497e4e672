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

"""Absence is not permission: what a source leaves out is closed, never freed.
"""

import dataclasses
import datetime

from oslo_config import cfg
import pytest

from hv_sched import conf as options
from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from hv_sched.providers.settings import allow_of
from hv_sched.providers.settings import from_conf
from hv_sched.providers.settings import Settings
from tests.functional import cloud as clouds

pytestmark = pytest.mark.wide

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
OPEN = f'required=!{names.NO_NEW_DISKS}'


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02', 'hv03')
    return made


def allowing(*texts):
    return Settings(workers=1, allow=allow_of(texts))


def notices(result):
    return [(notice.kind, notice.subject)
            for notice in result.plan.all_findings]


def open_gb(cloud, node):
    return cloud.api.inventories(cloud.nodes[node])[1]['DISK_GB'].capacity


def reasons(cloud, name='csv:hvc1/Volume1'):
    return set(names.closed_reasons(cloud.state()[name][2]))


# -- a node that the source leaves out


def three(**fields):
    return clouds.facts(clouds.cluster(3, **fields))


@pytest.mark.parametrize('settings', [
    Settings(workers=1), allowing('open:hv03'), allowing('open:*')])
@pytest.mark.parametrize('full', [True, False])
def test_a_node_with_servers_on_the_volume_never_opens(cloud, full, settings):
    cloud.sync(three())
    share = cloud.create(100, host='hv03')
    for _number in range(2):
        result = cloud.sync(clouds.facts(), settings, full=full)
        assert notices(result) == [(Kind.REFUSED, 'hv03')]
        assert 'csv retire --node hv03' in str(result.plan.all_findings)
    assert open_gb(cloud, 'hv03') == 0
    assert cloud.hosts(100) == {'hv01', 'hv02'}
    assert names.CLUSTERED in cloud.state()['hv03'][2]
    assert cloud.api.allocations_on(clouds.VOLUME)[share] == {'DISK_GB': 100}
    assert result.done == (), 'said again, and written once'


def test_a_node_left_out_stays_in_its_cluster_for_moves(cloud):
    cloud.sync(three())
    cloud.sync(clouds.facts())
    assert cloud.state()['hv03'][3] == {
        ids.cluster_aggregate(clouds.CLUSTER_GUID)}


def test_a_node_that_comes_back_is_as_it_was(cloud):
    cloud.sync(three())
    before = cloud.state()
    cloud.sync(clouds.facts(), full=False)
    assert cloud.state() != before
    cloud.sync(three(), full=False)
    assert cloud.state() == before


def test_an_option_of_older_releases_permits_nothing(cloud):
    cloud.sync(three())
    conf = cfg.ConfigOpts()
    options.register_opts(conf)
    conf([], default_config_files=[])
    conf.set_override('max_withdraw_percent', 100, group='hv_sched')
    cloud.sync(clouds.facts(), from_conf(conf))
    assert open_gb(cloud, 'hv03') == 0


# -- facts of another time


def dated(hours, count=3, **fields):
    return clouds.facts(clouds.cluster(
        count, collected_at=NOW + datetime.timedelta(hours=hours), **fields))


@pytest.mark.parametrize('full', [True, False])
def test_facts_from_the_future_change_nothing(cloud, full):
    running = cloud.reconciler(clock=lambda: NOW)
    running.sync(dated(0))
    before = cloud.state()
    result = running.sync(dated(
        1, 2, volumes=(clouds.volume(1, 900, maintenance=True),)), full)
    assert notices(result) == [(Kind.FROZEN, 'hvc1')]
    assert '3600 seconds in the future' in str(result.plan.all_findings)
    assert cloud.state() == before


def test_five_minutes_ahead_are_a_clock_that_is_fast(cloud):
    result = cloud.reconciler(clock=lambda: NOW).sync(dated(5 / 60))
    assert notices(result) == []


@pytest.mark.parametrize('full', [True, False])
def test_a_running_reconcile_never_goes_back_in_time(cloud, full):
    running = cloud.reconciler(clock=lambda: NOW)
    running.sync(dated(-0.1))
    before = cloud.state()
    result = running.sync(dated(
        -0.5, 2, volumes=(clouds.volume(1, 900),)), full)
    assert notices(result) == [(Kind.FROZEN, 'hvc1')]
    assert cloud.state() == before
    assert notices(running.sync(dated(-0.1))) == []


def test_old_facts_close_a_volume_in_a_quick_pass_too(cloud):
    cloud.sync(three())
    running = cloud.reconciler(clock=lambda: NOW)
    running.sync(dated(-2), full=False)
    assert reasons(cloud) == {Closed.STALE}
    assert running.sync(dated(-2), full=False).done == ()


# -- a volume that the source leaves out


def two_volumes(home=1):
    return clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1), clouds.volume(2)), nodes=(
            clouds.node(1, home=1), clouds.node(2, home=2),
            clouds.node(3, home=home))))


def only_the_first():
    return clouds.facts(clouds.cluster(3))


@pytest.mark.parametrize('full', [True, False])
def test_a_volume_with_servers_closes_when_the_source_drops_it(cloud, full):
    """Nobody writes to it any more, whatever room it has."""
    cloud.sync(two_volumes())
    share = cloud.create(50, host='hv02')
    second = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(2))
    result = cloud.sync(only_the_first(), full=full)
    assert notices(result) == [(Kind.REFUSED, 'csv:hvc1/Volume2')]
    assert reasons(cloud, 'csv:hvc1/Volume2') == {Closed.LEFT_OUT}
    assert cloud.api.allocations_on(second)[share] == {'DISK_GB': 50}
    cloud.create(500, host='hv01')
    assert cloud.hosts(10, OPEN) == set(), 'the first is full'
    cloud.sync(two_volumes(), full=full)
    assert reasons(cloud, 'csv:hvc1/Volume2') == set()


# -- reasons


def test_a_volume_opens_when_the_last_reason_is_gone(cloud):
    cloud.sync(three(volumes=(clouds.volume(
        1, free_bytes=0, maintenance=True),)))
    assert reasons(cloud) == {Closed.FLOOR, Closed.MAINTENANCE}
    cloud.sync(three(volumes=(clouds.volume(
        1, free_bytes=0, maintenance=False),)), full=False)
    assert reasons(cloud) == {Closed.FLOOR}
    assert cloud.hosts(10, OPEN) == set()
    cloud.sync(three(), full=False)
    assert reasons(cloud) == set()
    assert cloud.hosts(10, OPEN) == {'hv01', 'hv02', 'hv03'}


@pytest.mark.parametrize('full', [True, False])
def test_what_was_closed_without_a_reason_is_the_operators(cloud, full):
    cloud.sync(three())
    generation, traits = cloud.api.traits(clouds.VOLUME)
    cloud.api.set_traits(clouds.VOLUME, generation,
                         traits | {names.NO_NEW_DISKS})
    for _number in range(2):
        cloud.sync(three(), full=full)
        assert reasons(cloud) == {Closed.OPERATOR}
    cloud.sync(three(volumes=(clouds.volume(1, accepts_new_disks=True),)),
               full=full)
    assert cloud.hosts(10, OPEN) == {'hv01', 'hv02', 'hv03'}


def test_a_refused_size_closes(cloud):
    cloud.sync(three())
    cloud.create(300)
    cloud.sync(three(volumes=(clouds.volume(1, 200),)), full=False)
    assert reasons(cloud) == {Closed.REFUSED}
    cloud.sync(three(), full=False)
    assert reasons(cloud) == set()


def test_a_size_no_node_can_confirm_is_refused_and_closes(cloud):
    cloud.sync(three())
    lie = three(volumes=(clouds.volume(1, 5000),))
    result = cloud.sync(lie, full=False)
    assert notices(result) == [(Kind.REFUSED, 'csv:hvc1/Volume1')]
    assert '--allow size:hvc1/Volume1' in str(result.plan.all_findings)
    disk = cloud.api.inventories(clouds.VOLUME)[1]['DISK_GB']
    assert (disk.total, disk.reserved) == (500, 0)
    assert reasons(cloud) == {Closed.REFUSED}
    cloud.sync(lie, allowing('size:hvc1/Volume1'), full=False)
    assert cloud.api.inventories(clouds.VOLUME)[1]['DISK_GB'].total == 5000


def test_a_cut_off_node_does_not_vote(cloud):
    cloud.sync(three())
    result = cloud.sync(three(volumes=(clouds.volume(
        1, 5000, cut_off_nodes=('hv01', 'hv02', 'hv03')),)), full=False)
    disk = cloud.api.inventories(clouds.VOLUME)[1]['DISK_GB']
    assert disk.total in (500, 5000)
    assert Kind.REFUSED not in [kind for kind, _ in notices(result)]


@pytest.mark.parametrize('full', [True, False])
def test_growth_nobody_can_confirm_is_kept_back_and_said(cloud, full):
    """Its nodes are down; and what is allocated keeps fitting (F13b)."""
    cloud.sync(three())
    cloud.create(400)
    nodes = tuple(dataclasses.replace(clouds.node(n), state=model.NodeState
                                      .DOWN) for n in (1, 2, 3))
    grown = clouds.volume(1, 900, free_bytes=200 * model.GIB)
    result = cloud.sync(three(volumes=(grown,), nodes=nodes), full=full)
    disk = cloud.api.inventories(clouds.VOLUME)[1]['DISK_GB']
    assert (disk.total, disk.reserved) == (500, 100), 'all the rest'
    assert (Kind.NOTE, 'csv:hvc1/Volume1') in notices(result)
    assert not reasons(cloud), 'the size that stands is not in doubt'
    cloud.sync(three(volumes=(grown,)), full=full)
    disk = cloud.api.inventories(clouds.VOLUME)[1]['DISK_GB']
    assert (disk.total, disk.reserved) == (900, 304), 'they are up again'


# -- a cluster that the source leaves out


def another(number=1, name='hvc2', first=3, **fields):
    """A cluster of its own, with one node."""
    return model.Cluster(
        guid=f'99999999-9999-4999-8999-{number:012d}', name=name,
        volumes=(clouds.volume(20 + number),),
        nodes=(clouds.node(first),), **fields)


@pytest.mark.parametrize('full', [True, False])
def test_a_cluster_that_vanished_is_said_every_time_and_stays(cloud, full):
    both = clouds.facts(clouds.cluster(), another())
    cloud.sync(both)
    before = cloud.state()
    for _number in range(2):
        result = cloud.sync(clouds.facts(), full=full)
        assert notices(result) == [(Kind.NOTE, 'hvc2')]
        assert result.done == ()
    assert cloud.state() == before


def test_a_cluster_that_is_wrong_in_the_source_has_not_vanished(cloud):
    cloud.sync(clouds.facts(clouds.cluster(), another()))
    result = cloud.sync(model.Facts(
        (clouds.cluster(),),
        (model.Problem('hvc2', 'clusters.yaml: clusters[1]', 'broken'),)))
    assert notices(result) == [(Kind.FROZEN, 'hvc2')]


def test_a_cluster_set_aside_has_not_vanished(cloud):
    cloud.sync(clouds.facts(clouds.cluster(), another()))
    result = cloud.sync(model.Facts((clouds.cluster(),), is_partial=True))
    assert notices(result) == []
