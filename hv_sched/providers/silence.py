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

"""Nodes that are up and silent about a volume others speak of.

The states of the volumes are read node by node while the cluster changes, so
one answer without a node's is not enough to take it for cut off: what stands
is kept, and it is said. The second answer in a row is.
"""

from collections.abc import Iterator
import dataclasses
import datetime

from hv_sched import model
from hv_sched import windows_names
from hv_sched.model import Section
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.providers import plan_frozen

# The answers in a row it takes.
ANSWERS = 2

_Pair = tuple[str | None, str]


@dataclasses.dataclass(frozen=True)
class _Look:
    """:param cluster: its name
    :param at: when the answer was read from Windows
    :param counts: by volume GUID and node, answers in a row
    """

    cluster: str
    at: datetime.datetime | None
    counts: dict[_Pair, int]


class Silence:
    """What was silent, answer after answer; for one thread."""

    def __init__(self) -> None:
        self._looks: dict[str, _Look] = {}

    def judged(self, facts: model.Facts) -> model.Facts:
        """The facts of a new pass; who was silent for long is cut off."""
        self._forget(facts)
        return dataclasses.replace(facts, clusters=tuple(
            self._judged(cluster) for cluster in facts.clusters))

    def _forget(self, facts: model.Facts) -> None:
        """Clusters that left; one that cannot be read has not.

        One that comes back is counted from the start: till then what stands
        is kept, so a node that is cut off stays so.
        """
        remaining = {cluster.guid for cluster in facts.clusters}
        frozen = plan_frozen.names_of(facts.problems)
        self._looks = {
            guid: look for guid, look in self._looks.items()
            if guid in remaining or None in frozen
            or windows_names.key(look.cluster) in frozen}

    def _judged(self, cluster: model.Cluster) -> model.Cluster:
        look = self._look(cluster)
        self._looks[cluster.guid] = look
        return dataclasses.replace(cluster, volumes=tuple(
            _cut_off(volume, [
                name for name in volume.silent_nodes or ()
                if look.counts[volume.guid, name] >= ANSWERS])
            for volume in cluster.volumes))

    def _look(self, cluster: model.Cluster) -> _Look:
        """The same answer, looked at again, counts once."""
        report = cluster.sections.get(Section.VOLUME_STATES)
        at = report.collected_at if report else None
        former = self._looks.get(cluster.guid, _Look('', None, {}))
        is_new = at is None or at != former.at
        return _Look(cluster.name, at, {
            pair: former.counts.get(pair, 0) + (
                is_new or pair not in former.counts)
            for pair in _pairs(cluster)})


def _pairs(cluster: model.Cluster) -> Iterator[_Pair]:
    return ((volume.guid, name) for volume in cluster.volumes
            for name in volume.silent_nodes or ())


def _cut_off(volume: model.Volume, names: list[str]) -> model.Volume:
    if not names:
        return volume
    return dataclasses.replace(
        volume, cut_off_nodes=(*(volume.cut_off_nodes or ()), *names),
        silent_nodes=tuple(name for name in volume.silent_nodes or ()
                           if name not in names))


def notices(cluster: model.Cluster) -> Iterator[Notice]:
    """One for each volume some node is silent about. Pure."""
    for volume in cluster.volumes:
        if volume.silent_nodes:
            names = ', '.join(volume.silent_nodes)
            yield Notice(
                cluster.name, volume.name, Kind.NOTE,
                f'{names}: up, but nobody tells how it reaches this volume: '
                'what stands of it is kept. The agent takes it for cut off '
                'when the next answer does not tell, either', 'node-silent')
