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

"""How GUIDs of a source are compared, and how values and names are shown."""

from collections.abc import Iterable
import difflib
import re

from hv_sched import windows_names
from hv_sched.sources.fault import Path

_GUID = re.compile(r'[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')
_WRAPPED = re.compile(r'(?:\\\\\?\\volume)?\{([^{}]*)\}\\?')
_FIELD = re.compile(r'\w{1,60}')
_SHOWN_LENGTH = 60
# Longer numbers than this are cut short: Python refuses to print some.
_SHOWN_NUMBER = 10 ** 30


def normal_guid(text: str) -> str | None:
    """A GUID in lower case without braces; None when text is not one.

    :param text: plain, ``{…}`` or ``\\\\?\\Volume{…}\\``, in any case
    """
    lowered = text.lower()
    wrapped = _WRAPPED.fullmatch(lowered)
    plain = wrapped.group(1) if wrapped else lowered
    return plain if _GUID.fullmatch(plain) else None


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    by_key = {windows_names.key(candidate): candidate
              for candidate in candidates}
    matches = difflib.get_close_matches(windows_names.key(name), by_key, n=1)
    return by_key[matches[0]] if matches else None


def suggestion(name: str, candidates: Iterable[str], noun: str) -> str:
    """The remedy for an unknown name: what was meant, or what there is.

    :param noun: the plural of what is known, such as ``nodes``
    """
    names = list(candidates)
    meant = nearest(name, names)
    if meant is not None:
        return f'did you mean {meant!r}?'
    return f'the {noun} are {shown_list(names)}'


def shown_list(names: Iterable[str]) -> str:
    """Names one after the other, cut short when there are many."""
    listed = list(names)
    rest = len(listed) - 16
    text = ', '.join(shown(name) for name in listed[:16])
    return f'{text} and {rest} more' if rest > 0 else text


def shown(value: object) -> str:
    """A value of the source as a message shows it."""
    if value is None or isinstance(value, bool):
        return {None: 'empty', True: 'true', False: 'false'}[value]
    if isinstance(value, dict):
        return 'a mapping'
    if isinstance(value, list):
        return 'a list'
    if isinstance(value, int) and abs(value) > _SHOWN_NUMBER:
        return 'a number of more than 30 digits'
    text = repr(value)
    cut = len(text) > _SHOWN_LENGTH
    return f'{text[:_SHOWN_LENGTH]}…' if cut else text


def where(path: Path) -> str:
    """A path as ``clusters[0].nodes[3].build``."""
    return ''.join(_step(step) for step in path).removeprefix('.')


def _step(step: str | int) -> str:
    if isinstance(step, str) and _FIELD.fullmatch(step):
        return f'.{step}'
    return f'[{shown(step)}]'
