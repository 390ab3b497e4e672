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

"""Every field of the form as the generated reference shows it."""

from collections.abc import Iterator
from typing import NamedTuple

from hv_sched.sources import schema

_UNITS = {'_gb': 'GiB', '_mb': 'MiB', '_bytes': 'bytes'}


class Field(NamedTuple):
    """A row of the generated reference.

    :param path: such as ``clusters[].nodes[].build``
    :param type: ``integer``, ``list of text``, ``up | down``
    :param description: what it is
    :param required: whether it must be there
    :param unit: of a number that has one, else empty
    :param windows: where Windows or Nova states it; empty where the form has
        its own reason for it
    :param absent: what Placement keeps or does where it is not given
    """

    path: str
    type: str
    description: str
    required: bool
    unit: str
    windows: str
    absent: str


def fields() -> list[Field]:
    """Every field of the form, in its order."""
    return list(_fields(schema.load(), ''))


def _fields(form: schema.Schema, prefix: str) -> Iterator[Field]:
    required = form.get('required', ())
    for name, field in form.get('properties', {}).items():
        full = schema.resolve(field)
        yield Field(prefix + name, _type(full), field['description'],
                    name in required, _unit(name), field['windows'],
                    field['absent'])
        items = schema.resolve(full.get('items', {}))
        inner = '[].' if items else '.'
        yield from _fields(items or full, prefix + name + inner)


def _unit(name: str) -> str:
    return next((unit for ending, unit in _UNITS.items()
                 if name.endswith(ending)), '')


def _type(form: schema.Schema) -> str:
    if 'enum' in form:
        return ' | '.join(form['enum'])
    if form.get('type') == 'array':
        return f'list of {_type(schema.resolve(form["items"]))}'
    names = {'object': 'mapping', 'string': 'text'}
    kind = str(form.get('type', 'integer'))
    return names.get(kind, kind)
