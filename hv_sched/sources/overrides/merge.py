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

"""The operator's word, put on the facts of a source. Pure.

What only an operator decides is theirs: overrides go before the source, and
what neither says is the default where the overrides are read whole. Where
they are not, what stands in Placement is kept. Of a thing's health overrides
only narrow what Windows states.
"""

from collections.abc import Iterable
import dataclasses
from typing import Any

from hv_sched import model
from hv_sched import windows_names
from hv_sched.sources import naming
from hv_sched.sources.overrides import homes
from hv_sched.sources.overrides import identity
from hv_sched.sources.overrides.fields import OverrideKind
from hv_sched.sources.overrides.form import Overrides
from hv_sched.sources.overrides.targets import OperatorsWord
from hv_sched.sources.overrides.targets import OverrideTarget
from hv_sched.sources.overrides.targets import Word

# The operator's default of a medium: no trait of ours.
NO_MEDIUM = 'unspecified'
# None: there is no default, what stands is kept.
_DEFAULTS: dict[OverrideKind, dict[str, Any]] = {
    OverrideKind.CLUSTER: {'placement_chooses_volume': False},
    OverrideKind.NODE: {'home': None, 'remotefx_enabled': False},
    OverrideKind.VOLUME: {'reserve_gb': 0, 'medium': NO_MEDIUM,
                          'floor_percent': model.AS_CONFIGURED,
                          'floor_gb': model.AS_CONFIGURED,
                          'accepts_new_disks': True}}
# What of these keeps servers off is believed of a source at any time.
_NARROW = {'remotefx_enabled': False, 'accepts_new_disks': False}
# By field, how far each value keeps servers off.
_HEALTH: dict[OverrideKind, dict[str, dict[Any, int]]] = {
    OverrideKind.CLUSTER: {},
    OverrideKind.NODE: {'state': {
        model.NodeState.UP: 0, model.NodeState.PAUSED: 1,
        model.NodeState.DRAINING: 1, model.NodeState.DOWN: 2}},
    OverrideKind.VOLUME: {'maintenance': {False: 0, True: 1}}}


def apply(facts: model.Facts, overrides: Overrides) -> model.Facts:
    """The facts as the operator wants them taken.

    What of the overrides is not in force is a problem that freezes nothing.
    """
    word = OperatorsWord(facts, overrides)
    facts, refused = identity.apply(facts, word)
    merges = [_ClusterMerge(cluster, i, word)
              for i, cluster in enumerate(facts.clusters)]
    clusters = tuple(merge.merged() for merge in merges)
    standalone, contradictions = _standalone(clusters, overrides)
    return dataclasses.replace(
        facts, clusters=clusters, standalone=standalone,
        problems=(*facts.problems, *overrides.problems, *word.problems,
                  *refused, *contradictions,
                  *(problem for merge in merges
                    for problem in merge.problems)),
        decisions=tuple(decision for merge in merges
                        for decision in merge.decisions))


def _standalone(clusters: Iterable[model.Cluster], overrides: Overrides
                ) -> tuple[tuple[str, ...], list[model.Problem]]:
    """Nodes that are in no cluster on purpose, nor in the source."""
    owners = {windows_names.key(name): cluster.name
              for cluster in clusters
              for name in (*(node.name for node in cluster.nodes),
                           *(aside.name for aside in cluster.set_aside))
              if name}
    problems = [model.Problem(
        owners[windows_names.key(name)], 'overrides: standalone',
        f'node {naming.shown(name)} is in this cluster by the source, which '
        'counts; take it out of standalone', freezes=False,
        code='override-standalone-in-cluster')
        for name in overrides.standalone
        if windows_names.key(name) in owners]
    return tuple(dict.fromkeys(
        name for name in overrides.standalone
        if windows_names.key(name) not in owners)), problems


class _ClusterMerge:
    """One cluster with the operator's word on it.

    :ivar problems: what of the overrides is not in force
    :ivar decisions: who decided what
    """

    def __init__(self, cluster: model.Cluster, index: int,
                 word: OperatorsWord) -> None:
        self._cluster = cluster
        self._index = index
        self._word = word
        self.problems: list[model.Problem] = []
        self.decisions: list[model.Decision] = []

    def merged(self) -> model.Cluster:
        cluster: model.Cluster = self._item(
            OverrideKind.CLUSTER, 0, self._cluster)
        volumes = [self._item(OverrideKind.VOLUME, i, volume)
                   for i, volume in enumerate(self._cluster.volumes)]
        nodes = [self._node(i, node)
                 for i, node in enumerate(self._cluster.nodes)]
        aside = [self._set_aside(i, item)
                 for i, item in enumerate(self._cluster.set_aside)]
        return dataclasses.replace(
            cluster, volumes=tuple(volumes),
            nodes=tuple(node for node in nodes
                        if isinstance(node, model.Node)),
            set_aside=(*aside, *(node for node in nodes
                                 if isinstance(node, model.SetAside))))

    def _node(self, index: int, node: model.Node
              ) -> model.Node | model.SetAside:
        """A node whose servers are on no volume is set aside."""
        word = self._word.on(
            OverrideTarget(OverrideKind.NODE, self._index, index))
        aside = homes.set_aside(node, word, self._cluster)
        if aside:
            self.problems.append(aside[1])
            self._record(OverrideKind.NODE, node, homes.HOME,
                         word.values[homes.HOME], model.Origin.OVERRIDES)
            return aside[0]
        word, problem = homes.resolve(word, self._cluster)
        self.problems += [problem] if problem else []
        merged: model.Node = self._item(OverrideKind.NODE, index, node, word)
        return merged

    def _item(self, kind: OverrideKind, index: int, item: Any,
              word: Word | None = None) -> Any:
        word = word or self._word.on(
            OverrideTarget(kind, self._index, index))
        changes = {}
        for field, default in _DEFAULTS[kind].items():
            changes[field], origin = _decide(
                word, field, getattr(item, field), default)
            self._record(kind, item, field, changes[field], origin)
        if kind is OverrideKind.VOLUME:
            changes['is_closing_unknown'] = not word.is_told(
                'accepts_new_disks')
        if identity.FIELD in word.values:
            self._record(kind, item, identity.FIELD, item.guid,
                         model.Origin.OVERRIDES)
        for field, ranks in _HEALTH[kind].items():
            changes[field], origin = self._narrowed(
                word, item, field, ranks)
            self._record(kind, item, field, changes[field], origin)
        return dataclasses.replace(item, **changes)

    def _narrowed(self, word: Word, item: Any, field: str,
                  ranks: dict[Any, int]) -> tuple[Any, model.Origin]:
        """What Windows states, or what keeps servers off more than that."""
        source = getattr(item, field)
        if field in word.values:
            value = word.values[field]
            if ranks[value] > ranks.get(source, 0):
                return value, model.Origin.OVERRIDES
            if ranks[value] < ranks.get(source, 1):
                self.problems.append(self._widens(word, field, value, source))
        elif not word.is_told(field) and ranks.get(source) == 0:
            return None, model.Origin.PLACEMENT
        return source, _origin(source)

    def _widens(self, word: Word, field: str, value: Any, source: Any
                ) -> model.Problem:
        windows = ('says nothing of it' if source is None
                   else f'has {_shown(source)}')
        return word.problem(
            self._cluster.name, 'override-widens', f'{field}: '
            f'{_shown(value)} would open it, and the source {windows}; '
            'overrides only narrow. The line is not in force')

    def _set_aside(self, index: int, item: model.SetAside) -> model.SetAside:
        """Of what is set aside, only what narrows can be believed."""
        if item.kind is model.ItemKind.VM:
            return item
        values = self._word.on(OverrideTarget(
            OverrideKind(f'{item.kind.value}s'), self._index, index,
            is_set_aside=True)).values
        changes: dict[str, Any] = {}
        if values.get('state', model.NodeState.UP) is not model.NodeState.UP:
            changes['node_state'] = item.node_state or values['state']
        if values.get('maintenance'):
            changes['maintenance'] = True
        if values.get('accepts_new_disks') is False:
            changes['accepts_new_disks'] = False
        return dataclasses.replace(item, **changes)

    def _record(self, kind: OverrideKind, item: Any, field: str, value: Any,
                origin: model.Origin) -> None:
        name = '' if kind is OverrideKind.CLUSTER else item.name
        self.decisions.append(model.Decision(
            self._cluster.name, kind.noun, name, field, value, origin))


def _decide(word: Word, field: str, source: Any, default: Any
            ) -> tuple[Any, model.Origin]:
    """A fact that is the operator's, and whose word it is now."""
    if field in word.values:
        return word.values[field], model.Origin.OVERRIDES
    if not word.is_told(field) and source != _NARROW.get(field, _NOTHING):
        return None, model.Origin.PLACEMENT
    if source is None and default is not None:
        return default, model.Origin.DEFAULT
    return source, _origin(source)


_NOTHING = object()


def _origin(source: Any) -> model.Origin:
    return (model.Origin.PLACEMENT if source is None
            else model.Origin.SOURCE)


def _shown(value: Any) -> str:
    return str(getattr(value, 'value', value)).lower()
