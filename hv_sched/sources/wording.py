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
from typing import Any
from typing import TypeAlias

import jsonschema

from hv_sched.sources import naming

_TYPES = {
    'array': 'a list',
    'boolean': 'true or false',
    'integer': 'a whole number',
    'object': 'a mapping',
    'string': 'text',
}
_KINDS = {'nodes': 'node', 'volumes': 'volume', 'vms': 'vm', 'gpus': 'gpu'}

Error: TypeAlias = jsonschema.ValidationError


def faults(error: Error, root: Any, kind: str) -> list[naming.Fault]:
    """What one error of the validator means.

    :param root: what was validated
    :param kind: what that is, ``cluster`` or ``file``
    """
    path = tuple(error.absolute_path)
    describe = _WORDS.get(str(error.validator), _other)
    return [naming.Fault(path + tail, message)
            for tail, message in describe(error, _subject(path, root, kind))]


def _subject(path: naming.Path, root: Any, kind: str) -> str:
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
    name = value.get('name', value.get('instance_uuid'))
    return name if isinstance(name, str) else None


_Messages = list[tuple[naming.Path, str]]


def _needed(error: Error, subject: str, need: str) -> _Messages:
    text = (f'{subject} is {naming.shown(error.instance)}, but has to be '
            f'{need}: {error.schema["description"]}')
    return [((), text)]


def _type(error: Error, subject: str) -> _Messages:
    if error.instance is None:
        return [((), f'{subject} has no value; leave the field out when it '
                     'is not known')]
    return _needed(error, subject, _TYPES[error.validator_value])


def _enum(error: Error, subject: str) -> _Messages:
    choices = error.validator_value
    messages = _needed(error, subject, f'one of {", ".join(choices)}')
    if isinstance(error.instance, str):
        meant = naming.nearest(error.instance, choices)
        return [(path, f'{text} Did you mean {meant!r}?' if meant else text)
                for path, text in messages]
    return messages


def _minimum(error: Error, subject: str) -> _Messages:
    return _needed(error, subject, f'{error.validator_value} or more')


def _maximum(error: Error, subject: str) -> _Messages:
    return _needed(error, subject, f'{error.validator_value} or less')


def _const(error: Error, subject: str) -> _Messages:
    return _needed(error, subject, naming.shown(error.validator_value))


def _pattern(error: Error, subject: str) -> _Messages:
    return _needed(error, subject, 'of this form')


def _max_length(error: Error, subject: str) -> _Messages:
    return _needed(error, subject,
                   f'{error.validator_value} characters or fewer')


def _min_items(error: Error, subject: str) -> _Messages:
    return [((), f'{subject} is an empty list, which would take everything '
                 'away; describe what there is, and use `openstack resource '
                 'provider csv retire` to take a cluster off')]


def _required(error: Error, subject: str) -> _Messages:
    # One error per missing field; its name is only in the message.
    missing = [name for name in error.validator_value
               if name not in error.instance
               and error.message.startswith(repr(name))]
    fields = error.schema['properties']
    return [((), f'{subject} has no {name}: {_described(fields[name])}')
            for name in missing]


def _described(field: dict[str, Any]) -> str:
    return str(field['description'])


def _unknown(error: Error, subject: str) -> _Messages:
    choices = error.schema['properties']
    return [((name,), f'{subject} has an unknown field {naming.shown(name)}; '
                      + naming.suggestion(name, choices, 'fields'))
            for name in error.instance if name not in choices]


def _one_of(error: Error, subject: str) -> _Messages:
    """Exactly one of several fields; only volumes' sizes are so."""
    names = [choice['required'][0] for choice in error.validator_value]
    if not isinstance(error.instance, dict):
        return []  # its type is another error
    if any(name in error.instance for name in names):
        return _not(error, subject, names)
    return [((), f'{subject} has no size: give {" or ".join(names)}')]


def _not(error: Error, subject: str,
         names: list[str] | None = None) -> _Messages:
    """At most one of several fields."""
    if not isinstance(error.instance, dict):
        return []  # its type is another error
    both = names or error.validator_value['required']
    return [((), f'{subject} has both {" and ".join(both)}; keep one')]


def _other(error: Error, subject: str) -> _Messages:
    return [((), f'{subject}: {error.message}')]


_WORDS: dict[str, Callable[[Error, str], _Messages]] = {
    'additionalProperties': _unknown,
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
