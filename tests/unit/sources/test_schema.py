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

"""The schema is the reference: complete, described, strict."""

import jsonschema
import pytest

from hv_sched.sources import schema
from tests.unit.sources import samples


def _objects(node):
    if isinstance(node, dict):
        if 'properties' in node and node.get('type') == 'object':
            yield node
        for value in node.values():
            yield from _objects(value)


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema.load())


def test_a_document_with_every_field_is_valid_by_the_schema_itself():
    jsonschema.Draft202012Validator(schema.load()).validate(samples.full())


def test_no_object_takes_unknown_fields():
    found = list(_objects(schema.load()))
    assert len(found) == 8
    assert all(each['additionalProperties'] is False for each in found)


@pytest.mark.parametrize('field', schema.describe(),
                         ids=lambda field: field.path)
def test_every_field_says_what_it_is_and_in_which_unit(field):
    assert field.description.endswith('.')
    unit = {'_gb': 'GiB', '_bytes': 'bytes', '_mb': 'MiB'}
    for ending, word in unit.items():
        if field.path.endswith(ending):
            assert word in field.description


def _paths(value, prefix=''):
    for name, below in value.items():
        yield prefix + name
        many = below if isinstance(below, list) else [below]
        mark = '[].' if isinstance(below, list) else '.'
        for each in many:
            if isinstance(each, dict):
                yield from _paths(each, prefix + name + mark)


def test_the_description_lists_exactly_the_fields_there_are():
    described = [field.path for field in schema.describe()]
    assert set(described) == set(_paths(samples.full()))
    assert len(described) == len(set(described))


def test_a_row_tells_type_and_need():
    rows = {field.path: field for field in schema.describe()}
    assert rows['version'].required
    assert rows['clusters[].nodes[].state'].type == (
        'up | paused | draining | down')
    assert rows['clusters[].volumes[].cut_off_nodes'].type == 'list of text'
    assert not rows['clusters[].volumes[].free_gb'].required
