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

"""Former GUIDs, by which Placement still has a cluster or a volume. Pure.

An identity that another cluster or volume has is refused: nothing may ever
become two things in one.
"""

import collections
from collections.abc import Iterator
import dataclasses

from hv_sched import model
from hv_sched.sources.overrides.fields import OverrideKind
from hv_sched.sources.overrides.targets import OperatorsWord
from hv_sched.sources.overrides.targets import OverrideTarget

FIELD = 'identity'


def apply(facts: model.Facts, word: OperatorsWord
          ) -> tuple[model.Facts, list[model.Problem]]:
    """The facts by the GUIDs Placement has, and the identities refused."""
    guids = _Guids(facts, word)
    clusters = tuple(
        _renamed(dataclasses.replace(
            cluster, guid=guids.of(_cluster(i), cluster.guid) or cluster.guid),
            [guids.of(_volume(i, j), volume.guid)
             for j, volume in enumerate(cluster.volumes)])
        for i, cluster in enumerate(facts.clusters))
    return dataclasses.replace(facts, clusters=clusters), guids.problems


def _cluster(index: int) -> OverrideTarget:
    return OverrideTarget(OverrideKind.CLUSTER, index)


def _volume(index: int, item: int) -> OverrideTarget:
    return OverrideTarget(OverrideKind.VOLUME, index, item)


class _Guids:
    """Which GUID each cluster and volume is known by.

    :ivar problems: the identities that are refused
    """

    def __init__(self, facts: model.Facts, word: OperatorsWord) -> None:
        self._word = word
        self.problems: list[model.Problem] = []
        uses = collections.Counter(
            (target.kind, guid)
            for target, own in _things(facts)
            for guid in {own, word.on(target).values.get(FIELD)} if guid)
        self._refused: set[OverrideTarget] = set()
        for target, _own in _things(facts):
            words = word.on(target)
            guid = words.values.get(FIELD)
            if guid and uses[target.kind, guid] > 1:
                self._refused.add(target)
                self.problems.append(words.problem(
                    facts.clusters[target.cluster].name,
                    'override-identity-taken', f'identity {guid} is another '
                    f'{target.kind.noun}\'s, too; take the former GUID of '
                    'this one. The line is not in force'))

    def of(self, target: OverrideTarget, own: str | None) -> str | None:
        if target in self._refused:
            return own
        identity: str | None = self._word.on(target).values.get(FIELD)
        return identity or own


def _things(facts: model.Facts
            ) -> Iterator[tuple[OverrideTarget, str | None]]:
    for i, cluster in enumerate(facts.clusters):
        yield _cluster(i), cluster.guid
        for j, volume in enumerate(cluster.volumes):
            yield _volume(i, j), volume.guid


def _renamed(cluster: model.Cluster, guids: list[str | None]
             ) -> model.Cluster:
    """Volumes by other GUIDs, with everything that refers to them."""
    former = {volume.guid: guid for volume, guid
              in zip(cluster.volumes, guids, strict=True)
              if volume.guid and guid and volume.guid != guid}
    volumes = tuple(dataclasses.replace(volume, guid=guid) for volume, guid
                    in zip(cluster.volumes, guids, strict=True))
    if not former:
        return dataclasses.replace(cluster, volumes=volumes)
    return dataclasses.replace(
        cluster, volumes=volumes,
        nodes=tuple(dataclasses.replace(
            node, home=former.get(node.home or '', node.home))
            for node in cluster.nodes),
        vms=None if cluster.vms is None else tuple(
            _moved(vm, former) for vm in cluster.vms))


def _moved(vm: model.Vm, former: dict[str, str]) -> model.Vm:
    if vm.disks is None:
        return vm
    return dataclasses.replace(vm, disks=tuple(
        dataclasses.replace(
            disk, volume=former.get(disk.volume, disk.volume))
        for disk in vm.disks))
