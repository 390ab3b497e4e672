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


"""What adopting a cluster comes to. Pure: values in, a value out."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import disk_ratio
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import gate
from hv_sched.providers import plan_volume_space
from hv_sched.providers import reserved_space
from hv_sched.providers.layout import Layout
from hv_sched.providers.settings import Settings

Step = changes.Step
# The operator said adopt, with a source that is fresh: the volumes get room
# for the shares of the nodes and stay hidden until all of it is proved.
_EVIDENCE = gate.Evidence(is_told=True, size_agrees=True, is_allowed=True)
# GiB by consumer, for each provider.
Shares = Mapping[str, Mapping[str, int]]


@dataclasses.dataclass(frozen=True)
class Targets:
    """Where shares go.

    :param homes: volume by node; None when nothing says which one
    :param by_server: volume by server, for those whose files are known
    """

    homes: Mapping[str, str | None]
    by_server: Mapping[str, str]

    def of(self, node: str, consumer: str) -> str | None:
        return self.by_server.get(consumer) or self.homes[node]


@dataclasses.dataclass(frozen=True)
class VolumePlan:
    """What a volume gets.

    :param held_gb: by consumer, DISK_GB on it before
    :param arriving_gb: by consumer, what comes from the nodes
    :param merged_gb: counted on several nodes for one copy on this volume
    """

    uuid: str
    name: str
    inventory: Inventory
    held_gb: Mapping[str, int]
    arriving_gb: Mapping[str, int]
    merged_gb: int
    short_gb: int = 0

    @property
    def after_gb(self) -> int:
        return sum(self.held_gb.values()) + sum(self.arriving_gb.values())

    @property
    def before_gb(self) -> int:
        return self.after_gb + self.merged_gb

    def expected_gb(self) -> dict[str, int]:
        """What each consumer should hold on it at the end."""
        amounts = dict(self.held_gb)
        for consumer, amount in self.arriving_gb.items():
            amounts[consumer] = amounts.get(consumer, 0) + amount
        return amounts


@dataclasses.dataclass(frozen=True)
class AdoptPlan:
    """What adopting one cluster comes to.

    :param changes: making the volumes, without publishing them
    :param nodes: GiB of its own disk that servers hold, by node
    :param refusals: why the cluster cannot be adopted as it is
    """

    cluster: str
    changes: tuple[changes.Change, ...]
    nodes: Mapping[str, int]
    volumes: tuple[VolumePlan, ...]
    targets: Targets
    refusals: tuple[Notice, ...] = ()


def targets(layout: Layout) -> Targets:
    """Where the shares of each node, and of each known server, go."""
    return Targets({uuid: _home(layout, node)
                    for uuid, node in layout.nodes.items()}, _known(layout))


def _home(layout: Layout, node: model.Node) -> str | None:
    """A node that is cut off from its home still has its shares there."""
    if len(layout.volumes) == 1:
        return next(iter(layout.volumes))
    return next((uuid for uuid, volume in layout.volumes.items()
                 if volume.guid == node.home), None)


def _known(layout: Layout) -> dict[str, str]:
    """The volume with most of each server's files, where they are listed."""
    volumes = {}
    for vm in layout.cluster.vms or ():
        disks = [(_weight_bytes(disk), uuid) for disk in vm.disks or ()
                 if (uuid := ids.volume_uuid(layout.cluster.guid, disk.volume))
                 in layout.volumes]
        if disks and vm.instance_uuid:
            volumes[vm.instance_uuid] = max(disks)[1]
    return volumes


def _weight_bytes(disk: model.VmDisk) -> int:
    """What a server may come to keep there, as far as it is known."""
    return max(disk.provisioned_bytes or 0, disk.actual_bytes)


def make(layout: Layout, observed: Observed, shares: Shares, targets_: Targets,
         settings: Settings, allow_overcommit: bool) -> AdoptPlan:
    """The plan for one cluster.

    :param shares: DISK_GB by consumer on each node and volume
    """
    arriving, merged, homeless = _arriving(layout, shares, targets_)
    volumes = [uuid for uuid in layout.volumes
               if layout.members[uuid] or arriving.get(uuid)]
    unsized = [uuid for uuid in volumes if _total_gb(
        layout, uuid, observed.providers.get(uuid)) is None]
    plans: list[VolumePlan] = []
    volume_changes: list[changes.Change] = []
    for uuid in volumes:
        if uuid in unsized:
            continue
        volume, additional = _volume(
            layout, observed.providers.get(uuid),
            VolumePlan(uuid, layout.volume_name(uuid), Inventory(0),
                       shares.get(uuid, {}), arriving.get(uuid, {}),
                       merged.get(uuid, 0)), settings)
        plans.append(volume)
        volume_changes += additional
    refusals = [] if allow_overcommit else [
        _short(layout, plan) for plan in plans if plan.short_gb]
    return AdoptPlan(
        layout.cluster.name, tuple(sorted(
            gate.admit_all(volume_changes, lambda change: _EVIDENCE),
            key=lambda change: (change.step, change.name))),
        {node: sum(shares.get(node, {}).values()) for node in layout.nodes},
        tuple(plans), targets_,
        (*refusals, *(_unsized(layout, uuid) for uuid in unsized),
         *(_homeless(layout, node) for node in homeless)))


def _arriving(layout: Layout, shares: Shares, targets_: Targets
              ) -> tuple[dict[str, dict[str, int]], dict[str, int],
                         Sequence[str]]:
    """By volume: what arrives, what was counted twice; and lost nodes."""
    arriving: dict[str, dict[str, int]] = {}
    merged: dict[str, int] = {}
    homeless = set()
    for node in layout.nodes:
        for consumer, amount in shares.get(node, {}).items():
            volume = targets_.of(node, consumer)
            if volume is None:
                homeless.add(node)
                continue
            held = arriving.setdefault(volume, {})
            # An evacuated server is on two nodes and has one copy.
            merged[volume] = merged.get(volume, 0) + min(
                amount, held.get(consumer, 0))
            held[consumer] = max(amount, held.get(consumer, 0))
    return arriving, merged, sorted(homeless)


def _volume(layout: Layout, provider: Provider | None, plan: VolumePlan,
            settings: Settings) -> tuple[VolumePlan, list[changes.Change]]:
    """A volume's inventory as it has to be once the shares are on it."""
    now = provider or Provider(plan.uuid, plan.name, 0, {}, {},
                               frozenset(), frozenset())
    short = _short_gb(layout, now, plan, settings)
    traits = now.traits
    if short and disk_ratio.ratio_before_overcommit(traits) is None:
        traits = traits | {disk_ratio.overcommit_trait(_ratio(now, settings))}
    full = dataclasses.replace(
        now, traits=traits, usages={names.DISK_GB: plan.after_gb},
        shares_gb=plan.expected_gb())
    disk = plan_volume_space.disk_inventory(layout, full, settings)
    volume_changes: list[changes.Change] = []
    if provider is None:
        volume_changes.append(changes.CreateProvider(
            Step.CREATE, plan.uuid, plan.name))
    volume_changes += changes.set_traits(Step.REMEMBER, now, traits)
    after = {**now.inventories, names.DISK_GB: disk,
             names.HELD_DISK_GB: reserved_space.held_inventory()}
    if not plan_volume_space.same_inventories(after, now.inventories):
        volume_changes.append(changes.SetInventories(
            Step.FILL, plan.uuid, plan.name, before=now.inventories,
            after=after))
    return (dataclasses.replace(plan, inventory=disk, short_gb=short),
            volume_changes)


def _ratio(provider: Provider, settings: Settings) -> float:
    """The ratio the volume has, or would be created with."""
    return reserved_space.settled_ratio(
        provider.inventories.get(names.DISK_GB), settings)


def _short_gb(layout: Layout, provider: Provider, plan: VolumePlan,
              settings: Settings) -> int:
    """By how many GiB more is allocated than the volume can hold.

    ``reserved`` gives way to shares, so it does not count.
    """
    disk = provider.inventories.get(names.DISK_GB)
    if disk and disk_ratio.overcommit_traits(provider.traits):
        # Raised already, with consent, but only for what it had then.
        return max(0, plan.after_gb - disk.capacity)
    total = _total_gb(layout, plan.uuid, provider) or 0
    ratio = _ratio(provider, settings)
    if not disk_ratio.is_too_small(total, plan.after_gb, ratio):
        return 0
    return plan.after_gb - int(total * ratio)


def _total_gb(layout: Layout, uuid: str, provider: Provider | None
              ) -> int | None:
    """The size of a volume: of the source, else as it stands."""
    disk = provider.inventories.get(names.DISK_GB) if provider else None
    standing_gb = disk.total if disk else None
    total_gb = layout.volumes[uuid].total_gb
    return standing_gb if total_gb is None else total_gb


def _unsized(layout: Layout, uuid: str) -> Notice:
    return Notice(
        layout.cluster.name, layout.volume_name(uuid), Kind.REFUSED,
        'neither the source nor Placement has its size: adopt it when it is '
        'online', 'size-not-stated')


def _short(layout: Layout, plan: VolumePlan) -> Notice:
    total = plan.inventory.total
    return Notice(
        layout.cluster.name, plan.name, Kind.REFUSED,
        f'over-booked by {plan.short_gb} GB: servers hold {plan.after_gb} '
        f'GB of {total} GB. Move or delete servers, or run with '
        f'--allow-overcommit, which sets its allocation_ratio to '
        f'{disk_ratio.smallest_ratio(total, plan.after_gb):g} until it fits '
        'again', 'overbooked')


def _homeless(layout: Layout, node: str) -> Notice:
    return Notice(
        layout.cluster.name, layout.nodes[node].name, Kind.REFUSED,
        'the volume that holds the files of its servers is not known: set the '
        'home of the node in the source', 'home-not-known')
