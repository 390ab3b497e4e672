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

"""A PowerShell script as its syntax tree: what it calls and what it reads.

tree-sitter parses PowerShell without PowerShell, and takes the syntax of
version 7 (``?:``, ``??``) for errors, as version 4 does.
"""

from collections.abc import Iterator
import dataclasses
import functools
from typing import Any

import tree_sitter
import tree_sitter_powershell

# Member -> members of what it holds.
Members = dict[str, Any]

_LANGUAGE = tree_sitter.Language(tree_sitter_powershell.language())
_INDIRECT = frozenset(('$Body',))


@dataclasses.dataclass(frozen=True)
class Allowed:
    """What a script may use.

    :param answers: members of what a command, or a CIM class, answers
    :param objects: members of variables that hold objects of .NET
    :param static: static members of types
    :param harmless: commands that answer nothing of Windows
    """

    answers: dict[str, Members]
    objects: dict[str, Members]
    static: dict[str, set[str]]
    harmless: set[str]


class Script:
    """A script, parsed."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode('ascii')
        self._root = tree_sitter.Parser(_LANGUAGE).parse(
            self._bytes).root_node
        self._bindings = dict(self._each_binding())

    def faults(self, allowed: Allowed) -> list[str]:
        """Whatever is not allowed in it, with its line."""
        return [f'line {node.start_point[0] + 1}: {fault}'
                for node in self._nodes()
                for fault in self._faults_of(node, allowed)]

    def answers(self) -> list[str]:
        """The commands and CIM classes whose answers it reads."""
        own = self.functions
        commands = (self._target(node) for node in self._nodes('command'))
        return [name for name in commands
                if name.startswith(('Get-', 'Win32_')) and name not in own]

    @functools.cached_property
    def functions(self) -> dict[str, list[str]]:
        """Its own functions, with their parameters as they are written."""
        return {self._text(name): [
            self._text(parameter) for parameter in self._nodes(
                'script_parameter', under=node)]
            for node in self._nodes('function_statement')
            for name in self._nodes('function_name', under=node)}

    def _faults_of(self, node: Any, allowed: Allowed) -> Iterator[str]:
        if node.type == 'ERROR' or node.is_missing:
            yield f'syntax: {self._text(node)[:40]!r}'
        elif node.type == 'command':
            yield from self._command_faults(node, allowed)
        elif node.type in ('member_access', 'invokation_expression'):
            yield from self._member_faults(node, allowed)
        elif node.type == 'expandable_string_literal' and '$' in (
                self._text(node)):
            yield f'a variable inside a text: {self._text(node)}'

    def _command_faults(self, node: Any, allowed: Allowed) -> Iterator[str]:
        target = self._target(node)
        known = (allowed.answers.keys() | allowed.harmless
                 | self.functions.keys() | _INDIRECT)
        if target not in known:
            yield f'command {target}'
        if target in allowed.answers and '$' in self._text(node):
            yield f'a value given to {target}'

    def _member_faults(self, node: Any, allowed: Allowed) -> Iterator[str]:
        owner, member = node.children[0], self._member(node)
        if owner.type == 'type_literal':
            if member not in allowed.static.get(self._text(owner), ()):
                yield f'{self._text(owner)}::{member}'
        elif owner.type != 'parenthesized_expression' and (
                self._members(owner, allowed) is None
                or member not in self._members(owner, allowed)):
            yield f'member {self._text(node)}'

    def _members(self, owner: Any, allowed: Allowed) -> Members | None:
        """The members of an expression, None when it is not known."""
        if owner.type == 'variable':
            name = self._text(owner)
            answer = self._bindings.get(name)
            if answer in allowed.answers:
                return allowed.answers[answer]
            return allowed.objects.get(_first_lower(name))
        if owner.type == 'element_access':
            return self._members(owner.children[0], allowed)
        if owner.type == 'member_access':
            if owner.children[0].type == 'type_literal':
                return {'ToString': {}}
            above = self._members(owner.children[0], allowed)
            return (above or {}).get(self._member(owner))
        return None

    def _each_binding(self) -> Iterator[tuple[str, str]]:
        """Variables with the command whose answer they hold."""
        for node in self._nodes('foreach_statement'):
            variable, values = (child for child in node.children
                                if child.type in ('variable', 'pipeline'))
            yield from self._binding(variable, values)
        for node in self._nodes('assignment_expression'):
            yield from self._binding(node.children[0], node.children[-1])

    def _binding(self, variable: Any, values: Any
                 ) -> Iterator[tuple[str, str]]:
        commands = list(self._nodes('command', under=values))
        if len(commands) == 1:
            yield self._text(variable), self._target(commands[0])

    def _target(self, command: Any) -> str:
        """What a command is called by; of CIM, the class it asks for."""
        words = self._text(command).split()
        if words[0] in ('&', '.'):
            return words[1]
        if words[0] == 'Get-CimInstance':
            return words[words.index('-ClassName') + 1].rstrip(')')
        return words[0]

    def _member(self, node: Any) -> str:
        return next(self._text(child) for child in node.children
                    if child.type == 'member_name')

    def _nodes(self, kind: str = '', under: Any = None) -> Iterator[Any]:
        waiting = [under or self._root]
        while waiting:
            node = waiting.pop()
            if not kind or node.type == kind:
                yield node
            waiting += reversed(node.children)

    def _text(self, node: Any) -> str:
        return self._bytes[node.start_byte:node.end_byte].decode('ascii')


def _first_lower(name: str) -> str:
    """PowerShell compares names without their case."""
    return name[:2].lower() + name[2:]
