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

"""Times as a source has them: RFC 3339, with PowerShell's seven digits."""

import datetime

# datetime keeps microseconds.
_FRACTION_DIGITS = 6


def read(text: str) -> datetime.datetime:
    """An RFC 3339 time that has passed the schema.

    :raises ValueError: there is no such day or time
    """
    text = text.upper().replace('Z', '+00:00')
    head, dot, tail = text.partition('.')
    if dot:
        digits = len(tail) - len(tail.lstrip('0123456789'))
        fraction = tail[:digits][:_FRACTION_DIGITS]
        text = f'{head}.{fraction:0<{_FRACTION_DIGITS}}{tail[digits:]}'
    return datetime.datetime.fromisoformat(text)


def refusal(text: str | None) -> str:
    """Why a text is no time; empty when it is one, or none is given."""
    try:
        if text is not None:
            read(text)
    except ValueError as exc:
        return f'{text!r} is not a time: {exc}'
    return ''
