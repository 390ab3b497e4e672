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

"""Parsed files -> Facts.

A cluster that is wrong in any way becomes problems, not a cluster: whoever
reads the facts then leaves it as it stands in Placement.
"""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime
import itertools
from typing import Any

from hv_sched import exception
from hv_sched import model
from hv_sched.sources import checks
from hv_sched.sources import claims
from hv_sched.sources import convert
from hv_sched.sources import naming
from hv_sched.sources import schema

_Faulty = tuple[claims.Entry, naming.Fault]


@dataclasses.dataclass(frozen=True)
class Document:
    """A parsed file.

    :param name: the file's name, for messages
    :param content: what is in it, of any type
    """

    name: str
    content: Any


def read(documents: Iterable[Document],
         unreadable: Iterable[model.Problem] = ()) -> model.Facts:
    """What all documents together say.

    :param unreadable: files that could not even be parsed
    :raises InvalidFacts: no document can be used at all
    """
    problems = list(unreadable)
    entries: list[claims.Entry] = []
    times: dict[str, datetime.datetime | None] = {}
    for document in documents:
        faults = _envelope(document)
        problems += faults
        if not faults:
            times[document.name] = _collected_at(document.content)
            entries += [claims.Entry(document.name, i, raw) for i, raw
                        in enumerate(document.content['clusters'])]
    if not entries:
        raise exception.InvalidFacts(_as_text(problems))
    return _facts(entries, times, problems)


def _as_text(problems: list[model.Problem]) -> str:
    messages = '; '.join(map(str, problems))
    return messages or 'no file describes a cluster'


def _facts(entries: list[claims.Entry],
           times: dict[str, datetime.datetime | None],
           problems: list[model.Problem]) -> model.Facts:
    faults = [(entry, fault) for entry in entries
              for fault in _faults(entry.raw)]
    faults += _first_of_each(claims.conflicts(entries))
    invalid = {id(entry) for entry, _ in faults}
    clusters = tuple(convert.cluster(entry.raw, times[entry.file])
                     for entry in entries if id(entry) not in invalid)
    problems += [_problem(entry, fault) for entry, fault in faults]
    return model.Facts(clusters, tuple(problems))


def _faults(raw: Any) -> list[naming.Fault]:
    # Looking for what was meant takes its time, so no more than are told.
    return schema.check_cluster(raw) or list(itertools.islice(
        checks.check(raw), schema.MAX_FAULTS))


def _first_of_each(faults: Iterable[_Faulty]) -> Iterator[_Faulty]:
    """As many faults of each cluster as are told."""
    counts: collections.Counter[int] = collections.Counter()
    for entry, fault in faults:
        counts[id(entry)] += 1
        if counts[id(entry)] <= schema.MAX_FAULTS:
            yield entry, fault


def _problem(entry: claims.Entry, fault: naming.Fault) -> model.Problem:
    return model.Problem(entry.name, entry.where(fault.path), fault.message)


def _envelope(document: Document) -> list[model.Problem]:
    faults = schema.check_envelope(document.content)
    if not faults and 'collected_at' in document.content:
        faults = _check_time(document.content['collected_at'])
    return [model.Problem(None, _where(document.name, fault.path),
                          fault.message) for fault in faults]


def _where(name: str, path: naming.Path) -> str:
    return f'{name}: {naming.where(path)}' if path else name


def _check_time(text: str) -> list[naming.Fault]:
    try:
        convert.timestamp(text)
    except ValueError as exc:
        return [naming.Fault(('collected_at',),
                             f'{text!r} is no time: {exc}')]
    return []


def _collected_at(content: dict[str, Any]) -> datetime.datetime | None:
    text = content.get('collected_at')
    return None if text is None else convert.timestamp(text)
