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

"""Requests as hostile as Nova's objects can hold, and hosts to go with them.

Fields are unset, sizes absurd, keys those the rules read with any text as
their values. ``EDGES`` are the places where hv_sched reaches Placement, Nova's
databases or Glance inside nova-scheduler; ``RAISED`` is what may come of one.
"""

from hypothesis import strategies as st
from keystoneauth1 import exceptions as ks_exc
from nova import exception
from nova import objects
from nova.scheduler import host_manager
from oslo_db import exception as db_exc

from hv_sched import exception as hv_exception
from hv_sched.features import catalogue
from hv_sched.placement import names
from hv_sched.requirements import keys
from hv_sched.snapshot import volumes

SERVER = 'a8f6b3a0-6f0e-4d1c-9a0f-4d2f1f6f2a11'
IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'
SNAPSHOTS = (None, volumes.Snapshot({}, {}, {}, frozenset()), volumes.Snapshot(
    {'v1': volumes.VolumeState('v1', 'csv:c1/CSV1', 500, 490, held_gb=9,
                               traits=frozenset({names.LOW_SPACE})),
     'v2': volumes.VolumeState('v2', 'csv:c1/CSV2', 0, 900)},
    {'n1': 'hv1', 'n2': 'hv2'},
    {'n1': frozenset({'v1'}), 'n2': frozenset({'v2'})},
    frozenset({names.NO_NEW_DISKS, names.PAUSED, names.HYPERV,
               'CUSTOM_HYPERV_GEN1', 'CUSTOM_HYPERV_GEN2'}),
    redirected=frozenset({'n1'}), cut_off={'v1': frozenset({'n2'})}))


class Unprintable(Exception):
    """Whoever prints it gets another error."""

    def __str__(self):
        raise ValueError('no text')


RAISED = (
    ks_exc.ConnectFailure('gone'), ks_exc.ConnectTimeout('slow'),
    ks_exc.SSLError('who is that'), ks_exc.Unauthorized('no'),
    ks_exc.EndpointNotFound('none'), ks_exc.MissingAuthPlugin('none'),
    hv_exception.PlacementUnavailable('503'),
    hv_exception.PlacementRefused('400'), db_exc.DBConnectionError(),
    db_exc.DBDeadlock(), exception.CellTimeout(),
    exception.InstanceNotFound(instance_id=SERVER),
    exception.ImageNotFound(image_id=IMAGE), OSError('full'),
    TimeoutError('slow'), MemoryError(), RecursionError(), StopIteration(),
    UnicodeDecodeError('utf-8', b'\xff', 0, 1, 'no'), KeyError('x'),
    TypeError('\x1b[2J\u202e\n'), AssertionError(), Unprintable())
EDGES = {
    'a snapshot': 'hv_sched.snapshot.cache.get',
    'a newer snapshot': 'hv_sched.snapshot.cache.recent',
    'a volume': 'hv_sched.snapshot.cache.volume',
    'Placement': 'hv_sched.snapshot.nova_transport.NovaTransport.send',
    'where a server is': 'nova.objects.InstanceMapping.get_by_instance_uuid',
    'a build request': 'nova.objects.BuildRequest.get_by_instance_uuid',
    'a server': 'nova.objects.Instance.get_by_uuid',
    'migrations': 'nova.objects.MigrationList.get_by_filters',
    'Glance': 'nova.image.glance.API.get'}

_TEXTS = st.one_of(
    st.text(max_size=300), st.sampled_from((
        '', 'required', 'Required', 'optional', 'hyperv-gen2', '1024x768',
        '-1', '0', '1', '99999999999999999999', '1e999', 'nan', '²',
        'vmx,' * 200, '\x00', '\x1b[2J', '\u202e', '\ud800')))
_FLAVOR_KEYS = st.one_of(st.sampled_from(sorted({
    *(key.name for feature in catalogue.CATALOGUE for key in feature.keys),
    'resources:DISK_GB', 'resources1:DISK_GB', 'resources:VCPU',
    'trait:STORAGE_DISK_SSD', 'trait1:STORAGE_DISK_SSD', 'trait:',
    'group_policy', 'hw:mem_page_size', 'os:monitors', 'os:vram'})),
    st.text(max_size=60))
_SIZES = st.one_of(st.integers(-2, 4096), st.just(2 ** 63))
_NAMES = st.sampled_from(('hv1', 'hv2', 'kvm1', '', '\x1b[2J', 'x' * 300))


def accepted(make, *args, **kwargs):
    """What Nova's object makes of it, None where it takes it not."""
    try:
        return make(*args, **kwargs)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


@st.composite
def flavors(draw):
    flavor = objects.Flavor(flavorid=draw(st.text(max_size=300)), **{
        name: draw(_SIZES) for name in (
            'vcpus', 'memory_mb', 'root_gb', 'ephemeral_gb', 'swap')})
    if draw(st.booleans()):
        flavor.extra_specs = draw(
            st.dictionaries(_FLAVOR_KEYS, _TEXTS, max_size=8))
    return flavor


@st.composite
def images(draw):
    """What Nova's own object accepts of such properties."""
    properties = draw(st.dictionaries(
        st.sampled_from((*keys.image_properties(), 'traits_required')),
        _TEXTS, max_size=6))
    image = objects.ImageMeta()
    if draw(st.booleans()):
        image.id = IMAGE
    if draw(st.booleans()):
        image.properties = objects.ImageMetaProps()
        for key, value in properties.items():
            accepted(setattr, image.properties, key, value)
    return image


@st.composite
def specs(draw):
    """A RequestSpec of which any field may be unset."""
    size = st.one_of(st.integers(0, 9), st.just(2 ** 40))
    fields = {
        'instance_uuid': st.just(SERVER), 'flavor': flavors(),
        'image': st.one_of(st.none(), images()), 'is_bfv': st.booleans(),
        'num_instances': st.integers(0, 2 ** 31),
        'force_hosts': st.lists(_NAMES, max_size=3),
        'force_nodes': st.one_of(st.none(), st.lists(_NAMES, max_size=3)),
        'ignore_hosts': st.one_of(st.none(), st.lists(_NAMES, max_size=3)),
        'requested_destination': st.one_of(st.none(), st.builds(
            objects.Destination, host=_NAMES)),
        'requested_resources': st.lists(st.builds(
            objects.RequestGroup, requester_id=_NAMES,
            resources=st.dictionaries(
                st.sampled_from(('DISK_GB', 'VCPU')), size)), max_size=2),
        'instance_group': st.one_of(st.none(), st.builds(
            objects.InstanceGroup, policy=st.sampled_from(
                ('anti-affinity', 'soft-anti-affinity', 'affinity')),
            members=st.lists(st.just(SERVER), max_size=2))),
        'scheduler_hints': st.dictionaries(
            st.sampled_from(('_nova_check_type', 'group')),
            st.lists(st.sampled_from(('rebuild', SERVER)), max_size=2)),
        'request_level_params': st.builds(objects.RequestLevelParams)}
    return objects.RequestSpec(**{
        name: draw(strategy) for name, strategy in fields.items()
        if draw(st.integers(0, 9))})


_candidates = st.lists(st.one_of(st.just({}), st.builds(
    lambda provider, amount: {'allocations': {
        provider: {'resources': {'DISK_GB': amount}}}},
    st.sampled_from(('v1', 'v2', 'n1', 'nobody', '')),
    st.integers(0, 2 ** 40))), max_size=3)


@st.composite
def hosts(draw):
    """Host states, some with what Nova leaves out."""
    states = []
    for name in draw(st.lists(_NAMES, max_size=4)):
        state = host_manager.HostState(name, name, 'cell')
        state.uuid = draw(st.sampled_from(('n1', 'n2', None, '')))
        state.num_instances = draw(st.one_of(st.none(), st.integers(0, 3)))
        state.aggregates = []
        state.allocation_candidates = draw(st.one_of(
            st.none(), _candidates))
        states.append(state)
    return states
