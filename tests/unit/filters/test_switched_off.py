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

"""One switch: with it off hv_sched does nothing inside nova-scheduler."""

from nova import objects
import nova.conf
from nova.scheduler import weights
from oslo_config import cfg
import pytest

from hv_sched import conf as options
from hv_sched import filters
from hv_sched import request_filters
from hv_sched import weighers
from hv_sched.filters import hand_over
from hv_sched.filters import shared_volume
from hv_sched.query import build
from hv_sched.request_filters import request_state
from hv_sched.request_filters.pending_move import PendingMove
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_transport
from hv_sched.snapshot import volumes
from tests import host_states

CONF = nova.conf.CONF
SERVER = 'a8f6b3a0-6f0e-4d1c-9a0f-4d2f1f6f2a11'
# Each plug-in would do something by it: closed volumes, a home elsewhere, a
# rare feature, a node with redirected access.
SNAPSHOT = volumes.Snapshot(
    {'v1': volumes.VolumeState(
        'v1', 'csv:c1/CSV1', 500, 500,
        traits=frozenset({'CUSTOM_CSV_LOW_SPACE'}))},
    {'n1': 'hv1', 'n2': 'hv2'}, {'n1': frozenset({'v2'})},
    frozenset({'CUSTOM_HYPERV', 'CUSTOM_CSV_NO_NEW_DISKS',
               'CUSTOM_HYPERV_PAUSED'}), redirected=frozenset({'n1'}))


class Asked(Exception):
    """Placement was asked, or something it said was used."""


def asked(*args, **kwargs):
    raise Asked


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture
def placement(monkeypatch):
    """Whoever uses it fails."""
    for name in ('get', 'recent', 'volume'):
        monkeypatch.setattr(cache, name, asked)
    monkeypatch.setattr(nova_transport.NovaTransport, 'send', asked)


@pytest.fixture
def off():
    options.register_opts(CONF)
    CONF.set_override('scheduler_enabled', False, group='hv_sched')
    yield
    CONF.clear_override('scheduler_enabled', group='hv_sched')


@pytest.fixture
def hosts():
    return [host_states.host_state(number, ('v1', 'n1'), 900)
            for number in (1, 2)]


def spec():
    return objects.RequestSpec(
        instance_uuid=SERVER, instance_group=None, is_bfv=False,
        num_instances=1, scheduler_hints={}, requested_resources=[],
        force_hosts=['hv1'],
        image=objects.ImageMeta(properties=objects.ImageMetaProps.from_dict(
            {'hw_machine_type': 'hyperv-gen2'})),
        flavor=objects.Flavor(
            flavorid='1', vcpus=1, memory_mb=512, root_gb=10, ephemeral_gb=0,
            swap=0, extra_specs={'os:resolution': 'none such'}))


def test_no_request_is_changed(placement, off):
    request_spec, untouched = spec(), spec()
    for request_filter in request_filters.REQUEST_FILTERS:
        assert request_filter(None, request_spec) is False
    assert request_spec.obj_to_primitive() == untouched.obj_to_primitive()


def test_every_filter_passes_every_host_as_it_is(placement, off, hosts):
    before = [list(host.allocation_candidates) for host in hosts]
    for plugin in filters.all_filters():
        chosen = plugin()
        assert list(chosen.filter_all(iter(hosts), spec())) == hosts
        assert chosen.host_passes(hosts[0], spec())
    assert [host.allocation_candidates for host in hosts] == before


def test_every_weigher_weighs_0(placement, off, hosts):
    weighed = [weights.WeighedHost(host, 1.0) for host in hosts]
    for plugin in weighers.all_weighers():
        weigher = plugin()
        assert weigher.weigh_objects(weighed, spec()) == [0.0, 0.0]
        assert weigher._weigh_object(hosts[0], spec()) == 0.0


def test_with_the_switch_on_each_would_have_asked(placement, hosts):
    """Else the tests above show nothing."""
    weighed = [weights.WeighedHost(host, 1.0) for host in hosts]
    for plugin in weighers.all_weighers():
        with pytest.raises(Asked):
            plugin()._weigh_all(weighed, spec())
    for request_filter in request_filters.REQUEST_FILTERS[1:]:
        with pytest.raises(Asked):
            request_filter.__wrapped__(None, spec())


def test_a_move_without_a_disk_in_its_query_is_still_handed_over(
        monkeypatch, off, hosts):
    """The switch was turned between the request filter and the filter."""
    monkeypatch.setattr(cache, 'get', lambda: SNAPSHOT)
    made = []
    monkeypatch.setattr(hand_over, '_make', made.append)
    request_spec = spec()
    for host in hosts:
        host.allocation_candidates = []
    move = PendingMove(SERVER, 'm', frozenset({'v1'}), frozenset({'v1'}))
    request_state.of(request_spec).pending_move = move
    chosen = shared_volume.SharedVolumeFilter()
    assert list(chosen.filter_all(hosts, request_spec)) == hosts
    assert made == [move]


def test_the_explanation_leaves_out_what_is_off():
    conf = cfg.ConfigOpts()
    options.register_opts(conf)
    conf([], default_config_files=[])
    assert build.Switches.from_conf(conf.hv_sched).closed
    conf.set_override('scheduler_enabled', False, group='hv_sched')
    switches = build.Switches.from_conf(conf.hv_sched)
    assert not (switches.features or switches.moves or switches.disk_group
                or switches.closed)


def test_sighup_is_enough(tmp_path):
    """nova-scheduler reads its mutable options again at SIGHUP."""
    path = tmp_path / 'nova.conf'
    path.write_text('')
    conf = cfg.ConfigOpts()
    options.register_opts(conf)
    conf([], default_config_files=[str(path)])
    assert conf.hv_sched.scheduler_enabled
    path.write_text('[hv_sched]\nscheduler_enabled = false\n')
    conf.mutate_config_files()
    assert not conf.hv_sched.scheduler_enabled
