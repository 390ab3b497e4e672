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

"""Which node a server costs others least."""

import json

from hypothesis import given
from hypothesis import strategies as st
from nova import exception
from nova import objects
from nova.scheduler import host_manager
from nova.scheduler import weights
import pytest

from hv_sched import requirements
from hv_sched.placement import transport
from hv_sched.placement.client import Placement
from hv_sched.request_filters import requested_features
from hv_sched.request_filters.request_state import RequestedFeatures
from hv_sched.snapshot import cache
from hv_sched.snapshot import scarcity
from hv_sched.snapshot import scarcity_reader
from hv_sched.snapshot import volumes
from hv_sched.weighers import feature_scarcity

GEN2, VTPM, SHIELDED, NESTED, FX = (f'CUSTOM_HYPERV_{name}' for name in (
    'GEN2', 'VTPM', 'SHIELDED_VM', 'NESTED_VIRT', 'REMOTEFX'))
NODES = {
    'plain1': {GEN2}, 'plain2': {GEN2}, 'nested1': {GEN2, NESTED},
    'nested2': {GEN2, NESTED}, 'guarded1': {GEN2, NESTED, VTPM, SHIELDED},
    'guarded2': {GEN2, NESTED, VTPM, SHIELDED}, 'fx': {GEN2, FX},
    'all': {GEN2, NESTED, VTPM, SHIELDED, FX}}
KNOWN = scarcity.Scarcity(
    {node: frozenset(some) for node, some in NODES.items()})


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture
def asking(monkeypatch):
    """What the server asks for, and what the scheduler knows."""
    def ask(*required, gpu=None, known=KNOWN):
        monkeypatch.setattr(
            requested_features, 'of', lambda spec: RequestedFeatures(
                requirements.Requirements(
                    requirements.Hypervisor.ANY, 1, frozenset(required),
                    gpu=gpu)))
        monkeypatch.setattr(cache, 'get', lambda: known and (
            volumes.Snapshot({}, {}, {}, frozenset(), known)))
    ask()
    return ask


def host(name):
    state = host_manager.HostState(name, name, None)
    state.uuid = name
    state.aggregates = []
    return state


def spec(**extra_specs):
    return objects.RequestSpec(
        flavor=objects.Flavor(extra_specs=extra_specs))


def order(*names, request_spec=None, multiplier=None):
    hosts = [host(name) for name in names]
    if multiplier is not None:
        for state in hosts:
            state.aggregates = [objects.Aggregate(metadata={
                'feature_scarcity_weight_multiplier': multiplier})]
    found = weights.HostWeightHandler().get_weighed_objects(
        [feature_scarcity.FeatureScarcityWeigher()], hosts,
        request_spec or spec())
    return [(one.obj.host, round(one.weight, 3)) for one in found]


def test_a_plain_server_costs_a_rare_node_more(asking):
    assert order('all', 'fx', 'guarded1', 'nested1', 'plain1', 'kvm') == [
        ('plain1', 5), ('kvm', 5), ('nested1', 3.125), ('guarded1', 1.875),
        ('fx', 1.25), ('all', 0.625)]


def test_a_server_is_not_kept_from_what_it_asks_for(asking):
    asking(VTPM, SHIELDED)
    assert [name for name, _ in order('all', 'guarded1')] == [
        'guarded1', 'all']
    asking(gpu=requirements.GpuGroup({}, frozenset()))
    assert order('fx', 'plain1') == [('fx', 5), ('plain1', 5)]


def test_a_trait_that_flavor_or_survivable_features_name_is_asked(asking):
    named = spec(**{'trait:CUSTOM_HYPERV_REMOTEFX': 'required'})
    assert order('fx', 'plain1', request_spec=named) == [
        ('fx', 5), ('plain1', 5)]
    asking('CUSTOM_HYPERV_HA_NESTED_VIRT')
    assert order('nested1', 'plain1') == [('nested1', 5), ('plain1', 5)]


def test_two_names_of_one_ability_count_once():
    one = scarcity.Scarcity({'a': frozenset((VTPM,)), 'b': frozenset()})
    two = scarcity.Scarcity({'a': frozenset((VTPM, SHIELDED)),
                             'b': frozenset()})
    assert one.of('a', frozenset()) == two.of('a', frozenset()) == 0.5


def test_when_only_rare_nodes_are_free_they_are_all_alike(asking):
    asking(known=scarcity.Scarcity({
        'guarded1': frozenset((VTPM,)), 'guarded2': frozenset((VTPM,))}))
    assert order('guarded1', 'guarded2') == [
        ('guarded1', 5), ('guarded2', 5)]


@pytest.mark.parametrize(('multiplier', 'first'), [
    ('-1', 'all'), ('2', 'plain1'), ('nonsense', 'plain1')])
def test_an_aggregate_turns_it_round(asking, multiplier, first):
    assert order('plain1', 'all', multiplier=multiplier)[0][0] == first


def test_not_knowing_weighs_nothing(asking):
    for known in (None, scarcity.NOT_KNOWN):
        asking(known=known)
        assert order('all', 'plain1') == [('all', 5), ('plain1', 5)]


def test_a_record_that_cannot_be_read_fails_no_request(
        asking, monkeypatch):
    def unreadable(request_spec):
        raise exception.RequestFilterFailed(reason='the cell is away')

    monkeypatch.setattr(requested_features, 'of', unreadable)
    assert [name for name, _ in order('all', 'plain1')] == ['plain1', 'all']


@given(st.dictionaries(
    st.integers(0, 30), st.frozensets(st.sampled_from('ABCDE')), min_size=1),
    st.frozensets(st.sampled_from('ABCDE')))
def test_a_node_that_can_more_never_costs_less(nodes, asked):
    known = scarcity.Scarcity(nodes)
    for one, ours in nodes.items():
        assert 0 <= known.of(one, asked) < 1
        for other, theirs in nodes.items():
            if ours - asked <= theirs - asked:
                assert known.of(one, asked) <= known.of(other, asked)


class Answers:
    """Placement's providers by what is asked of them."""

    def __init__(self, **providers):
        self.providers = providers
        self.urls = []

    def send(self, method, url, *args):
        assert method == 'GET'
        self.urls.append(url)
        trait = url.partition('required=')[2].split('&')[0].split(',')[0]
        return transport.Response(200, {}, json.dumps({'resource_providers': [
            {'uuid': name, 'name': name, 'generation': 0,
             'parent_provider_uuid': name.partition(':')[0]}
            for name, traits in self.providers.items() if trait in traits
        ]}).encode())


def test_nodes_with_room_are_read_by_feature_not_by_node():
    few = Answers(**{f'n{n}': ('CUSTOM_HYPERV', GEN2) for n in range(2)},
                  **{'n1:remotefx': (FX,), 'full:remotefx': (FX,)})
    many = Answers(**{f'n{n}': ('CUSTOM_HYPERV', GEN2)
                      for n in range(500)})
    known = frozenset(('CUSTOM_HYPERV', 'CUSTOM_HYPERV_PAUSED', GEN2, FX,
                       'CUSTOM_HYPERV_HA_GEN2', 'CUSTOM_HYPERV_BUILD_9600'))
    found = scarcity_reader.read(Placement(few), known, survivable=False)
    assert found.features_of == {'n0': {GEN2}, 'n1': {GEN2, FX}}
    scarcity_reader.read(Placement(many), known, survivable=False)
    assert len(few.urls) == len(many.urls) == 3
    for url in few.urls[:2]:
        assert ',!CUSTOM_HYPERV_PAUSED&resources=VCPU:1' in url
    assert 'CUSTOM_REMOTEFX_ADAPTER:1,CUSTOM_REMOTEFX_VRAM_MB:64' in (
        few.urls[2])


def test_survivable_features_are_read_when_they_are_asked():
    answers = Answers()
    scarcity_reader.read(Placement(answers), frozenset((
        'CUSTOM_HYPERV', GEN2, 'CUSTOM_HYPERV_HA_GEN2')), survivable=True)
    assert ['CUSTOM_HYPERV_HA_GEN2' in url for url in answers.urls] == [
        False, True]


def test_nothing_is_read_while_nothing_is_published():
    answers = Answers()
    assert scarcity_reader.read(
        Placement(answers), frozenset(), False) is scarcity.NOT_KNOWN
    assert not answers.urls
