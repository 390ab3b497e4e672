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


"""What a consumer holds once its disk shares are moved. Pure."""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses

from hv_sched import exception
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer

Held = dict[str, dict[str, int]]


class Unmovable(exception.Terminal):
    """This consumer's share cannot be moved; the message says why."""


@dataclasses.dataclass(frozen=True)
class Move:
    """A consumer before and after."""

    before: Consumer
    after: Consumer

    @property
    def changes(self) -> bool:
        return self.before.held != self.after.held

    def leaving_gb(self, provider: str) -> int:
        """DISK_GB that leaves a provider; negative when it arrives."""
        return (self.before.amount(provider, names.DISK_GB)
                - self.after.amount(provider, names.DISK_GB))


def to_volumes(consumer: Consumer, targets: Mapping[str, str | None],
               known_on: str | None = None) -> Move:
    """Move the shares of nodes' own disks to volumes.

    An evacuated server holds a share on its old and its new node; on the
    same volume that is one copy, counted once.

    :param targets: the volume of each node of the cluster, None when
        nothing says which one
    :param known_on: the volume that the server's files are known to be on
    :raises Unmovable: no volume is known for it
    """
    held = _copied(consumer)
    arriving: dict[str, int] = {}
    for node in sorted(held.keys() & targets.keys()):
        amount = held[node].pop(names.DISK_GB, 0)
        if not amount:
            continue
        volume = known_on or targets[node]
        if volume is None:
            raise Unmovable('nothing says which volume is its node\'s home')
        arriving[volume] = max(arriving.get(volume, 0), amount)
    for volume, amount in arriving.items():
        _add(held, volume, amount)
    return _move(consumer, held)


def to_nodes(consumer: Consumer, volumes: Collection[str],
             nodes: Collection[str]) -> Move:
    """Move shares on volumes back to the own disk of the server's node.

    Escrow counts as the share.

    :param nodes: the compute nodes' providers
    :raises Unmovable: it holds nothing on a node, or on several
    """
    held = _copied(consumer)
    on = sorted(held.keys() & set(nodes))
    amount = 0
    for volume in sorted(held.keys() & set(volumes)):
        resources = held[volume]
        if {names.DISK_GB, names.HELD_DISK_GB} <= resources.keys():
            raise Unmovable('it holds a share and its escrow on one volume: '
                            'run "csv heal" first')
        amount += resources.pop(names.DISK_GB, 0)
        amount += resources.pop(names.HELD_DISK_GB, 0)
    if amount and len(on) != 1:
        raise Unmovable(
            f'it has allocations on {len(on)} compute nodes, so it is not '
            f'known whose own disk gets its {amount} GB')
    if amount:
        _add(held, on[0], amount)
    return _move(consumer, held)


def _copied(consumer: Consumer) -> Held:
    return {provider: dict(resources)
            for provider, resources in consumer.held.items()}


def _add(held: Held, provider: str, amount: int) -> None:
    resources = held.setdefault(provider, {})
    resources[names.DISK_GB] = resources.get(names.DISK_GB, 0) + amount


def _move(consumer: Consumer, held: Held) -> Move:
    remaining = {provider: resources for provider, resources in held.items()
                 if resources}
    return Move(consumer, dataclasses.replace(consumer, held=remaining))


def repaired(written: Consumer, now: Consumer | None,
             migration: Consumer | None, dest: str | None,
             dest_volume: str | None) -> Consumer | None:
    """What to write when a move overtook our write, None when none did.

    The write was stale when the server still holds what we wrote although
    its migration took over the same: what Nova claimed on the destination
    was lost. For a move that keeps the flavor that is the same amounts
    again, on the destination.

    :raises Unmovable: the destination or its amounts are not known
    """
    if now is None or migration is None or now.held != written.held:
        return None
    both = {provider for provider in now.held.keys() & migration.held.keys()
            if 'VCPU' in now.held[provider]
            and 'VCPU' in migration.held[provider]}
    if not both:
        return None
    source, = both if len(both) == 1 else (None,)
    if source is None or dest is None or dest == source:
        # The flavor of a resize is returned by Nova only once it is finished.
        raise Unmovable('a move began while it was written, and what it '
                        'needs where is not known yet: when the move is over '
                        'run "csv audit", and "csv heal" for what it lists')
    compute = {rc: amount for rc, amount in now.held[source].items()
               if rc != names.DISK_GB}
    held: Held = {dest: compute}
    if written.disk_gb:
        _add(held, dest_volume or dest, written.disk_gb)
    return dataclasses.replace(now, held=held)
