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


"""A node capability takes three edits: model, schema, catalogue.

The page doc/source/contributor/capabilities.rst says so.
"""

import copy
import dataclasses

import pytest

from doc import traits_page
from hv_sched import extra_specs
from hv_sched import features
from hv_sched import model
from hv_sched import requirements
from hv_sched.features import catalogue
from hv_sched.providers import node_traits
from hv_sched.requirements import keys
from hv_sched.sources import schema
from hv_sched.sources import validation
from tests.unit.sources import samples

TRAIT = 'CUSTOM_HYPERV_SRIOV'


@pytest.fixture
def capability(monkeypatch):
    """The three edits, made in memory."""
    # hv_sched/model.py: a field of Node.
    monkeypatch.setattr(model, 'Node', dataclasses.make_dataclass(
        'Node', [('sriov', bool | None, None)], bases=(model.Node,),
        frozen=True))
    # hv_sched/sources/schema_v2.json: a property of a node.
    form = copy.deepcopy(schema.load())
    form['$defs']['node']['properties']['sriov'] = {
        'type': 'boolean', 'description': 'SR-IOV.',
        'windows': 'Get-NetAdapterSriov', 'absent': 'It stays.'}
    load = schema.load
    monkeypatch.setattr(schema, 'load', lambda version=schema.VERSION: (
        form if version == schema.VERSION else load(version)))
    # hv_sched/features/catalogue.py: an entry.
    feature = catalogue._plain(
        'SR-IOV', 'SRIOV', 'sriov', 'a network adapter that has it', 'none',
        features.Key('image', 'hw_sriov', ('required',)),
        features.Key('flavor', 'hw:sriov', ('required',)))
    grown = (*catalogue.CATALOGUE, feature)
    monkeypatch.setattr(catalogue, 'CATALOGUE', grown)
    monkeypatch.setattr(features, 'CATALOGUE', grown)
    monkeypatch.setattr(catalogue, 'ON_NODE', (*catalogue.ON_NODE, feature))
    monkeypatch.setattr(traits_page, 'CATALOGUE', grown)
    validation._cluster_validator.cache_clear()
    yield feature
    validation._cluster_validator.cache_clear()


def traits_of_nodes(**fields):
    source = samples.read(samples.document(samples.cluster(nodes=[
        {'name': 'hv01', 'build': 14393, **fields},
        {'name': 'hv02', 'build': 14393, 'sriov': False}]), version=2))
    assert source.problems == ()
    cluster, = source.clusters
    return node_traits.desired_node_traits(
        cluster, cluster.nodes[0], frozenset())


def test_what_a_source_tells_is_published(capability):
    assert TRAIT in traits_of_nodes(sriov=True)
    assert features.ha_trait(capability) not in traits_of_nodes(sriov=True)
    assert TRAIT not in traits_of_nodes(sriov=False)
    assert TRAIT not in traits_of_nodes()


def test_flavor_and_image_can_ask_for_it(capability):
    for flavor, image in (({'extra_specs': {'hw:sriov': 'required'}}, {}),
                          ({}, {'hw_sriov': 'required'})):
        demands = requirements.of({'vcpus': 1, 'ram_mb': 512, **flavor}, image)
        assert TRAIT in demands.required
        assert not demands.contradictions
    for value in ('optional', 'disabled'):
        assert not requirements.of({}, {'hw_sriov': value}).required


def test_a_value_the_host_would_not_know_is_a_fault(capability):
    demands = requirements.of(
        {}, {'hw_sriov': 'Required', 'img_hv_type': 'hyperv'})
    assert demands.contradictions == (
        'image hw_sriov=Required is none of required, disabled, optional',)


def test_nova_api_knows_its_flavor_keys(capability):
    assert {'hw:sriov', f'trait{{group}}:{TRAIT}'} <= {
        validator.name for validator in extra_specs.register()}


def test_it_is_read_from_glance_and_reported_as_dropped_by_nova(capability):
    assert 'hw_sriov' in keys.image_properties()
    assert 'hw_sriov' in keys.dropped_by_nova()
    assert 'os_secure_boot' not in keys.dropped_by_nova()


def test_the_page_has_its_row(capability):
    row, = (row for row in traits_page.rows() if row.trait == TRAIT)
    assert row.fact == 'sriov'
    assert '``hw:sriov`` = required' in traits_page.page()
