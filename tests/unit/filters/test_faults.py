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


"""Nothing leaves a filter, weigher or request filter but Nova's own refusals.

A fault of ours is planted in each: an exception would leave a moving server
in ERROR.
"""

import logging

from nova import exception
from nova import objects
from nova.scheduler import weights
import pytest

from hv_sched import filters
from hv_sched import request_filters
from hv_sched.conf import plugins
from hv_sched.filters import hand_over
from hv_sched.filters import hyperv_feature
from hv_sched.filters import preference
from hv_sched.filters import request_snapshot
from hv_sched.filters import shared_volume
from hv_sched.request_filters import refusal
from hv_sched.request_filters import request_state
from hv_sched.request_filters import specs
from hv_sched.request_filters.pending_move import PendingMove
from hv_sched.request_filters.request_state import RequestedFeatures
from hv_sched.requirements import Hypervisor
from hv_sched.requirements import Requirements
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes
from tests import host_states

SERVER = 'a8f6b3a0-6f0e-4d1c-9a0f-4d2f1f6f2a11'
SNAPSHOT = volumes.Snapshot(
    {'v1': volumes.VolumeState('v1', 'csv:c1/CSV1', 500, 0)}, {'n1': 'hv1'},
    {'n1': frozenset({'v1'})}, frozenset({'CUSTOM_HYPERV'}))


class Planted(Exception):
    """Nobody expects this one."""


def planted(*args, **kwargs):
    raise Planted('a fault of ours')


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture(autouse=True)
def snapshot(monkeypatch):
    monkeypatch.setattr(cache, 'get', lambda: SNAPSHOT)
    monkeypatch.setattr(cache, 'recent', lambda: SNAPSHOT)


@pytest.fixture
def hosts():
    return [host_states.host_state(number, ('v1',), 10)
            for number in (1, 2)]


def spec(move=False):
    made = objects.RequestSpec(
        instance_uuid=SERVER, image=None, instance_group=None, is_bfv=False,
        flavor=objects.Flavor(extra_specs={}), num_instances=1,
        scheduler_hints={})
    state = request_state.of(made)
    state.features = RequestedFeatures(Requirements(
        Hypervisor.HYPERV, 1, frozenset({'CUSTOM_HYPERV'})))
    if move:
        state.pending_move = PendingMove(
            SERVER, 'm', frozenset({'v1'}), frozenset({'v1'}))
    return made


def logged_with_traceback(caplog):
    return any('Planted: a fault of ours' in (record.exc_text or '')
               for record in caplog.records
               if record.levelno == logging.ERROR)


@pytest.mark.parametrize('place', [
    (request_snapshot, 'of'), (preference, 'of')])
def test_a_failing_volume_filter_passes_new_servers_and_refuses_moves(
        monkeypatch, caplog, hosts, place):
    monkeypatch.setattr(*place, planted)
    chosen = shared_volume.SharedVolumeFilter()
    before = [list(host.allocation_candidates) for host in hosts]
    assert list(chosen.filter_all(hosts, spec())) == hosts
    assert [host.allocation_candidates for host in hosts] == before
    assert logged_with_traceback(caplog)
    with pytest.raises(exception.NoValidHost, match=refusal.FAULT):
        chosen.filter_all(hosts, spec(move=True))
    assert chosen.host_passes(hosts[0], spec())
    assert not chosen.host_passes(hosts[0], spec(move=True))


def test_a_failing_hand_over_refuses_the_move(monkeypatch, caplog, hosts):
    monkeypatch.setattr(hand_over, '_make', planted)
    chosen = shared_volume.SharedVolumeFilter()
    with pytest.raises(exception.NoValidHost, match=refusal.FAULT):
        chosen.filter_all(hosts, spec(move=True))
    assert logged_with_traceback(caplog)


def test_a_move_handed_over_gets_a_host_though_none_can_be_weighed(
        monkeypatch, caplog, hosts):
    """The share is the server's again: refusing would leave escrow."""
    request_spec = spec(move=True)
    request_state.of(request_spec).pending_move = PendingMove(
        SERVER, 'm', frozenset({'v1'}), frozenset({'v1'}), one_host=True)
    monkeypatch.setattr(hand_over, '_make', lambda move: None)
    monkeypatch.setattr(weights, 'HostWeightHandler', planted)
    chosen = shared_volume.SharedVolumeFilter()
    assert list(chosen.filter_all(hosts, request_spec)) == hosts[:1]
    assert logged_with_traceback(caplog)


def test_a_failing_feature_filter_passes_what_placement_answered(
        monkeypatch, caplog, hosts):
    monkeypatch.setattr(hyperv_feature, '_owners', planted)
    chosen = hyperv_feature.HyperVFeatureFilter()
    assert list(chosen.filter_all(hosts, spec())) == hosts
    assert logged_with_traceback(caplog)
    assert chosen.host_passes(hosts[0], spec())


def test_no_later_server_of_a_request_ends_it_by_an_exception(
        monkeypatch, hosts):
    """What Nova claimed for the first one it releases without one only."""
    chosen = hyperv_feature.HyperVFeatureFilter()
    request_spec = spec()
    monkeypatch.setattr(hyperv_feature, '_owners', lambda query: None)
    assert list(chosen.filter_all(hosts, request_spec)) == hosts
    monkeypatch.setattr(hyperv_feature, '_owners', lambda query: frozenset())
    assert list(chosen.filter_all(hosts, request_spec)) == []
    with pytest.raises(exception.NoValidHost):
        chosen.filter_all(hosts, spec())


@pytest.mark.parametrize('plugin', plugins.WEIGHERS,
                         ids=lambda plugin: plugin.name)
def test_a_failing_weigher_weighs_all_the_same(monkeypatch, caplog, hosts,
                                               plugin):
    monkeypatch.setattr(cache, 'get', planted)
    weigher = plugin.load()()
    weighed = [weights.WeighedHost(host, 1.0) for host in hosts]
    assert list(weigher.weigh_objects(weighed, spec())) == [0.0, 0.0]
    assert weigher._weigh_object(hosts[0], spec()) == 0.0
    assert logged_with_traceback(caplog)


def test_every_filter_there_is_has_its_fault_here():
    assert {cls.__name__ for cls in filters.all_filters()} == {
        'SharedVolumeFilter', 'HyperVFeatureFilter'}


@pytest.mark.parametrize('request_filter', request_filters.REQUEST_FILTERS,
                         ids=lambda function: function.__name__)
def test_a_failing_request_filter_refuses_without_its_fault(
        monkeypatch, caplog, request_filter):
    """Whatever it does first with its request fails."""
    request_spec = spec()
    for name in ('get', 'recent'):
        monkeypatch.setattr(cache, name, planted)
    monkeypatch.setattr(request_state, 'of', planted)
    monkeypatch.setattr(specs, 'forced_hosts', planted)
    with pytest.raises(exception.RequestFilterFailed,
                       match=f'^Scheduling failed: {refusal.FAULT}$'):
        request_filter(None, request_spec)
    assert logged_with_traceback(caplog)
