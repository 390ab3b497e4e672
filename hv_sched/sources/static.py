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
import re
from typing import Any

import yaml

from hv_sched import exception
from hv_sched.sources import naming
from hv_sched.sources import validation

ENDINGS = ('.yaml', '.yml')

# libyaml when PyYAML was built with it; both build plain values only.
_BASE = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
_TAG = 'tag:yaml.org,2002:'
# YAML 1.1 also reads 190:20:30 as 685230, 010 as 8 and .inf as a number, and
# drops the time zone of a time. All of these stay text, as in JSON.
_NUMBERS = {
    _TAG + 'int': re.compile(r'[-+]?(?:0|[1-9][0-9]*)'),
    _TAG + 'float': re.compile(r'[-+]?(?:0|[1-9][0-9]*)\.[0-9]*'
                               r'(?:[eE][-+][0-9]+)?'),
}


# As in JSON. Version 1 also has YAML 1.1's yes, no, on and off, so that a
# node of one of these names had to be quoted there.
_TRUE_AND_FALSE = re.compile(r'true|True|TRUE|false|False|FALSE')


def _resolvers(resolvers: list[tuple[str, Any]],
               patterns: dict[str, re.Pattern[str]]
               ) -> list[tuple[str, Any]]:
    """What decides of a plain text whether it is anything but text."""
    return [(tag, _Whole(patterns[tag]) if tag in patterns else pattern)
            for tag, pattern in resolvers if tag != _TAG + 'timestamp']


class _Whole:
    """A pattern that PyYAML matches, of all of the text."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self.match = pattern.fullmatch


def _loader(name: str, patterns: dict[str, re.Pattern[str]]) -> Any:
    return type(name, (_BASE,), {'yaml_implicit_resolvers': {
        first: _resolvers(resolvers, patterns)
        for first, resolvers in _BASE.yaml_implicit_resolvers.items()}})


_Loader = _loader('_Loader', {**_NUMBERS, _TAG + 'bool': _TRUE_AND_FALSE})
_LoaderOfVersion1 = _loader('_LoaderOfVersion1', _NUMBERS)


def parse(text: str) -> Any:
    """The document in a YAML text, None when it holds nothing.

    :raises InvalidFacts: it is not YAML, or YAML that is not accepted here
    """
    try:
        guard = _Guard()
        guard.look_through(text)
        loader = _LoaderOfVersion1 if guard.version == '1' else _Loader
        # S506 is about unsafe loaders; both are SafeLoaders.
        return yaml.load(text, Loader=loader)  # noqa: S506
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
    :param step: of the path to what comes next: a name, or a place
    """

    names: set[str] | None
    step: str | int | None = None
    at_name: bool = True

    def advance(self, event: Any) -> bool:
        """Take a node in; returns whether it is a name of the mapping."""
        if self.names is None:
            self.step = 0 if self.step is None else int(self.step) + 1
            return False
        is_name = self.at_name
        if is_name:
            self.step = (event.value if isinstance(event, yaml.ScalarEvent)
                         else None)
        self.at_name = not is_name
        return is_name


class _Guard:
    """:ivar version: the text of that field"""

    def __init__(self) -> None:
        self.version = ''
        self._levels: list[_Level] = []
        self._documents = 0
        self._values = 0

    def look_through(self, text: str) -> None:
        for event in yaml.parse(text, Loader=_Loader):
            self._event(event)

    def _event(self, event: Any) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            self._levels.pop()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._document(event)
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            _refuse(event, 'has a second document (---); put all clusters '
                           'into one list')

    def _node(self, event: Any) -> None:
        self._values += 1
        if self._values > validation.MAX_VALUES:
            _refuse(event, validation.TOO_MANY_VALUES.format(
                validation.MAX_VALUES))
        level = self._levels[-1] if self._levels else None
        if level is not None and level.advance(event):
            self._check_name(event, level)
        elif len(self._levels) == 1 and level and level.step == 'version':
            self.version = getattr(event, 'value', '')
        self._check_form(event)
        if isinstance(event, yaml.CollectionStartEvent):
            mapping = isinstance(event, yaml.MappingStartEvent)
            self._levels.append(_Level(set() if mapping else None))
            if len(self._levels) > validation.MAX_DEPTH:
                _refuse(event, 'is nested too deep')

    def _check_form(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            _refuse(event, f'has the alias *{event.anchor}{self._as()}; '
                           'write the value out')
        if event.tag is not None:
            _refuse(event, f'has the tag {event.tag}{self._as("at")}; write '
                           'the plain value')

    def _check_name(self, event: Any, level: _Level) -> None:
        name = level.step
        if not isinstance(name, str) or level.names is None:
            return
        if name == '<<':
            level.step = None
            _refuse(event, f'has a merge (<<){self._as("in")}; write the '
                           'fields out')
        if name in level.names:
            _refuse(event, f'has the field {self._where()} twice; keep one')
        level.names.add(name)
        if len(level.names) > validation.MAX_FIELDS:
            level.step = None
            _refuse(event, validation.TOO_MANY_FIELDS.format(
                validation.MAX_FIELDS) + self._as('in'))

    def _where(self) -> str:
        return naming.where(tuple(level.step for level in self._levels
                                  if level.step is not None))

    def _as(self, word: str = 'as') -> str:
        """The place as the end of a sentence, nothing at the top."""
        where = self._where()
        return f' {word} {where}' if where else ''


def _refuse(event: Any, message: str) -> None:
    raise exception.InvalidFacts(
        f'line {event.start_mark.line + 1} {message}')
