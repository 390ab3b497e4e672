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

"""What each entry of the overrides is about, in the facts of a source."""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import NamedTuple

from hv_sched import model
from hv_sched import windows_names
from hv_sched.sources import naming
from hv_sched.sources.overrides import fields
from hv_sched.sources.overrides.fields import OverrideKind
from hv_sched.sources.overrides.form import OverrideEntry
from hv_sched.sources.overrides.form import Overrides

# What lists the things of a kind.
_SECTIONS = {OverrideKind.NODE: model.Section.NODES,
             OverrideKind.VOLUME: model.Section.VOLUMES}
_FIELDS = {kind: [field.name for field in of_kind]
           for kind, of_kind in fields.FIELDS.items()}


class OverrideTarget(NamedTuple):
    """A cluster, node or volume.

    :param cluster: place among the clusters
    :param item: place among its nodes or volumes, or among what is set
        aside; 0 for the cluster itself
    """

    kind: OverrideKind
    cluster: int
    item: int = 0
    is_set_aside: bool = False


@dataclasses.dataclass(frozen=True)
class Word:
    """The operator's word on one thing.

    :param is_whole: what it does not say means the default; otherwise it is
        not known, and what stands is kept
    :param doubted: fields of entries that name nothing there is, and may have
        been meant for this
    """

    values: Mapping[str, Any]
    is_whole: bool
    entry: OverrideEntry | None = None
    doubted: frozenset[str] = frozenset()

    def is_told(self, field: str) -> bool:
        """Whether the operator's silence about a field means its default."""
        return self.is_whole and field not in self.doubted

    def problem(self, cluster: str, code: str, message: str,
                is_note: bool = False) -> model.Problem:
        """What of this word is not in force, or is only said."""
        entry = self.entry
        where, label = (entry.where, entry.label) if entry else ('', '')
        return model.Problem(cluster, where, f'{label}: {message}', code,
                             freezes=False, is_note=is_note)


class OperatorsWord:
    """The overrides, looked up by what they are about.

    :ivar problems: entries that are not in force
    """

    def __init__(self, facts: model.Facts, overrides: Overrides) -> None:
        self._clusters = facts.clusters
        self._frozen = {windows_names.key(problem.cluster)
                        for problem in facts.problems
                        if problem.freezes and problem.cluster}
        self._absence = (
            'is in no cluster of the source that can be used; ' if any(
                problem.freezes for problem in facts.problems)
            else 'is not in the source; ')
        self._called: dict[tuple[OverrideKind, str], list[
            OverrideTarget]] = collections.defaultdict(list)
        for target, labels in _labels(facts.clusters):
            for label in labels:
                self._called[target.kind, label].append(target)
        self._is_complete = overrides.is_complete
        self._entries: dict[OverrideTarget, list[OverrideEntry]] = {}
        self._ambiguous: set[OverrideTarget] = set()
        self._unmatched: list[OverrideEntry] = []
        self.problems: list[model.Problem] = []
        for entry in overrides.entries:
            self._add(entry)
        for target, entries in self._entries.items():
            if len(entries) > 1:
                self._refuse_all(target, entries)

    def on(self, target: OverrideTarget) -> Word:
        entries = self._entries.get(target, [])
        if target in self._ambiguous or len(entries) > 1 or any(
                entry.is_faulty for entry in entries):
            return Word({}, is_whole=False)
        if entries:
            return Word(entries[0].values, self._is_complete, entries[0])
        return Word({}, self._is_complete, doubted=self._doubted(target))

    def _doubted(self, target: OverrideTarget) -> frozenset[str]:
        """What entries say that name nothing: this may be what they mean.

        Its name was mistyped, or it has another one since.
        """
        cluster = self._clusters[target.cluster]
        return frozenset(
            field for entry in self._unmatched if entry.kind is target.kind
            and self._may_be_in(entry.cluster, cluster)
            for field in (_FIELDS[entry.kind] if entry.is_faulty
                          else entry.values))

    def _may_be_in(self, label: str | None, cluster: model.Cluster) -> bool:
        """Whether a name or GUID of a cluster, or none, may mean this one."""
        if label is None or is_cluster(cluster, label):
            return True
        return windows_names.key(label) not in self._frozen and not any(
            is_cluster(other, label) for other in self._clusters)

    def _add(self, entry: OverrideEntry) -> None:
        targets = list(self._matching(entry))
        if len(targets) == 1:
            self._entries.setdefault(targets[0], []).append(entry)
        elif targets:
            self._ambiguous.update(targets)
            clusters = naming.shown_list(
                self._clusters[target.cluster].name for target in targets)
            self._refuse(entry, f'is in the clusters {clusters}; say which '
                         'one with cluster, or give the guid',
                         'override-ambiguous')
        elif not self._is_uncollected(entry):
            self._unmatched.append(entry)
            self._refuse(entry, self._absence + self._meant(entry),
                         'override-of-unknown')

    def _meant(self, entry: OverrideEntry) -> str:
        labels = _keys(entry.name, entry.guid)
        if len(labels) > 1 and all(
                (entry.kind, label) in self._called for label in labels):
            return 'its name and its guid are not of one thing'
        return naming.suggestion(entry.name or str(entry.guid),
                                 self._names(entry), entry.kind.value)

    def _refuse_all(self, target: OverrideTarget,
                    entries: list[OverrideEntry]) -> None:
        places = ' and '.join(entry.where for entry in entries)
        self.problems.append(_problem(
            entries[0].where, f'{entries[0].label} is at {places}; keep one. '
            'Neither is in force; what stands is kept', 'override-twice',
            self._clusters[target.cluster].name))

    def _refuse(self, entry: OverrideEntry, reason: str, code: str) -> None:
        self.problems.append(_problem(
            entry.where, f'{entry.label} {reason}. This entry is not in '
            'force', code))

    def _matching(self, entry: OverrideEntry) -> Iterator[OverrideTarget]:
        """What has the entry's name and GUID, of those it gives."""
        labels = _keys(entry.name, entry.guid)
        targets = [self._called.get((entry.kind, label), [])
                   for label in labels]
        for target in targets[0]:
            if all(target in others for others in targets[1:]) and (
                    entry.cluster is None or is_cluster(
                        self._clusters[target.cluster], entry.cluster)):
                yield target

    def _is_uncollected(self, entry: OverrideEntry) -> bool:
        """Whether it may be about something that is not listed now, for the
        list could not be collected.
        """
        return any(
            not _listed(cluster, entry.kind) and (
                report := cluster.sections.get(_SECTIONS[entry.kind])
            ) is not None and bool(report.error)
            for cluster in self._clusters if entry.kind in _SECTIONS
            and (entry.cluster is None or is_cluster(cluster, entry.cluster)))

    def _names(self, entry: OverrideEntry) -> list[str]:
        if entry.kind is OverrideKind.CLUSTER:
            return [cluster.name for cluster in self._clusters]
        return [item.name for cluster in self._clusters
                for item in _listed(cluster, entry.kind)]


def is_cluster(cluster: model.Cluster, label: str) -> bool:
    """Whether a name or GUID is a cluster's."""
    return (windows_names.key(label) == windows_names.key(cluster.name)
            or naming.normal_guid(label) == cluster.guid)


def _labels(clusters: Iterable[model.Cluster]
            ) -> Iterator[tuple[OverrideTarget, list[str]]]:
    """Each thing with its name, as Windows compares it, and its GUID."""
    for index, cluster in enumerate(clusters):
        yield (OverrideTarget(OverrideKind.CLUSTER, index),
               _keys(cluster.name, cluster.guid))
        for kind in (OverrideKind.NODE, OverrideKind.VOLUME):
            for i, item in enumerate(_listed(cluster, kind)):
                yield OverrideTarget(kind, index, i), _keys(
                    item.name, getattr(item, 'guid', None))
        for i, aside in enumerate(cluster.set_aside):
            if aside.kind is not model.ItemKind.VM:
                yield (OverrideTarget(OverrideKind(f'{aside.kind.value}s'),
                                      index, i, is_set_aside=True),
                       _keys(aside.name, aside.guid))


def _keys(name: str | None, guid: str | None) -> list[str]:
    labels = [windows_names.key(name)] if name else []
    return labels + ([guid] if guid else [])


def _listed(cluster: model.Cluster, kind: OverrideKind
            ) -> Iterable[model.Node | model.Volume]:
    return cluster.nodes if kind is OverrideKind.NODE else cluster.volumes


def _problem(where: str, message: str, code: str, cluster: str | None = None
             ) -> model.Problem:
    return model.Problem(cluster, where, message, code, freezes=False)
