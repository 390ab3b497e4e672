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

import collections
from collections.abc import Callable
import json
from typing import Any

from hv_sched import exception
from hv_sched.sources import naming
from hv_sched.sources.fault import Path

ENDINGS = ('.json', '.jsonl')


def parse(text: str) -> Any:
    """The document in a JSON text.

    :raises InvalidFacts: it is not JSON, or says a thing twice
    """
    return loads(text, _no_number) if text.strip() else None


def loads(text: str, parse_constant: Callable[[str], Any]) -> Any:
    """See ``parse``.

    :param parse_constant: what to make of NaN, Infinity and -Infinity
    """
    twice = _Twice()
    try:
        document = json.loads(text, object_pairs_hook=twice.mapping,
                              parse_constant=parse_constant)
    except RecursionError as exc:
        raise exception.InvalidFacts('is nested too deep') from exc
    except ValueError as exc:
        # JSONDecodeError, or a number of too many digits for an int.
        raise exception.InvalidFacts(f'is not valid JSON: {exc}') from exc
    twice.check(document)
    return document


class _Twice:
    """Finds the fields that a mapping has twice, and where that is."""

    def __init__(self) -> None:
        self._first: tuple[dict[str, Any], str] | None = None

    def mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs) and self._first is None:
            counts = collections.Counter(name for name, _ in pairs)
            self._first = mapping, next(
                name for name, count in counts.items() if count > 1)
        return mapping

    def check(self, document: Any) -> None:
        """:raises InvalidFacts: a mapping had a field twice"""
        if self._first is None:
            return
        mapping, name = self._first
        # None where the mapping itself was what another one had twice.
        path = _path(document, mapping) or ()
        raise exception.InvalidFacts(
            f'has the field {naming.where((*path, name))} twice; keep one')


def _path(document: Any, mapping: dict[str, Any]) -> Path | None:
    """Where in a document a mapping is."""
    todo: list[tuple[Path, Any]] = [((), document)]
    while todo:
        path, value = todo.pop()
        if value is mapping:
            return path
        if isinstance(value, dict):
            todo += [((*path, name), below) for name, below in value.items()]
        elif isinstance(value, list):
            todo += [((*path, i), below) for i, below in enumerate(value)]
    return None


def _no_number(name: str) -> Any:
    raise exception.InvalidFacts(f'has {name}, which is not a JSON number')
