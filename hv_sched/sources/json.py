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

"""Source ``json``: what a collector writes."""

from collections.abc import Callable
import json
from typing import Any

from hv_sched import exception

ENDINGS = ('.json',)


def parse(text: str) -> Any:
    """The document in a JSON text.

    :raises InvalidFacts: it is not JSON, or says a thing twice
    """
    return loads(text, _no_number) if text.strip() else None


def loads(text: str, parse_constant: Callable[[str], Any]) -> Any:
    """See ``parse``.

    :param parse_constant: what to make of NaN, Infinity and -Infinity
    """
    try:
        return json.loads(text, object_pairs_hook=_mapping,
                          parse_constant=parse_constant)
    except RecursionError as exc:
        raise exception.InvalidFacts('is nested too deep') from exc
    except ValueError as exc:
        # JSONDecodeError, or a number of too many digits for an int.
        raise exception.InvalidFacts(f'is not valid JSON: {exc}') from exc


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names: set[str] = set()
        for name, _ in pairs:
            if name in names:
                raise exception.InvalidFacts(
                    f'has the field {name!r} twice in one mapping; keep one')
            names.add(name)
    return mapping


def _no_number(name: str) -> Any:
    raise exception.InvalidFacts(f'has {name}, which is not a JSON number')
