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

"""From what nodes answered to a document of schema version 2. Pure.

Nothing is decided here that the document's own checks decide: a GUID that
two clusters claim, a node of no name, a size that cannot be.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime
from typing import Any

from hv_sched import exception
from hv_sched import windows_names
from hv_sched.sources import missing_lists
from hv_sched.sources import naming
from hv_sched.sources.windows import machines
from hv_sched.sources.windows import nodes
from hv_sched.sources.windows import raw
from hv_sched.sources.windows import terms
from hv_sched.sources.windows import volumes
from hv_sched.sources.windows.raw import Answer
from hv_sched.sources.windows.raw import Failure
from hv_sched.sources.windows.raw import Row

Raw = dict[str, Any]

_NEVER = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
# Sections of a document that a section of an answer bears under its name.
_OWN_SECTIONS = ('host', 'guarded', 'remotefx', 'files')


@dataclasses.dataclass(frozen=True)
class ClusterAnswers:
    """What is known of one cluster: its own answers and those of each of its
    nodes, both newest first."""

    guid: str
    answers: tuple[Answer, ...]
    by_node: dict[str, tuple[Answer, ...]]

    def rows(self, section: str) -> tuple[Row, ...] | None:
        """The newest rows; None when no node told any."""
        return next((answer.rows[section] for answer in self.answers
                     if section in answer.rows), None)

    def reports(self) -> Iterator[tuple[str, Raw]]:
        """How each section of the cluster came, where it was asked for."""
        for section in raw.PARTS[raw.CLUSTER]:
            report = next(
                (_report(answer, section) for answer in self.answers
                 if section in answer.rows), None) or next(
                (report for answer in self.answers
                 if (report := _report(answer, section))), None)
            if report:
                yield section, report


def document(answers: Iterable[Answer]) -> Raw:
    """The document of all answers together.

    :raises InvalidFacts: no answer says which cluster it is of
    """
    answers = tuple(answers)
    clusters = list(by_cluster(answers))
    if not clusters:
        names = naming.shown_list(sorted({answer.node for answer in answers}))
        raise exception.InvalidFacts(
            'no node reports the GUID of its cluster (Get-Cluster): '
            f'{names or "the text has no answer"}. Run the collector on a '
            'node whose cluster service is up')
    return {'version': 2, 'clusters': [_cluster(of) for of in clusters]}


def by_cluster(answers: Iterable[Answer]) -> Iterator[ClusterAnswers]:
    """The answers of each cluster, with those of the nodes it lists."""
    newest_first = sorted(answers, key=_time, reverse=True)
    of_cluster: dict[str, list[Answer]] = {}
    for answer in newest_first:
        guid = guid_of(answer)
        if guid:
            of_cluster.setdefault(guid, []).append(answer)
    own: dict[str, list[Answer]] = {}
    for answer in newest_first:
        if answer.part == raw.NODE:
            own.setdefault(windows_names.key(answer.node), []).append(answer)
    for guid, told in sorted(of_cluster.items()):
        yield ClusterAnswers(guid, tuple(told), _of_its_nodes(told, own))


def _time(answer: Answer) -> datetime.datetime:
    return answer.collected_at or _NEVER


def guid_of(answer: Answer) -> str | None:
    """The GUID of the cluster an answer is about; None when it says none."""
    if answer.part != raw.CLUSTER:
        return None
    row = next(iter(answer.rows.get('cluster', ())), {})
    return naming.normal_guid(row.get('id') or '')


def _of_its_nodes(told: list[Answer], own: dict[str, list[Answer]]
                  ) -> dict[str, tuple[Answer, ...]]:
    names = {windows_names.key(row.get('name') or '') for answer in told
             for row in answer.rows.get('nodes', ())}
    return {name: tuple(answers) for name, answers in own.items()
            if name in names}


def newest(answers: Iterable[Answer], section: str) -> Answer | None:
    """The newest answer that says anything of a section, also why not.

    What a node was not asked this time is what it said before.

    :param answers: of one node, newest first
    """
    return next((answer for answer in answers if section in answer.rows
                 or section in answer.failures), None)


def _cluster(of: ClusterAnswers) -> Raw:
    row = next(iter(of.rows('cluster') or ()), {})
    node_rows = of.rows('nodes')
    volume_rows = of.rows('volumes')
    described: Raw = {'guid': of.guid, 'name': row.get('name'),
                      'functional_level': terms.number(
                          row.get('functional_level')),
                      'sections': dict(of.reports())}
    if node_rows is not None:
        described['nodes'] = [_node(each, of) for each in node_rows]
    if volume_rows is not None:
        described['volumes'] = _volumes(of, volume_rows)
    groups = of.rows('groups')
    if groups is not None:
        guids = _guids(volume_rows or ())
        described['vms'] = machines.machines(
            groups, _files(of, guids), guids)
    return {field: value for field, value in described.items()
            if value is not None}


def _node(row: Row, of: ClusterAnswers) -> Raw:
    answers = of.by_node.get(windows_names.key(row.get('name') or ''), ())
    described = nodes.node(row, _newest_rows(answers))
    if answers:
        described['sections'] = {
            section: report for section in _OWN_SECTIONS
            if (answer := newest(answers, section))
            and (report := _report(answer, section))}
    return described


def _newest_rows(answers: tuple[Answer, ...]
                 ) -> dict[str, tuple[Row, ...]]:
    """Of each section the newest rows, unless it failed since."""
    sections = {section for answer in answers for section in answer.rows}
    return {section: answer.rows[section] for section in sections
            if (answer := newest(answers, section))
            and section in answer.rows}


def _volumes(of: ClusterAnswers, rows: tuple[Row, ...]) -> list[Raw]:
    listed = _files(of, _guids(rows))
    described = volumes.volumes(rows, of.rows('volume_states'),
                                nodes.up(of.rows('nodes') or ()))
    for volume in described:
        if 'guid' in volume:
            volume.update(machines.image_cache(volume['guid'], listed))
    return described


def _guids(rows: Iterable[Row]) -> frozenset[str]:
    return frozenset(guid for row in rows
                     if (guid := volumes.guid_of(row.get('volume'))))


def _files(of: ClusterAnswers, guids: frozenset[str]) -> machines.Files:
    told = sorted((answer for answers in of.by_node.values()
                   if (answer := newest(answers, 'files'))
                   and 'files' in answer.rows), key=_time, reverse=True)
    return machines.files((answer.rows['files'] for answer in told), guids)


def _report(answer: Answer, section: str) -> Raw | None:
    """None when it was not asked for, or nobody has the right to it.

    Without the lists of nodes and volumes nothing is known of them: there
    the missing right is a failure, too.
    """
    if section in answer.rows:
        return _dated(answer, {})
    failure: Failure | None = answer.failures.get(section)
    if failure is None or section not in missing_lists.KINDS and (
            failure.is_denied or failure.is_missing):
        return None
    return _dated(answer, {'error': failure.text})


def _dated(answer: Answer, report: Raw) -> Raw:
    if answer.collected_at is not None:
        report['collected_at'] = answer.collected_at.isoformat()
    return report
