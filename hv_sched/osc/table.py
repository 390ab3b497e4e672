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

"""Tables for people: escaped, wrapped to the width there is, coloured."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import re
import shutil
import sys
import textwrap
from typing import Any

from cliff import columns as cliff_columns

from hv_sched import printable
from hv_sched.osc import colours
from hv_sched.osc import fitting

# What cliff takes for "as wide as it comes"; ours, where nobody chose.
AUTOMATIC = -1
# Where there is no terminal, as in a pipe.
WIDTH = 100
HEIGHT = 24
# Between the parameters of a query, and the traits of one.
_SEPARATOR = re.compile(r'(?<=,)(?=\S)|(?<=\S)(?=&)')
# What a tree is drawn with, and without Unicode.
_ASCII_LINES = {'\u251c': '|', '\u2514': '`', '\u2500': '-'}
# Formats that programs read and that escape, or quote, by themselves.
_FOR_PROGRAMS = frozenset(('csv', 'json', 'yaml'))


def cell(value: Any, formatter: str) -> Any:
    """A cell of a table as the formatter gets it."""
    if not isinstance(value, str):
        return value
    return (printable.encodable(value) if formatter in _FOR_PROGRAMS
            else printable.text(value))


def tolerate(stream: Any) -> None:
    """Characters the output's encoding lacks are escaped, not an error."""
    if hasattr(stream, 'reconfigure'):
        stream.reconfigure(errors='backslashreplace')


def encodable(text: str, encoding: str | None) -> str:
    """The text as an output of this encoding gets it.

    :param encoding: of the output; None: any
    """
    text = text.translate(
        {} if _can_draw(encoding) else {ord(line): ascii_ for line, ascii_
                                        in _ASCII_LINES.items()})
    encoding = encoding or 'utf-8'
    return text.encode(encoding, 'backslashreplace').decode(encoding)


def _can_draw(encoding: str | None) -> bool:
    try:
        ''.join(_ASCII_LINES).encode(encoding or 'utf-8')
    except UnicodeEncodeError:
        return False
    return True


def set_defaults(parser: argparse.ArgumentParser) -> None:
    """Tables take the width of the terminal unless the user says another."""
    if parser.get_default('max_width') == 0:
        parser.set_defaults(max_width=AUTOMATIC)


def width(max_width: int) -> int:
    """Columns a table may have; 0: as many as it takes.

    :param max_width: ``--max-width``
    """
    if max_width != AUTOMATIC:
        return max(max_width, 0)
    return shutil.get_terminal_size((WIDTH, 0)).columns


def height() -> int:
    """Lines of the terminal."""
    return shutil.get_terminal_size((WIDTH, HEIGHT)).lines


def narrowed(names: Sequence[str], rows: Sequence[Sequence[Any]],
             limit: int, expendable: Iterable[str]
             ) -> tuple[tuple[str, ...], list[tuple[Any, ...]], list[str]]:
    """The table without columns it has no room for, and their names, where
    they would show anything.

    :param expendable: those that may be left out, the first first; before
        them those of them that say nothing in any row
    """
    order = sorted(expendable, key=lambda name: name in names and any(
        row[names.index(name)] not in (0, '', None) for row in rows))
    texts = [[_text(value) for value in row] for row in rows]
    left_out: list[str] = []
    while limit and order and not fitting.fits(
            *_without(names, texts, left_out), limit):
        left_out.append(order.pop(0))
    columns, remaining = _without(names, rows, left_out)
    return tuple(columns), [tuple(row) for row in remaining], [
        name for name in names if rows and name in left_out]


def _without(names: Sequence[str], rows: Sequence[Sequence[Any]],
             left_out: Iterable[str]) -> tuple[list[str], list[list[Any]]]:
    kept = [index for index, name in enumerate(names) if name not in left_out]
    return [names[index] for index in kept], [
        [row[index] for index in kept] for row in rows]


def left_out_text(left_out: Iterable[str]) -> str:
    """How to see columns there was no room for."""
    return ('Columns without room here: ' + ', '.join(left_out)
            + ' (a wider terminal, --max-width 0, or -c shows them).')


def paragraphs(texts: Iterable[str], limit: int) -> Iterator[str]:
    """Lines below a table, escaped and wrapped.

    :param limit: see width
    """
    for text in texts:
        shown = _with_breaks(encodable(
            printable.text(text), sys.stdout.encoding), limit)
        lines = textwrap.wrap(
            shown, limit or sys.maxsize, break_on_hyphens=False,
            subsequent_indent='  ')
        yield '\n'.join(lines) + '\n'


def _with_breaks(text: str, limit: int) -> str:
    """The text with blanks where words that are too long can be broken.

    Those are the queries of Placement, after each parameter and trait.
    """
    return ' '.join(
        _SEPARATOR.sub(' ', word) if limit and len(word) > limit - 2
        else word for word in text.split(' '))


def fitted_rows(names: Sequence[str], rows: Iterable[Sequence[Any]],
                limit: int) -> list[tuple[Any, ...]]:
    """The rows of a list; numbers stay numbers, which are right-aligned.

    :param limit: see width
    """
    texts = [[_text(value) for value in row] for row in rows]
    fitted = (fitting.wrapped(texts, names, limit) if limit else texts)
    return [tuple(
        value if isinstance(value, (int, float)) else _finished(name, text)
        for name, value, text in zip(names, row, texts_of_row, strict=True))
        for row, texts_of_row in zip(rows, fitted, strict=True)]


def fitted_fields(names: Sequence[str], values: Sequence[Any], limit: int
                  ) -> tuple[Any, ...]:
    """The values of one thing, each beside its name."""
    cells = [[name, _text(value)]
             for name, value in zip(names, values, strict=True)]
    fitted = (fitting.wrapped(cells, ('Field', 'Value'), limit)
              if limit else cells)
    return tuple(_finished(name, text)
                 for name, (_name, text) in zip(names, fitted, strict=True))


def _text(value: Any) -> str:
    text = '' if value is None else str(value)
    if isinstance(value, cliff_columns.FormattableColumn):
        text = str(value.human_readable())
    return encodable(text, sys.stdout.encoding)


def _finished(name: str, text: str) -> str:
    shown = encodable(fitting.isolated(text), sys.stdout.encoding)
    return colours.coloured(name, shown) if colours.are_shown() else shown
