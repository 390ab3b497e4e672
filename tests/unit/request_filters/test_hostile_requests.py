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

"""Whatever a request holds, and whatever an edge raises, stays in hv_sched.

Any other exception than Nova's own refusals leaves a live-migrating or
evacuated server in ERROR.
"""

import math

import hypothesis
from hypothesis import strategies as st
from nova import context as nova_context
from nova import exception
from nova import objects
from nova.scheduler import weights
import pytest

from hv_sched import filters
from hv_sched import printable
from hv_sched import request_filters
from hv_sched import weighers
from hv_sched.conf import plugins
from hv_sched.placement import transport
from hv_sched.request_filters import image_properties
from hv_sched.request_filters import instance_record
from hv_sched.request_filters import operation
from hv_sched.snapshot import cache
from tests import hostile_requests

_KEPT_BY_NOVA = 255
_FILTERS = tuple(range(len(plugins.FILTERS)))
_WEIGHERS = tuple(plugin.name for plugin in plugins.WEIGHERS)


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture(scope='module')
def context():
    return nova_context.RequestContext('user', 'project', is_admin=False)


@pytest.fixture(scope='module', autouse=True)
def readable():
    """Each edge answers, until a test makes it fail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, 'volume', lambda uuid: None)
        patch.setattr(operation, 'of', lambda spec: None)
        patch.setattr(
            'hv_sched.snapshot.nova_transport.NovaTransport.send',
            lambda *args, **kwargs: transport.Response(200, {}, b'{}'))
        yield


def known(patch, snapshot, record=None):
    patch.setattr(cache, 'get', lambda: snapshot)
    patch.setattr(cache, 'recent', lambda: snapshot)
    if record is not None:
        patch.setattr(instance_record, 'of', lambda spec: record)


def asked(context, spec):
    """Run all request filters; only a refusal may come of it."""
    for request_filter in request_filters.REQUEST_FILTERS:
        try:
            assert request_filter(context, spec) in (True, False)
        except exception.RequestFilterFailed as exc:
            shown = str(exception.NoValidHost(reason=exc.message))
            assert len(shown) <= _KEPT_BY_NOVA
            assert shown == printable.text(shown)


def filtered(spec, states):
    """Run all filters; what they leave is some of what there was."""
    for cls in filters.all_filters():
        for left in (_left_of_all, _left_one_by_one):
            try:
                remaining = left(cls(), spec, states)
            except exception.NoValidHost:
                continue
            assert {id(state) for state in remaining} <= {
                id(state) for state in states}


def _left_of_all(chosen, spec, states):
    return list(chosen.filter_all(iter(states), spec))


def _left_one_by_one(chosen, spec, states):
    return [state for state in states if chosen.host_passes(state, spec)]


def weighed(spec, states):
    """Run all weighers: a number for each host."""
    for cls in weighers.all_weighers():
        worth = cls().weigh_objects(
            [weights.WeighedHost(state, 1.0) for state in states], spec)
        assert len(worth) == len(states)
        assert all(map(math.isfinite, worth))
        weights.HostWeightHandler().get_weighed_objects([cls()], states, spec)


@hypothesis.settings(max_examples=150)
@hypothesis.given(
    spec=hostile_requests.specs(), states=hostile_requests.hosts(),
    snapshot=st.sampled_from(hostile_requests.SNAPSHOTS),
    image=st.dictionaries(st.sampled_from(('hw_machine_type', 'os_vtpm',
                                           'hw_cpu_features', 'os_type')),
                          st.text(max_size=255)))
def test_a_hostile_request_ends_as_one_of_novas_refusals(
        context, spec, states, snapshot, image):
    """Its flavor, image, hints, groups and hosts may be anything."""
    with pytest.MonkeyPatch.context() as patch:
        known(patch, snapshot, instance_record.Record(image))
        asked(context, spec)
        filtered(spec, states)
        weighed(spec, states)


@pytest.mark.parametrize('edge', hostile_requests.EDGES)
@hypothesis.settings(max_examples=25)
@hypothesis.given(
    spec=hostile_requests.specs(), states=hostile_requests.hosts(),
    raised=st.sampled_from(hostile_requests.RAISED),
    snapshot=st.sampled_from(hostile_requests.SNAPSHOTS))
def test_whatever_an_edge_raises_stays_here(context, edge, spec, states,
                                            raised, snapshot):
    def fail(*args, **kwargs):
        raise raised

    with pytest.MonkeyPatch.context() as patch:
        known(patch, snapshot)
        patch.setattr(hostile_requests.EDGES[edge], fail)
        if edge != 'where a server is':
            patch.setattr(operation, 'of', lambda spec: None)
        asked(context, spec)
        filtered(spec, states)
        weighed(spec, states)


@pytest.mark.parametrize('raised', hostile_requests.RAISED,
                         ids=lambda raised: type(raised).__name__)
def test_no_request_filter_lets_any_exception_out(raised, context):
    def fail(context, spec):
        raise raised

    with pytest.raises(exception.RequestFilterFailed) as caught:
        request_filters.guarded(fail, 'request_filter_closed')(
            context, objects.RequestSpec())
    assert type(caught.value) is exception.RequestFilterFailed
    assert str(exception.NoValidHost(
        reason=caught.value.message)).isprintable()


@pytest.mark.parametrize('raised', hostile_requests.RAISED,
                         ids=lambda raised: type(raised).__name__)
def test_whatever_glance_raises_refuses_the_request(monkeypatch, context,
                                                    raised):
    """Read where Nova's record is cut short."""
    def fail(*args, **kwargs):
        raise raised

    monkeypatch.setattr(image_properties, '_IMAGES',
                        image_properties.Images())
    monkeypatch.setattr('nova.image.glance.API.get', fail)
    known(monkeypatch, hostile_requests.SNAPSHOTS[2], instance_record.Record(
        {'hw_cpu_features': 'x,' * 127}))
    spec = objects.RequestSpec(
        instance_uuid=hostile_requests.SERVER, is_bfv=False,
        image=objects.ImageMeta(id=hostile_requests.IMAGE),
        flavor=objects.Flavor(flavorid='1', vcpus=1, memory_mb=1, root_gb=1,
                              ephemeral_gb=0, swap=0))
    with pytest.raises(exception.RequestFilterFailed):
        request_filters.REQUEST_FILTERS[0](context, spec)
