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

"""What no two clusters may have in common.

A node, a volume, a name and a GUID belong to one cluster. Where two claim
the same, neither can be believed, so both are left out. A cluster that is
invalid for another reason claims what can still be read of it: its nodes
must not go to another cluster because of a typing error elsewhere.
"""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime
from typing import Any

from hv_sched import drivers
from hv_sched import windows_names
from hv_sched.sources import naming
from hv_sched.sources.fault import Cost
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path


@dataclasses.dataclass(frozen=True)
class Entry:
    """A cluster as a file has it, whatever is in it.

    :param file: the name of the file
    :param index: its place in the file's list of clusters
    :param version: of the form it is in
    :param collected_at: when the file was read from Windows
    :param resource_ids: the GUIDs of cluster resources in the file
    :param faults: what reading it left out
    """

    file: str
    index: int
    raw: Any
    version: int
    collected_at: datetime.datetime | None = None
    resource_ids: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()

    @property
    def name(self) -> str | None:
        name = _text(self.raw, 'name')
        return name or None

    def where(self, path: Path = ()) -> str:
        """The place, ``clusters.yaml: clusters[0].guid``."""
        return f'{self.file}: ' + naming.where(
            ('clusters', self.index, *path))


@dataclasses.dataclass(frozen=True)
class _Claim:
    entry: Entry
    path: Path
    text: str


_REMEDIES = {
    'cluster': 'give each cluster its own name',
    'cluster GUID': 'one cluster is described twice, or a GUID is copied',
    'node': 'a node belongs to one cluster: remove it from the other',
    'volume GUID': 'a volume belongs to one cluster: {guid_remedy}',
}


def conflicts(entries: list[Entry]) -> Iterator[tuple[Entry,
                                                      Fault]]:
    """What two clusters both claim, told once for each of the two."""
    by_claim: dict[tuple[str, str], list[_Claim]] = (
        collections.defaultdict(list))
    for entry in entries:
        for kind, claimed, claim in _claims(entry):
            by_claim[kind, claimed].append(claim)
    for (kind, _), claims in by_claim.items():
        yield from _conflict(kind, claims)


def _conflict(kind: str, claims: list[_Claim]) -> Iterator[
        tuple[Entry, Fault]]:
    first = claims[0]
    other = next((claim for claim in claims
                  if claim.entry is not first.entry), None)
    if other is None:
        return
    for claim in claims:
        rival = other if claim.entry is first.entry else first
        driver = drivers.stated(claim.entry.raw.get('driver'))
        remedy = _REMEDIES[kind].format(
            guid_remedy=(driver or drivers.of(None)).guid_remedy)
        yield claim.entry, Fault(
            claim.path,
            f'{kind} {claim.text!r} is also at '
            f'{rival.entry.where(rival.path)}, in cluster '
            f'{rival.entry.name!r}; {remedy}. Both clusters '
            'are left as they are until then', 'claimed-twice', Cost.CLUSTER)


def _claims(entry: Entry) -> Iterator[tuple[str, str, _Claim]]:
    for kind, path, text in _texts(entry.raw):
        guid = naming.normal_guid(text)
        claimed = guid if kind.endswith('GUID') else windows_names.key(text)
        if claimed:
            yield kind, claimed, _Claim(entry, path, text)


def _texts(raw: Any) -> Iterable[tuple[str, Path, str]]:
    yield 'cluster', ('name',), _text(raw, 'name')
    yield 'cluster GUID', ('guid',), _text(raw, 'guid')
    yield 'cluster GUID', ('identity',), _text(raw, 'identity')
    for i, node in enumerate(_list(raw, 'nodes')):
        yield 'node', ('nodes', i, 'name'), _text(node, 'name')
    for i, volume in enumerate(_list(raw, 'volumes')):
        for field in ('guid', 'identity'):
            yield 'volume GUID', ('volumes', i, field), _text(volume, field)


def _text(raw: Any, field: str) -> str:
    value = raw.get(field) if isinstance(raw, dict) else None
    return value if isinstance(value, str) else ''


def _list(raw: Any, field: str) -> list[Any]:
    value = raw.get(field) if isinstance(raw, dict) else None
    return value if isinstance(value, list) else []
