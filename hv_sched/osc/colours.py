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

"""Colours of a terminal for the words that say how a thing is."""

import os
import sys

_RED, _GREEN, _YELLOW = 31, 32, 33
_COLUMNS = frozenset((
    'state', 'action', 'change', 'severity', 'finding', 'restart'))
_COLOURS = {
    **dict.fromkeys(('open', 'publish', 'published', 'gain', 'gained',
                     'resume', 'resumed', '+', '=', 'yes'), _GREEN),
    **dict.fromkeys(('closed', 'low', 'hidden', 'full', 'adopt', 'skipped',
                     'frozen',
                     'warning', 'unknown', 'lose', 'lost', 'pause', 'paused',
                     'withdraw', 'withdrawn', 'hide', '-', '~'), _YELLOW),
    **dict.fromkeys(('over-full', 'refused', 'error', 'failed', '!', 'no'),
                    _RED)}


def are_shown() -> bool:
    """Whether the output is a terminal that may have colours.

    NO_COLOR, when not empty, forbids them: https://no-color.org.
    """
    return (sys.stdout.isatty() and not os.environ.get('NO_COLOR')
            and os.environ.get('TERM') != 'dumb')


def coloured(column: str, text: str) -> str:
    """The cell in the colour of its state, if its column tells one.

    :param column: the column's, or field's, name
    """
    colour = _COLOURS.get(text) if column.lower() in _COLUMNS else None
    return text if colour is None else f'\033[{colour}m{text}\033[0m'
