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

"""An error of the JSON Schema in words an operator can act on.

The validator's own words quote the schema; these name the thing, what it is
now and what it has to be, and end with the field's own description.
"""

from collections.abc import Callable
import dataclasses
import functools
from typing import Any
from typing import TypeAlias

import jsonschema

from hv_sched.conf import choices as types
from hv_sched.sources import missing_lists
from hv_sched.sources import naming
from hv_sched.sources import schema
from hv_sched.sources.ceph import forms
from hv_sched.sources.fault import Cost
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path

_TYPES = {
    'array': 'a list',
    'boolean': 'true or false',
    'integer': 'a whole number',
    'object': 'a mapping',
    'string': 'text',
}
_KINDS = {'nodes': 'node', 'volumes': 'volume', 'vms': 'vm', 'gpus': 'gpu'}
# By one of these a thing is told from others, whatever else it has.
_IDENTITIES = ('guid', 'instance_uuid')
_NAMES = ('name', 'instance_uuid', 'instance_name')
_SIZES = ('size_', 'free_')

Error: TypeAlias = jsonschema.ValidationError


@dataclasses.dataclass(frozen=True)
class _Context:
    """What an error is about.

    :param subject: in words, such as ``build of node 'hv01'``
    :param path: of the value inside what was validated
    :param kind: what that is, ``cluster`` or ``file``
    """

    subject: str
    path: Path
    kind: str
    version: int


def faults(error: Error, root: Any, kind: str, version: int
           ) -> list[Fault]:
    """What one error of the validator means.

    :param root: what was validated
    :param kind: what that is, ``cluster`` or ``file``
    """
    path = tuple(error.absolute_path)
    describe = _WORDS.get(str(error.validator), _other)
    return describe(error, _Context(_subject(path, root, kind), path, kind,
                                    version))


def code_of(path: Path) -> str:
    """The code of a value that is none of its field's."""
    if str(path[-1] if path else '').startswith(_SIZES):
        return 'size-not-believed'
    return 'value-not-understood'


def _subject(path: Path, root: Any, kind: str) -> str:
    """What a path leads to: ``build of node 'hv01'``."""
    name = _name(root) if kind == 'cluster' else None
    rest, value = path, root
    for index, step in enumerate(path):
        value = value[step]
        if isinstance(step, int) and index and path[index - 1] in _KINDS:
            kind, name = _KINDS[str(path[index - 1])], _name(value)
            rest = path[index + 1:]
    owner = f'{kind} {naming.shown(name)}' if name else f'the {kind}'
    return f'{naming.where(rest)} of {owner}' if rest else owner


def _name(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None
    name = next((value[field] for field in _NAMES if field in value), None)
    return name if isinstance(name, str) else None


def _needed(error: Error, context: _Context, need: str,
            remedy: Callable[[], str] | None = None) -> list[Fault]:
    return [Fault(
        context.path,
        f'{context.subject} is {naming.shown(error.instance)}, but has to be '
        f'{need}: {error.schema["description"]}',
        code_of(context.path), remedy=remedy)]


def _type(error: Error, context: _Context) -> list[Fault]:
    return _needed(error, context, _TYPES[error.validator_value])


def _enum(error: Error, context: _Context) -> list[Fault]:
    choices = error.validator_value
    remedy = (functools.partial(_meant, error.instance, choices)
              if isinstance(error.instance, str) else None)
    return _needed(error, context, f'one of {", ".join(choices)}', remedy)


def _meant(text: str, choices: list[str]) -> str:
    meant = naming.nearest(text, choices)
    return f' Did you mean {meant!r}?' if meant else ''


def _minimum(error: Error, context: _Context) -> list[Fault]:
    return _needed(error, context, f'{error.validator_value} or more')


def _maximum(error: Error, context: _Context) -> list[Fault]:
    return _needed(error, context, f'{error.validator_value} or less')


def _const(error: Error, context: _Context) -> list[Fault]:
    return _needed(error, context, naming.shown(error.validator_value))


def _pattern(error: Error, context: _Context) -> list[Fault]:
    return _needed(error, context, 'of this form')


def _max_length(error: Error, context: _Context) -> list[Fault]:
    return _needed(error, context,
                   f'{error.validator_value} characters or fewer')


def _min_items(error: Error, context: _Context) -> list[Fault]:
    return [Fault(
        context.path,
        f'{context.subject} is an empty list, which would take everything '
        'away; describe what there is, and use `openstack resource provider '
        'csv retire` to take a cluster off')]


def _required(error: Error, context: _Context) -> list[Fault]:
    # One error per missing field; its name is only in the message.
    missing = [name for name in error.validator_value
               if name not in error.instance
               and error.message.startswith(repr(name))
               and not missing_lists.failure(error.instance, name)]
    return [Fault(
        context.path, f'{context.subject} has no {name}: '
        f'{error.schema["properties"][name]["description"]}', 'field-missing',
        removes=_without(name, context.path)) for name in missing]


def _without(name: str, path: Path) -> tuple[Path, ...]:
    """What makes no sense without a field."""
    is_needed = name in _IDENTITIES or name in schema.needed(path)
    return (path,) if is_needed else ()


def _unknown(error: Error, context: _Context) -> list[Fault]:
    choices = error.schema['properties']
    return [_unknown_field(name, choices, context)
            for name in error.instance if name not in choices]


def _unknown_field(name: str, choices: dict[str, Any], context: _Context
                   ) -> Fault:
    # Facts whose age is misspelt must not pass for facts without an age.
    meant = naming.nearest(name, choices)
    is_age = context.kind == 'file' and meant == 'collected_at'
    # Nor a cluster of one driver for one of another.
    is_driver = context.path == () and meant == 'driver'
    return Fault(
        (*context.path, name),
        f'{context.subject} has an unknown field {naming.shown(name)}; ',
        'field-unknown', Cost.CLUSTER if is_driver else Cost.VALUE,
        is_note=not (is_age or is_driver) and (
            context.version != schema.VERSIONS[0]),
        remedy=functools.partial(_field_remedy, name, choices, context))


def _field_remedy(name: str, choices: dict[str, Any], context: _Context
                  ) -> str:
    if context.kind == 'cluster' and name in schema.properties(context.path):
        return f'it belongs to version {schema.VERSION}: give that version'
    if 'volumes' in context.path and name in forms.FIELDS:
        return ('it belongs to a source of type ceph: set '
                f'[hv_sched]source_type to {types.CEPH}')
    return naming.suggestion(name, choices, 'fields')


def _one_of(error: Error, context: _Context) -> list[Fault]:
    """Exactly one of several fields; only volumes' sizes are so."""
    names = [choice['required'][0] for choice in error.validator_value]
    if not isinstance(error.instance, dict):
        return []  # its type is another error
    if any(name in error.instance for name in names):
        return _not(error, context, names)
    return [Fault(context.path, f'{context.subject} has no size: give '
                  f'{" or ".join(names)}', 'field-missing', Cost.NOTHING)]


def _not(error: Error, context: _Context,
         names: list[str] | None = None) -> list[Fault]:
    """At most one of several fields."""
    if not isinstance(error.instance, dict):
        return []  # its type is another error
    both = names or error.validator_value['required']
    return [Fault(context.path, f'{context.subject} has both '
                  f'{" and ".join(both)}; keep one', 'size-not-believed',
                  removes=tuple((*context.path, name) for name in both))]


def _any_of(error: Error, context: _Context) -> list[Fault]:
    """At least one of several fields; only the names of VMs are so."""
    if not isinstance(error.instance, dict):
        return []  # its type is another error
    names = [choice['required'][0] for choice in error.validator_value]
    return [Fault(context.path, f'{context.subject} has neither '
                  f'{" nor ".join(names)}: give one', 'field-missing')]


def _other(error: Error, context: _Context) -> list[Fault]:
    return [Fault(context.path, f'{context.subject}: {error.message}')]


_WORDS: dict[str, Callable[[Error, _Context], list[Fault]]] = {
    'additionalProperties': _unknown,
    'anyOf': _any_of,
    'const': _const,
    'enum': _enum,
    'maxLength': _max_length,
    'maximum': _maximum,
    'minItems': _min_items,
    'minimum': _minimum,
    'not': _not,
    'oneOf': _one_of,
    'pattern': _pattern,
    'required': _required,
    'type': _type,
}
