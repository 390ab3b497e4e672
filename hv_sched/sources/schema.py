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

"""The form of a source: JSON Schema version 1, and what it says of a file.

The envelope (version, collected_at) is checked for a whole file, each
cluster on its own, so that one bad cluster never takes others with it.
"""

from collections.abc import Iterator
import functools
import importlib.resources
import itertools
import json
from typing import Any
from typing import NamedTuple

import jsonschema

from hv_sched.sources import naming
from hv_sched.sources import wording

VERSION = 1
# More than this helps nobody to mend a cluster's description.
MAX_FAULTS = 20
# The form is six levels deep; the validator recurses as deep as the input.
MAX_DEPTH = 32
# What 16 clusters of 64 nodes and 8000 servers need, names counted; the time
# to check a file grows with what is in it.
MAX_VALUES = 2000000
MAX_CLUSTERS = 1000
# The largest mapping of the form has two dozen.
MAX_FIELDS = 1000
TOO_MANY_VALUES = ('has more than {} values; give each cluster a file of its '
                   'own in a folder')
TOO_MANY_FIELDS = 'has more than {} fields'
# No size, and no number of anything, needs more than 64 bits.
_MAX_NUMBER = 2 ** 63 - 1

_Schema = dict[str, Any]


class Field(NamedTuple):
    """A row of the generated reference.

    :param path: such as ``clusters[].nodes[].build``
    :param type: ``integer``, ``list of text``, ``up | down``
    :param description: what it is, with its unit
    :param required: whether it must be there (size_gb and size_bytes stand
        for each other: neither is required alone)
    """

    path: str
    type: str
    description: str
    required: bool


@functools.cache
def load() -> _Schema:
    """The JSON Schema (draft 2020-12); treat it as read-only."""
    package = importlib.resources.files('hv_sched.sources')
    text = package.joinpath(f'schema_v{VERSION}.json').read_text('utf-8')
    schema: _Schema = json.loads(text)
    return schema


@functools.cache
def _cluster_validator() -> Any:
    whole = load()
    return jsonschema.Draft202012Validator(
        {'$ref': '#/$defs/cluster', '$defs': whole['$defs']})


@functools.cache
def _envelope_validator() -> Any:
    """The whole form, but with clusters that may be anything."""
    whole = load()
    clusters = {name: value for name, value
                in whole['properties']['clusters'].items() if name != 'items'}
    return jsonschema.Draft202012Validator(
        {**whole, 'properties': {**whole['properties'],
                                 'clusters': clusters}})


def check_envelope(document: Any) -> list[naming.Fault]:
    """What is wrong with a file apart from its clusters."""
    if document is None:
        return [naming.Fault((), 'is empty')]
    if not isinstance(document, dict):
        return [naming.Fault((), f'is {naming.shown(document)}, but has to '
                             'be a mapping with version and clusters')]
    if _is_larger(document, MAX_VALUES):
        return [naming.Fault((), TOO_MANY_VALUES.format(MAX_VALUES))]
    clusters = document.get('clusters')
    if isinstance(clusters, list) and len(clusters) > MAX_CLUSTERS:
        return [naming.Fault(
            ('clusters',), f'has more than {MAX_CLUSTERS} clusters')]
    version = document.get('version')
    if 'version' in document and version != VERSION:
        return [naming.Fault(
            ('version',), f'version {naming.shown(version)} is not known; '
            f'this release reads version {VERSION}')]
    shallow = {name: value for name, value in document.items()
               if name != 'clusters'}
    faults = list(itertools.islice(_unusable(shallow), MAX_FAULTS))
    return faults or _validate(_envelope_validator(), document, 'file')


def check_cluster(cluster: Any) -> list[naming.Fault]:
    """What is wrong with the form of one cluster; empty when nothing is."""
    faults = list(itertools.islice(_unusable(cluster), MAX_FAULTS))
    return faults or _validate(_cluster_validator(), cluster, 'cluster')


def _validate(validator: Any, instance: Any,
              kind: str) -> list[naming.Fault]:
    errors = itertools.islice(validator.iter_errors(instance), MAX_FAULTS)
    faults = [fault for error in errors
              for fault in wording.faults(error, instance, kind)]
    return faults[:MAX_FAULTS]


def _is_larger(document: Any, limit: int) -> bool:
    """Whether there are more values in a document than a limit."""
    todo, count = [document], 0
    while todo:
        value = todo.pop()
        if isinstance(value, dict | list):
            # Names count as values, as they do in YAML's events.
            count += len(value) * (2 if isinstance(value, dict) else 1)
            if count > limit:
                return True
            todo += value.values() if isinstance(value, dict) else value
    return False


def _unusable(value: Any) -> Iterator[naming.Fault]:
    """What the validator itself would stumble over."""
    todo: list[tuple[naming.Path, Any]] = [((), value)]
    while todo:
        path, value = todo.pop()
        if len(path) > MAX_DEPTH:
            yield naming.Fault(path[:3], 'is nested too deep')
        elif isinstance(value, dict) and len(value) > MAX_FIELDS:
            yield naming.Fault(path, TOO_MANY_FIELDS.format(MAX_FIELDS))
        elif isinstance(value, dict):
            todo += [((*path, name), below) for name, below in value.items()
                     if isinstance(name, str)]
            yield from _odd_names(path, value)
        elif isinstance(value, list):
            todo += [((*path, i), below) for i, below in enumerate(value)]
        elif _is_huge(value):
            yield naming.Fault(path, 'is a number of more than 64 bits')


def _odd_names(path: naming.Path,
               value: dict[Any, Any]) -> Iterator[naming.Fault]:
    for name in value:
        if not isinstance(name, str):
            yield naming.Fault(path, 'has a field whose name is not text: '
                               f'{naming.shown(name)}')


def _is_huge(value: Any) -> bool:
    # NaN is not within any bounds, so it is refused here too.
    return (isinstance(value, int | float)
            and not -_MAX_NUMBER <= value <= _MAX_NUMBER)


def describe() -> list[Field]:
    """Every field of the form, in its order, for the reference page."""
    return list(_fields(load(), ''))


def _fields(schema: _Schema, prefix: str) -> Iterator[Field]:
    required = schema.get('required', ())
    for name, field in schema.get('properties', {}).items():
        full = _resolve(field)
        yield Field(prefix + name, _type(full), field['description'],
                    name in required)
        items = _resolve(full.get('items', {}))
        inner = '[].' if items else '.'
        yield from _fields(items or full, prefix + name + inner)


def _resolve(schema: _Schema) -> _Schema:
    if '$ref' not in schema:
        return schema
    name = schema['$ref'].rpartition('/')[2]
    resolved: _Schema = load()['$defs'][name]
    return resolved


def _type(schema: _Schema) -> str:
    if 'enum' in schema:
        return ' | '.join(schema['enum'])
    if schema.get('type') == 'array':
        return f'list of {_type(_resolve(schema["items"]))}'
    names = {'object': 'mapping', 'string': 'text'}
    kind = str(schema.get('type', 'integer'))
    return names.get(kind, kind)
