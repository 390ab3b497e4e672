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

"""Tables that fit: cells wrapped at spaces to the width there is. Pure.

Columns of one word keep it; those of sentences share what is left. Widths
are counted in columns of a terminal, of which some characters take two and
some none.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import unicodedata

import wcwidth

# What prettytable draws around each cell, and at the end of a line.
_CELL_FRAME = 3
_LINE_FRAME = 1
# A longer word may be broken where there is no room for it.
_LONGEST_WORD = 28  # the names of our traits
_LEFT_TO_RIGHT_MARK = '\u200e'
_RIGHT_TO_LEFT = frozenset(('R', 'AL', 'AN'))

Cells = Sequence[str]
Measure = Callable[[str], int]


def width_of(text: str) -> int:
    """Columns of a terminal that one line takes."""
    return sum(max(wcwidth.wcwidth(character), 0) for character in text)


def wrapped(cells: Sequence[Cells], header: Sequence[str], limit: int
            ) -> list[list[str]]:
    """The cells of each row, with line breaks where they are needed.

    :param limit: columns of the terminal for the whole table
    """
    widths = _shared(_widths(cells, header, _longest_line),
                     _widths(cells, header, _longest_word),
                     [max(width_of(name), 1) for name in header],
                     _room(header, limit))
    return [['\n'.join(_lines(cell, width))
             for cell, width in zip(row, widths, strict=True)]
            for row in cells]


def fits(header: Sequence[str], cells: Sequence[Cells], limit: int) -> bool:
    """Whether the table has room without breaking words."""
    return sum(_widths(cells, header, _longest_word)) <= _room(header, limit)


def _room(header: Sequence[str], limit: int) -> int:
    return limit - _CELL_FRAME * len(header) - _LINE_FRAME


def isolated(text: str) -> str:
    """The cell, so that letters from right to left turn nothing after it."""
    return '\n'.join(
        line + _LEFT_TO_RIGHT_MARK if _turns(line) else line
        for line in text.split('\n'))


def _turns(line: str) -> bool:
    return any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT
               for character in line)


def _widths(cells: Sequence[Cells], header: Sequence[str], measure: Measure
            ) -> list[int]:
    return [max([width_of(name), *(measure(row[index]) for row in cells)])
            for index, name in enumerate(header)]


def _longest_line(cell: str) -> int:
    return max(map(width_of, cell.split('\n')))


def _longest_word(cell: str) -> int:
    return min(max(map(width_of, cell.split()), default=0), _LONGEST_WORD)


def _shared(natural: list[int], words: list[int], least: list[int],
            room: int) -> list[int]:
    """The widths of columns: the widest give way first.

    None becomes narrower than its longest word, unless even the words do
    not fit, nor ever narrower than its header.
    """
    widths = list(natural)
    while sum(widths) > room:
        yielding = [index for index, width in enumerate(widths)
                    if width > least[index]]
        if not yielding:
            break
        widths[max(yielding, key=lambda index: (
            widths[index] > words[index], widths[index]))] -= 1
    return widths


def _lines(cell: str, width: int) -> Iterator[str]:
    for line in cell.split('\n'):
        yield from _wrap(line, width)


def _wrap(line: str, width: int) -> Iterator[str]:
    """The line in parts of at most this width, broken at spaces."""
    if width_of(line) <= width:
        yield line
        return
    part = ''
    for word in _words(line, width):
        longer = f'{part} {word}' if part else word
        if width_of(longer) > width:
            yield part
            longer = word
        part = longer
    yield part


def _words(line: str, width: int) -> Iterator[str]:
    for word in line.split():
        yield from _pieces(word, width)


def _pieces(word: str, width: int) -> Iterable[str]:
    """A word that is too long, in pieces; character by character."""
    piece, columns = '', 0
    for character in word:
        own = width_of(character)
        if piece and columns + own > width:
            yield piece
            piece, columns = '', 0
        piece += character
        columns += own
    yield piece
