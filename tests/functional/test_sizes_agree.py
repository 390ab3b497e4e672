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


"""A size that every node contradicts is not published, in whatever unit."""

import pytest

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.placement import names
from hv_sched.providers import sizes
from hv_sched.providers.settings import allow_of
from hv_sched.providers.settings import Settings
from tests.functional import cloud as clouds

NAME = 'csv:hvc1/Volume1'


@pytest.fixture
def cloud(placement):
    made = clouds.Cloud(placement)
    made.register('hv01', 'hv02', disk_gb=299)
    return made


def facts(total_gb, **fields):
    return clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1, total_gb, **fields),)))


def refusals(result):
    return [notice.message for notice in result.plan.all_findings
            if notice.kind is Kind.REFUSED]


@pytest.mark.parametrize('full', [True, False])
@pytest.mark.parametrize('total_gb', [307136, 599, 149])
def test_a_new_volume_that_every_home_node_contradicts_is_not_published(
        cloud, full, total_gb):
    before = cloud.state()
    (message,) = refusals(cloud.sync(facts(total_gb), full=full))
    assert f'{total_gb} GB' in message and 'not published' in message
    assert '--allow size:hvc1/Volume1' in message
    assert 'MiB' not in message and 'GiB' not in message, 'no unit is guessed'
    assert cloud.state() == before, 'the nodes stay open, too'


@pytest.mark.parametrize('total_gb', [300, 598, 150])
def test_one_within_a_factor_of_two_is_published(cloud, total_gb):
    assert refusals(cloud.sync(facts(total_gb))) == []
    assert cloud.hosts(10) == {'hv01', 'hv02'}


def test_an_operator_may_say_that_the_nodes_are_wrong(cloud):
    cloud.sync(facts(307136), Settings(workers=1, allow=allow_of(
        ('size:hvc1/Volume1',))))
    assert NAME in cloud.state()


def with_nodes_away(total_gb):
    """One is down, the other one is cut off: neither may vote."""
    down = clouds.node(1, state=model.NodeState.DOWN)
    return clouds.facts(clouds.cluster(
        nodes=(down, clouds.node(2)), volumes=(clouds.volume(
            1, total_gb, free_bytes=None, cut_off_nodes=('hv02',)),)))


@pytest.mark.parametrize('total_gb, is_published', [
    (300, True), (5000, False)])
def test_a_new_volume_is_compared_with_what_a_node_said_before_it_went(
        cloud, total_gb, is_published):
    """Once it stands nothing grows, and nobody would be asked any more."""
    cloud.sync(with_nodes_away(total_gb))
    assert (NAME in cloud.state()) == is_published


def test_who_is_down_or_cut_off_confirms_no_growth(cloud):
    cloud.sync(facts(300, free_bytes=None))
    cloud.sync(with_nodes_away(500))
    assert cloud.state()[NAME][1]['DISK_GB'].total == 300


@pytest.mark.parametrize('full', [True, False])
def test_growth_that_a_node_confirms_is_applied_at_once(cloud, full):
    cloud.sync(facts(300, free_bytes=None))
    cloud.sync(facts(500, free_bytes=None), full=full)
    assert cloud.state()[NAME][1]['DISK_GB'].total == 500


def test_the_doctor_sees_a_published_size_that_no_node_confirms(cloud):
    everything = Settings(workers=1, allow=allow_of(('size:*',)))
    cloud.sync(facts(307136), everything)
    _plan, observed = cloud.reconciler().plan(facts(307136))
    assert list(sizes.contradictions(observed, facts(307136))) == [
        sizes.Contradiction(NAME, 307136, (299,))]
    assert names.VOLUME in cloud.state()[NAME][2]


def test_a_size_that_a_node_confirms_is_no_finding_of_the_doctor(cloud):
    cloud.sync(facts(300))
    _plan, observed = cloud.reconciler().plan(facts(300))
    assert not list(sizes.contradictions(observed, facts(300)))
