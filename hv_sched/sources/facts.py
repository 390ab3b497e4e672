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

What is wrong becomes a problem, and what that costs is not known, set aside
or, where the identity of a whole cluster is in doubt, left out: whoever reads
the facts then leaves that as it stands in Placement.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
from typing import Any

from hv_sched import exception
from hv_sched import model
from hv_sched.sources import checks
from hv_sched.sources import claims
from hv_sched.sources import convert
from hv_sched.sources import identity_checks
from hv_sched.sources import missing_lists
from hv_sched.sources import naming
from hv_sched.sources import sections
from hv_sched.sources import timestamp
from hv_sched.sources import validation
from hv_sched.sources import windows_words
from hv_sched.sources.draft import Draft
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path


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
    for document in documents:
        of_document, faults = _entries(document)
        entries += of_document
        problems += faults
    if not entries:
        raise exception.InvalidFacts(_as_text(problems))
    return _facts(entries, problems)


def _as_text(problems: list[model.Problem]) -> str:
    messages = '; '.join(map(str, problems))
    return messages or 'no file describes a cluster'


def _entries(document: Document
             ) -> tuple[list[claims.Entry], list[model.Problem]]:
    """The clusters of a document; none where it cannot be used."""
    faults = validation.check_shape(document.content)
    if faults:
        return [], _of_file(document, faults, True)
    reader = windows_words.Reader()
    content = reader.read(document.content)
    faults = _envelope_faults(content)
    if any(not fault.is_note for fault in faults):
        return [], _of_file(document, faults, True)
    time = content.get('collected_at')
    return [claims.Entry(
        document.name, i, raw, validation.version_of(content),
        None if time is None else timestamp.read(time),
        _resource_ids(content['clusters']),
        tuple(reader.odd_names(('clusters', i))))
        for i, raw in enumerate(content['clusters'])], _of_file(
            document, [*faults, *reader.notes()], False)


def _envelope_faults(content: Any) -> list[Fault]:
    faults = validation.check_envelope(content)
    if faults or 'collected_at' not in content:
        return faults
    reason = timestamp.refusal(content['collected_at'])
    return [Fault(('collected_at',), reason)] if reason else []


def _resource_ids(clusters: list[Any]) -> frozenset[str]:
    """Ids of cluster resources: none of them is the GUID of a volume."""
    ids = (volume.get('resource_id')
           for cluster in clusters if isinstance(cluster, dict)
           for volume in _list(cluster, 'volumes')
           if isinstance(volume, dict))
    return frozenset(guid for text in ids if isinstance(text, str)
                     if (guid := naming.normal_guid(text)))


def _list(cluster: dict[str, Any], field: str) -> list[Any]:
    value = cluster.get(field)
    return value if isinstance(value, list) else []


def _facts(entries: list[claims.Entry], problems: list[model.Problem]
           ) -> model.Facts:
    claimed: dict[int, list[Fault]] = {}
    for entry, fault in claims.conflicts(entries):
        claimed.setdefault(id(entry), []).append(fault)
    clusters = []
    for entry in entries:
        draft = _draft(entry, claimed.get(id(entry), []))
        problems += _problems(entry, draft)
        if not draft.is_frozen:
            clusters.append(convert.cluster(draft, entry.collected_at))
    return model.Facts(tuple(clusters), tuple(problems))


def _draft(entry: claims.Entry, claimed: list[Fault]) -> Draft:
    """What is left of a cluster; stage by stage, each needs the former."""
    missing_lists.settle(entry.raw)
    draft = Draft(entry.raw)
    draft.apply(entry.faults)
    stages: tuple[Callable[[], Iterable[Fault]], ...] = (
        lambda: validation.unusable(entry.raw),
        lambda: validation.check_cluster(entry.raw, entry.version),
        lambda: sections.check(draft),
        lambda: identity_checks.check(draft, entry.resource_ids),
        lambda: identity_checks.check_unpublished(draft),
        lambda: checks.check(draft))
    for stage in stages:
        if not draft.is_frozen:
            draft.apply(stage())
    draft.apply(claimed)
    return draft


def _problems(entry: claims.Entry, draft: Draft) -> list[model.Problem]:
    """As many as help to mend the cluster, what freezes it first."""
    ranked = sorted(_once_each_note(draft.faults), key=_rank)
    shown, rest = (ranked[:validation.MAX_FAULTS],
                   ranked[validation.MAX_FAULTS:])
    problems = [model.Problem(
        entry.name, entry.where(fault.path), fault.text, fault.code, freezes,
        fault.is_note, entry.collected_at) for fault, freezes in shown]
    if rest:
        problems.append(model.Problem(
            entry.name, entry.where(), f'{len(rest)} more faults like these',
            'more-faults', freezes=rest[0][1], is_note=rest[0][0].is_note,
            collected_at=entry.collected_at))
    return problems


def _rank(pair: tuple[Fault, bool]) -> tuple[bool, bool]:
    fault, freezes = pair
    return not freezes, fault.is_note


def _once_each_note(faults: list[tuple[Fault, bool]]
                    ) -> Iterator[tuple[Fault, bool]]:
    """What is noted of every node, say, is noted once."""
    noted: set[tuple[str, Path]] = set()
    for fault, freezes in faults:
        kind = fault.code, tuple(step for step in fault.path
                                 if isinstance(step, str))
        if not fault.is_note or kind not in noted:
            yield fault, freezes
        if fault.is_note:
            noted.add(kind)


def _of_file(document: Document, faults: list[Fault], freezes: bool
             ) -> list[model.Problem]:
    return [model.Problem(None, _where(document.name, fault), fault.text,
                          fault.code, freezes, fault.is_note)
            for fault in faults]


def _where(name: str, fault: Fault) -> str:
    return f'{name}: {naming.where(fault.path)}' if fault.path else name
