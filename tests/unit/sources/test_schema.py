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

"""The schemas are the reference: complete, described, strict."""

import copy

import jsonschema
import pytest

from hv_sched import exception
from hv_sched.sources import reference
from hv_sched.sources import schema
from tests.unit.sources import samples

FULL = {1: samples.full_of_version_1, 2: samples.full}


def _objects(node):
    if isinstance(node, dict):
        if 'properties' in node and node.get('type') == 'object':
            yield node
        for value in node.values():
            yield from _objects(value)


@pytest.mark.parametrize('version', schema.VERSIONS)
def test_the_schema_is_a_schema(version):
    jsonschema.Draft202012Validator.check_schema(schema.load(version))


@pytest.mark.parametrize('version', schema.VERSIONS)
def test_a_document_with_every_field_is_valid_by_the_schema_itself(version):
    jsonschema.Draft202012Validator(schema.load(version)).validate(
        FULL[version]())


@pytest.mark.parametrize('version,number', [(1, 8), (2, 11)])
def test_no_object_takes_unknown_fields(version, number):
    objects = list(_objects(schema.load(version)))
    assert len(objects) == number
    assert all(each['additionalProperties'] is False for each in objects)


def test_a_document_of_version_1_says_the_same_in_version_2():
    document = samples.full_of_version_1()
    facts = samples.read(document)
    assert facts.problems == ()
    assert samples.read({**copy.deepcopy(document), 'version': 2}) == facts


@pytest.mark.parametrize('version', [True, False, 0, 3, 1.5, []])
def test_another_version_is_refused(version):
    with pytest.raises(exception.InvalidFacts,
                       match='is not known; this release reads versions'):
        samples.read({**samples.full(), 'version': version})


def test_version_2_has_every_field_of_version_1():
    fields = {field.path for field in reference.fields()}
    assert set(_paths(samples.full_of_version_1())) < fields


@pytest.mark.parametrize('field', reference.fields(),
                         ids=lambda field: field.path)
def test_every_field_says_what_it_is_its_unit_and_what_absence_does(field):
    assert field.description.endswith('.')
    assert field.absent.endswith('.')
    unit = {'_gb': 'GiB', '_bytes': 'bytes', '_mb': 'MiB'}
    for ending, word in unit.items():
        if field.path.endswith(ending):
            assert word in field.description
            assert field.unit == word


def _paths(value, prefix=''):
    for name, below in value.items():
        yield prefix + name
        many = below if isinstance(below, list) else [below]
        mark = '[].' if isinstance(below, list) else '.'
        for each in many:
            if isinstance(each, dict):
                yield from _paths(each, prefix + name + mark)


def test_the_description_lists_exactly_the_fields_there_are():
    described = [field.path for field in reference.fields()]
    assert set(described) == set(_paths(samples.full()))
    assert len(described) == len(set(described))


def test_a_row_tells_type_and_need():
    rows = {field.path: field for field in reference.fields()}
    assert rows['version'].required
    assert rows['clusters[].nodes[].state'].type == (
        'up | paused | draining | down')
    assert rows['clusters[].volumes[].cut_off_nodes'].type == 'list of text'
    assert not rows['clusters[].volumes[].free_gb'].required


def test_what_windows_calls_a_value_is_one_of_its_values():
    for each in _objects(schema.load()):
        for field in each['properties'].values():
            for word in field.get('windows_words', {}).values():
                assert word is None or word in field['enum']
