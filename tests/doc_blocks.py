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

"""The literal blocks of README and documentation, and what tests them.

A block of commands or output has a marker in a comment just above it::

    .. run: published, exit 2 0
    .. tested by: tests/functional/test_demo.py
    .. excerpt: needs Keystone

The first names the cloud that tests/functional/test_doc_commands.py runs the
commands on, and their exit codes where these are not 0; ``any`` means any but
that of an error. ``.. all blocks tested by:`` speaks for the whole page.
Configuration is checked without a marker.
"""

from collections.abc import Iterator
import dataclasses
import pathlib
import re
import shlex

from tests.repository import DOC
from tests.repository import ROOT

PAGES = (*sorted(ROOT.glob('*.rst')),
         *sorted((DOC / 'source').rglob('*.rst')))
COMMAND_LANGUAGES = ('', 'bash', 'console', 'text')
_DIRECTIVE = re.compile(r'\s*\.\. code-block::(.*)')
_MARKER = re.compile(r'\.\. (run|tested by|excerpt): (.+)', re.DOTALL)
_ALL = re.compile(r'^\.\. all blocks (tested by|excerpt): (.+)', re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    """A literal block.

    :param language: '' after a paragraph that ends in ``::``
    :param kind: ``run``, ``tested by``, ``excerpt`` or '' without a marker
    :param argument: the rest of the marker
    """

    page: pathlib.Path
    line: int
    language: str
    text: str
    kind: str = ''
    argument: str = ''

    def __str__(self) -> str:
        return f'{self.page.relative_to(ROOT)}:{self.line}'

    @property
    def scene(self) -> str:
        """The cloud it is run on."""
        return self.argument.partition(',')[0]

    @property
    def exit_codes(self) -> tuple[int | None, ...]:
        """Of each command; None is any but 1."""
        words = self.argument.partition(', exit ')[2].split()
        given = [None if word == 'any' else int(word) for word in words]
        count = len(self.commands)
        if not given:
            return (0,) * count
        return tuple(given * count if len(given) == 1 else given)

    @property
    def commands(self) -> list[list[str]]:
        """The arguments of each command; comments are left out."""
        text = re.sub(r'\\\n\s*', ' ', self.text)
        lines = [line.strip() for line in text.splitlines()]
        if self.language == 'console':
            lines = [line[2:] for line in lines if line.startswith('$ ')]
        return [shlex.split(line, comments=True) for line in lines
                if line and not line.startswith('#')]

    @property
    def output(self) -> list[str]:
        """What a ``console`` block shows that the commands print."""
        text = re.sub(r'\\\n\s*', ' ', self.text)
        return [line for line in text.splitlines()
                if line.strip() and not line.startswith('$ ')
                ] if self.language == 'console' else []


def blocks(page: pathlib.Path) -> Iterator[Block]:
    """The literal blocks of a page, in order."""
    lines = page.read_text().splitlines()
    every = _ALL.search(page.read_text())
    for number, line in enumerate(lines):
        directive = _DIRECTIVE.match(line)
        if not directive and not (line.rstrip().endswith('::')
                                  and not line.lstrip().startswith('..')):
            continue
        body = _body(lines, number)
        if body:
            kind, argument = _marker(lines, number)
            if every and not kind:
                kind, argument = every.groups()
            yield Block(page, number + 1,
                        directive[1].strip() if directive else '',
                        body, kind, argument)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _body(lines: list[str], number: int) -> str:
    """The text of the block that a line introduces, without its indent."""
    inside = []
    for line in lines[number + 1:]:
        if line.strip() and _indent(line) <= _indent(lines[number]):
            break
        inside.append(line)
    text = [line for line in inside
            if not re.match(r'\s*:[a-z-]+:', line)]
    least = min((_indent(line) for line in text if line.strip()), default=0)
    return '\n'.join(line[least:] for line in text).strip('\n')


def _marker(lines: list[str], number: int) -> tuple[str, str]:
    """Of the paragraph above the one that introduces the block."""
    while number and lines[number - 1].strip() and not (
            lines[number - 1].lstrip().startswith('.. ')):
        number -= 1
    above = []
    for line in reversed(lines[:number]):
        if not line.strip():
            if above:
                break
            continue
        above.insert(0, line.strip())
    match = _MARKER.fullmatch(' '.join(above))
    return (match[1], match[2]) if match else ('', '')
