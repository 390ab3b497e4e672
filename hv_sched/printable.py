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

"""Text from outside as it may be printed: one line of visible characters.

A source, Placement, Nova and Glance may name a thing with characters that
move a terminal's cursor, turn the direction of writing, have no width or end
the line. They are escaped where they are printed, in tables, errors and log
lines, as Python writes them (``\\x1b``, ``\\u202e``). What programs read and
what is compared stays as it is. A password in a URL is shown to neither.
"""

import logging
import unicodedata

from hv_sched import url_secrets

# Without a width of their own, though Unicode counts them among letters and
# marks: joiners, fillers of Hangul, vowels of Khmer, selectors of variants.
# (DerivedCoreProperties.txt, Default_Ignorable_Code_Point.)
INVISIBLE = frozenset(map(chr, (
    0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164,
    *range(0xFE00, 0xFE10), 0xFFA0, *range(0xE0100, 0xE01F0))))
_LINE_ENDS = frozenset(('Zl', 'Zp'))
_TRACEBACK = logging.Formatter()


def text(value: str) -> str:
    """The text with everything escaped that is not visible.

    A backslash stays as it is, or a path of Windows could not be read: what
    was escaped once is not escaped again.
    """
    return url_secrets.masked(''.join(
        character if _is_visible(character) else
        character.encode('unicode_escape').decode() for character in value))


def _is_visible(character: str) -> bool:
    category = unicodedata.category(character)
    return not (category.startswith('C') or category in _LINE_ENDS
                or character in INVISIBLE)


def encodable(value: str) -> str:
    """The text for a program: all but halves of surrogate pairs is kept.

    JSON can hold such a half; no encoding of an output can.
    """
    return url_secrets.masked(value.encode('utf-8', 'backslashreplace'
                                           ).decode())


class _Escaping(logging.Filter):
    """Escapes the whole line: whichever value in it came from outside.

    A traceback ends with the exception's own text, so its lines are, too.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            record.msg, record.args = text(record.getMessage()), None
        except Exception:
            # What has no text ends no call that logs: the handler, which
            # meets the same, reports it and prints nothing.
            return True
        if record.exc_info and record.exc_info[0] is not None:
            # A formatter that finds exc_info formats it again.
            record.exc_text = '\n'.join(
                map(text, _TRACEBACK.formatException(
                    record.exc_info).split('\n')))
            record.exc_info = None
        return True


_ESCAPING = _Escaping()


def logger(name: str) -> logging.Logger:
    """The logger of a module of hv_sched, whose lines are escaped.

    :param name: the module's ``__name__``
    """
    log = logging.getLogger(name)
    log.addFilter(_ESCAPING)
    return log


def silence(*libraries: str) -> None:
    """Keep libraries from logging what they are given, or raise anyway."""
    for name in libraries:
        logging.getLogger(name).setLevel(logging.CRITICAL)
