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

"""Source ``static``: YAML written by hand.

The text is looked through as a stream of events before anything is built
from it. That refuses what makes YAML dangerous or surprising: aliases (nine
lines of them can stand for gigabytes), tags, a field given twice, nesting
that would exhaust the stack.
"""

import dataclasses
from typing import Any

import yaml

from hv_sched import exception
from hv_sched.sources import schema

ENDINGS = ('.yaml', '.yml')

# libyaml when PyYAML was built with it; both build plain values only.
_BASE = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
_TIMESTAMP = 'tag:yaml.org,2002:timestamp'

# A time stays text, as in JSON: YAML's own reading drops the time zone.
_Loader: Any = type('_Loader', (_BASE,), {'yaml_implicit_resolvers': {
    first: [resolver for resolver in resolvers if resolver[0] != _TIMESTAMP]
    for first, resolvers in _BASE.yaml_implicit_resolvers.items()}})


def parse(text: str) -> Any:
    """The document in a YAML text, None when it holds nothing.

    :raises InvalidFacts: it is not YAML, or YAML that is not accepted here
    """
    try:
        _Guard().look_through(text)
        # S506 is about unsafe loaders; this one is a SafeLoader.
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as exc:
        raise exception.InvalidFacts(_as_text(exc)) from exc
    except ValueError as exc:
        # int() refuses a number of thousands of digits.
        raise exception.InvalidFacts(f'is not valid YAML: {exc}') from exc


def _as_text(exc: yaml.YAMLError) -> str:
    mark = getattr(exc, 'problem_mark', None)
    problem = getattr(exc, 'problem', None) or ' '.join(str(exc).split())
    if mark is None:
        return f'is not valid YAML: {problem}'
    return (f'is not valid YAML: line {mark.line + 1}, column '
            f'{mark.column + 1}: {problem}')


@dataclasses.dataclass
class _Level:
    """A mapping or list that is open.

    :param names: the names seen so far, None in a list
    :param at_name: the next thing in the mapping is a name
    """

    names: set[str] | None
    at_name: bool = True


class _Guard:
    def __init__(self) -> None:
        self._levels: list[_Level] = []
        self._documents = 0

    def look_through(self, text: str) -> None:
        for event in yaml.parse(text, Loader=_Loader):
            self._event(event)

    def _event(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            _refuse(event, f'has the alias *{event.anchor}; write the value '
                           'out')
        if getattr(event, 'tag', None) is not None:
            _refuse(event, f'has the tag {event.tag}; write the plain value')
        if isinstance(event, yaml.DocumentStartEvent):
            self._document(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._levels.pop()
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            _refuse(event, 'has a second document (---); put all clusters '
                           'into one list')

    def _node(self, event: Any) -> None:
        self._in_mapping(event)
        if isinstance(event, yaml.CollectionStartEvent):
            mapping = isinstance(event, yaml.MappingStartEvent)
            self._levels.append(_Level(set() if mapping else None))
            if len(self._levels) > schema.MAX_DEPTH:
                _refuse(event, 'is nested too deep')

    def _in_mapping(self, event: Any) -> None:
        level = self._levels[-1] if self._levels else None
        if level is None or level.names is None:
            return
        if level.at_name and isinstance(event, yaml.ScalarEvent):
            _check_name(event, level.names)
            level.names.add(event.value)
        level.at_name = not level.at_name


def _check_name(event: Any, names: set[str]) -> None:
    if event.value in names:
        _refuse(event, f'has the field {event.value!r} twice in one mapping; '
                       'keep one')
    if event.value == '<<':
        _refuse(event, 'has a merge (<<); write the fields out')


def _refuse(event: Any, message: str) -> None:
    raise exception.InvalidFacts(
        f'line {event.start_mark.line + 1} {message}')
