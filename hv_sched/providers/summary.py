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

"""What a list of changes comes to: a line a volume, a line a group of nodes.

Pure. Nodes to which the same happens are counted in one line; what each
single change is, the changes themselves tell.
"""

import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import enum

from hv_sched.features import catalogue
from hv_sched.placement import names
from hv_sched.providers import changes
from hv_sched.providers import layout
from hv_sched.providers import merged_changes
from hv_sched.providers import volume_summary
from hv_sched.providers.merged_changes import MergedChange

_HA = names.HYPERV_PREFIX + 'HA_'
_FEATURES = frozenset((
    *(feature.trait for feature in catalogue.ON_NODE),
    *(catalogue.ha_trait(feature) for feature in catalogue.ON_NODE)))
_OF_DISK = {changes.Step.CLOSE_NODE, changes.Step.OPEN_NODE}
_REMOTEFX = names.remotefx_provider_name('')


class Action(enum.Enum):
    """What happens to a thing: as it will be done, and as it was done."""

    PUBLISH = ('publish', 'published')
    CREATE = ('create', 'created')
    CHANGE = ('change', 'changed')
    HIDE = ('hide', 'hidden')
    WITHDRAW = ('withdraw', 'withdrawn')
    CLOSE = ('close', 'closed')
    OPEN = ('open', 'opened')
    GAIN = ('gain', 'gained')
    LOSE = ('lose', 'lost')
    PAUSE = ('pause', 'paused')
    RESUME = ('resume', 'resumed')
    JOIN = ('join', 'joined')
    LEAVE = ('leave', 'left')
    DESCRIBE = ('describe', 'described')

    @property
    def infinitive(self) -> str:
        return self.value[0]

    @property
    def participle(self) -> str:
        return self.value[1]


@dataclasses.dataclass(frozen=True)
class SummaryLine:
    """One thing, or several to which the same happens.

    :param cluster: its name; empty for what concerns all of them
    :param subjects: names of volumes or nodes, sorted
    :param noun: what they are, in the singular
    :param total_gb: DISK_GB before and after, None where there is none
    :param reserved_gb: the same of what is reserved
    :param details: more that changes, a phrase each
    """

    cluster: str
    subjects: tuple[str, ...]
    noun: str
    action: Action
    total_gb: tuple[int | None, int | None] = (None, None)
    reserved_gb: tuple[int | None, int | None] = (None, None)
    details: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _NodeEvent:
    """What happens to a node; equal events are one line."""

    action: Action
    details: tuple[str, ...] = ()


def of(planned: Iterable[changes.Change], clusters: Mapping[str, str]
       ) -> tuple[SummaryLine, ...]:
    """The lines for changes, volumes before nodes, cluster by cluster.

    :param planned: in the order they are, or were, applied in
    :param clusters: the name of its cluster by a provider's uuid
    """
    everything = tuple(planned)
    by_cluster: dict[str, list[MergedChange]] = collections.defaultdict(list)
    for merged in merged_changes.by_provider(everything):
        by_cluster[clusters.get(merged.uuid, '')].append(merged)
    return (*(line for cluster, its_changes in sorted(by_cluster.items())
              for line in _of_cluster(cluster, its_changes)),
            *_vocabulary(everything))


def _of_cluster(cluster: str, its_changes: list[MergedChange]
                ) -> Iterator[SummaryLine]:
    volumes = {merged.name: merged for merged in its_changes
               if merged.name.startswith(names.VOLUME_NAME_PREFIX)}
    nodes = [merged for merged in its_changes if merged.name not in volumes]
    users = _user_counts(nodes)
    for name in sorted(volumes.keys() | users.keys()):
        yield _volume_line(cluster, name, volumes.get(name), users[name])
    yield from _node_lines(cluster, nodes)


def _volume_line(cluster: str, name: str, merged: MergedChange | None,
                 users: tuple[int, int]) -> SummaryLine:
    plain = names.plain_volume_name(name).removeprefix(f'{cluster}/')
    if merged is None:
        return SummaryLine(cluster, (plain,), 'volume', Action.CHANGE,
                           details=volume_summary.user_details(users))
    return SummaryLine(
        cluster, (plain,), 'volume', _volume_action(merged),
        *volume_summary.sizes_gb(merged),
        volume_summary.details(merged, users))


def _volume_action(merged: MergedChange) -> Action:
    if changes.Step.PUBLISH in merged.steps:
        return Action.PUBLISH
    if merged.is_deleted:
        return Action.WITHDRAW
    if merged.is_created:
        return Action.CREATE
    return Action.HIDE if changes.Step.HIDE in merged.steps else Action.CHANGE


def _user_counts(nodes: Iterable[MergedChange]
                 ) -> dict[str, tuple[int, int]]:
    """Nodes that come to use a volume, and that leave it, by its name."""
    joining: collections.Counter[str] = collections.Counter()
    leaving: collections.Counter[str] = collections.Counter()
    for node in nodes:
        joining.update(_volumes_of(node.gained_aggregates))
        leaving.update(_volumes_of(node.lost_aggregates))
    return collections.defaultdict(
        lambda: (0, 0), {name: (joining[name], leaving[name])
                         for name in joining.keys() | leaving.keys()})


def _volumes_of(labels: Iterable[str]) -> Iterator[str]:
    return (label.removeprefix(layout.USERS_OF) for label in labels
            if label.startswith(layout.USERS_OF))


def _node_lines(cluster: str, nodes: Iterable[MergedChange]
                ) -> Iterator[SummaryLine]:
    grouped: dict[_NodeEvent, list[MergedChange]] = {}
    for node in nodes:
        for event in _events(node):
            grouped.setdefault(event, []).append(node)
    for event in sorted(grouped, key=lambda event: (
            list(Action).index(event.action), event.details)):
        group = grouped[event]
        yield SummaryLine(
            cluster, tuple(sorted(node.name.removesuffix(_REMOTEFX)
                                  for node in group)),
            'node', event.action, _own_disk_gb(event.action, group),
            details=event.details)


def _own_disk_gb(action: Action, nodes: list[MergedChange]
                 ) -> tuple[int | None, int | None]:
    """What the nodes' own disks offer to new servers."""
    if action not in (Action.CLOSE, Action.OPEN):
        return None, None
    size_gb = sum(node.after[names.DISK_GB].total for node in nodes)
    return (size_gb, 0) if action is Action.CLOSE else (0, size_gb)


def _events(node: MergedChange) -> Iterator[_NodeEvent]:
    if node.name.endswith(_REMOTEFX):
        yield _NodeEvent(
            Action.GAIN if node.is_created else
            Action.LOSE if node.is_deleted else Action.CHANGE, ('REMOTEFX',))
        return
    if changes.Step.CLOSE_NODE in node.steps:
        yield _NodeEvent(Action.CLOSE, ('their own disk',))
    if changes.Step.OPEN_NODE in node.steps:
        yield _NodeEvent(Action.OPEN, ('their own disk',))
    yield from _trait_events(node)
    if not node.steps & _OF_DISK:
        yield from _membership(node)


def _membership(node: MergedChange) -> Iterator[_NodeEvent]:
    for labels, action in ((node.gained_aggregates, Action.JOIN),
                           (node.lost_aggregates, Action.LEAVE)):
        if any(label.startswith(layout.NODES_OF) for label in labels):
            yield _NodeEvent(action, ('the cluster',))


def _trait_events(node: MergedChange) -> Iterator[_NodeEvent]:
    gained, lost = node.gained_traits, node.lost_traits
    for traits, action in ((gained, Action.GAIN), (lost, Action.LOSE)):
        if traits & _FEATURES:
            yield _NodeEvent(action, _feature_names(traits & _FEATURES))
    if names.PAUSED in gained:
        yield _NodeEvent(Action.PAUSE, ('nothing new is placed there',))
    if names.PAUSED in lost:
        yield _NodeEvent(Action.RESUME)
    plain = _FEATURES | {names.PAUSED}
    description = (*_builds(gained), *merged_changes.counted(
        len(gained - plain), len(lost - plain), 'trait'))
    if description:
        yield _NodeEvent(Action.DESCRIBE, description)


def _feature_names(traits: frozenset[str]) -> tuple[str, ...]:
    """Without the prefix; those that every failover owner has are marked."""
    plain = {trait.removeprefix(names.HYPERV_PREFIX) for trait in traits
             if not trait.startswith(_HA)}
    survivable = {trait.removeprefix(_HA) for trait in traits
                  if trait.startswith(_HA)}
    if survivable and survivable <= plain:
        lacking = ', '.join(sorted(plain - survivable))
        return (*sorted(plain), 'all survivable' if not lacking
                else f'survivable but {lacking}')
    return (*sorted(plain), *(f'{name} survivable'
                              for name in sorted(survivable)))


def _builds(traits: Iterable[str]) -> Iterator[str]:
    for trait in sorted(traits):
        if trait.startswith(names.BUILD_PREFIX):
            yield f'Windows build {trait.removeprefix(names.BUILD_PREFIX)}'


def _vocabulary(planned: Iterable[changes.Change]) -> Iterator[SummaryLine]:
    created = [change.name for change in planned if isinstance(
        change, (changes.EnsureTrait, changes.EnsureResourceClass))]
    deleted = [change.name for change in planned
               if isinstance(change, changes.DeleteTrait)]
    for these, action in ((created, Action.CREATE),
                          (deleted, Action.WITHDRAW)):
        if these:
            yield SummaryLine('', tuple(sorted(these)), 'name', action,
                              details=('traits and resource classes',))
