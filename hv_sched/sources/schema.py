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

"""The form of a source: its JSON Schemas, and what they have where.

What is needed, and in which words, is version 2's; version 1 has fewer
fields.
"""

import functools
import importlib.resources
import json
from typing import Any
from typing import TypeAlias

from hv_sched.sources.fault import Path

VERSIONS = (1, 2)
VERSION = VERSIONS[-1]

Schema: TypeAlias = dict[str, Any]


@functools.cache
def load(version: int = VERSION) -> Schema:
    """The JSON Schema (draft 2020-12); treat it as read-only."""
    package = importlib.resources.files('hv_sched.sources')
    text = package.joinpath(f'schema_v{version}.json').read_text('utf-8')
    schema: Schema = json.loads(text)
    return schema


def resolve(schema: Schema) -> Schema:
    """The definition a schema refers to, or the schema itself."""
    if '$ref' not in schema:
        return schema
    name = schema['$ref'].rpartition('/')[2]
    resolved: Schema = load()['$defs'][name]
    return resolved


def needed(path: Path) -> frozenset[str]:
    """The fields without which an object of a cluster makes no sense.

    :param path: of the object, inside the cluster
    """
    return frozenset(_at(path).get('required', ()))


def properties(path: Path) -> frozenset[str]:
    """The fields an object of a cluster may have.

    :param path: of the object, inside the cluster
    """
    return frozenset(_at(path).get('properties', ()))


def section_names(path: Path) -> tuple[str, ...]:
    """The sections an object of a cluster may have."""
    sections = _at(path).get('properties', {}).get('sections', {})
    return tuple(resolve(sections).get('properties', ()))


def _at(path: Path) -> Schema:
    """The form of what is at a path of a cluster; empty where none is."""
    schema: Schema = load()['$defs']['cluster']
    for step in path:
        below = (schema.get('items', {}) if isinstance(step, int)
                 else schema.get('properties', {}).get(step, {}))
        schema = resolve(below)
    return schema
