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

"""A node's RemoteFX adapters: a child provider of its own. Pure.

Not resource class VGPU: a stock flavor with ``resources:VGPU=1`` would land
there. A child of the compute node survives nova-compute's updates, extra
classes on the node's own provider do not.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses

from hv_sched import features
from hv_sched import model
from hv_sched.features import remotefx
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import ownership
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes

Step = changes.Step


def inventories(node: model.Node) -> dict[str, Inventory]:
    """What the child has to give; empty when there is nothing.

    Video memory is given in the sizes a server can ask for. The number of
    adapters is what fits at the smallest size, so that video memory, the
    finite thing, is what runs out. An adapter lives on one card: no server
    may ask for more than the largest card has, whatever all have together.

    Placement knows the sum, not the card: with several cards, two halves of
    different ones can look like room for a whole.
    """
    cards = [card.total_vram_mb // remotefx.MIN_VRAM_MB
             for card in node.gpus or ()]
    adapters = sum(cards)
    if not adapters or not features.REMOTEFX.rule(node):
        return {}
    largest_mb = max(cards) * remotefx.MIN_VRAM_MB
    return {
        names.REMOTEFX_ADAPTER: Inventory(adapters, max_unit=1),
        names.REMOTEFX_VRAM_MB: Inventory(
            adapters * remotefx.MIN_VRAM_MB, min_unit=remotefx.MIN_VRAM_MB,
            step_size=remotefx.MIN_VRAM_MB,
            max_unit=max(size for size in remotefx.VRAM_SIZES_MB
                         if size <= largest_mb))}


def traits(node: model.Node) -> frozenset[str]:
    """The traits of the child."""
    assert node.build is not None
    return remotefx.traits(node.build) | {features.REMOTEFX.trait}


def plan(node: model.Node, parent: Provider, child: Provider | None
         ) -> tuple[list[changes.Change], list[str]]:
    """The changes for a node's child, and why something is not done.

    :param parent: the node's own provider
    :param child: None when there is none
    """
    if features.REMOTEFX.rule(node) is None:
        return [], []  # the source does not say: as it was
    desired = inventories(node)
    if not desired:
        return _withdraw(child) if child else ([], [])
    name = names.remotefx_provider_name(parent.name)
    planned: list[changes.Change] = []
    if child is None:
        child = Provider(ids.remotefx_uuid(parent.uuid), name, 0, {}, {},
                         frozenset(), frozenset())
        planned.append(changes.CreateProvider(
            Step.CREATE, child.uuid, name, parent_uuid=parent.uuid))
    fitted, reasons = clamp(desired, child)
    planned += _hide(child) if reasons else ()
    planned += _fill(child, fitted)
    planned += () if reasons else _show(child, traits(node))
    return planned, reasons


def _show(child: Provider, desired: frozenset[str]
          ) -> Iterable[changes.Change]:
    return changes.set_traits(
        Step.MARK, child,
        child.traits - ownership.child_traits(child.traits) | desired)


def _hide(child: Provider) -> Iterable[changes.Change]:
    """Nothing new comes while servers hold more than the node shows.

    That the child is exactly full is not enough: what the first server that
    leaves had would be offered until the next pass.
    """
    return changes.set_traits(
        Step.STRIP, child, child.traits - {features.REMOTEFX.trait})


def _fill(child: Provider, desired: Mapping[str, Inventory]
          ) -> Iterable[changes.Change]:
    after = {**child.inventories, **desired}
    if after != dict(child.inventories):
        yield changes.SetInventories(
            Step.FILL, child.uuid, child.name, before=child.inventories,
            after=after)


def clamp(desired: Mapping[str, Inventory], child: Provider
          ) -> tuple[dict[str, Inventory], list[str]]:
    """Never less than servers hold; what is missing is said.

    The provider is then exactly full, and the servers on it can still be
    moved: Placement checks what a rewritten allocation leaves no room for.
    """
    fitted = {rc: _fit(inventory, child.inventories.get(rc), child.used(rc))
              for rc, inventory in desired.items()}
    reasons = [
        f'{child.name}: the node shows {desired[rc].total} {rc}, but servers '
        f'hold {fitted[rc].total}: kept at that until they leave'
        for rc in desired if fitted[rc].total != desired[rc].total]
    return fitted, reasons


def _fit(desired: Inventory, before: Inventory | None, used: int
         ) -> Inventory:
    """Room for what is held, also for the largest single holder.

    Placement checks max_unit on every rewrite of an allocation: a smaller
    one would refuse the moves of a server that has more. How much one server
    holds is not known here; it is no more than all do, nor than it could
    ask for.
    """
    largest = min(used, before.max_unit) if before else 0
    return dataclasses.replace(
        desired, total=max(desired.total, used),
        max_unit=max(desired.max_unit, largest))


def _withdraw(child: Provider) -> tuple[list[changes.Change], list[str]]:
    """No GPU any more: closed while servers hold it, then gone."""
    if not any(child.usages.values()):
        our_traits = ownership.child_traits(child.traits)
        hidden: list[changes.Change] = []
        if our_traits:
            hidden.append(changes.SetTraits(
                Step.STRIP, child.uuid, child.name, before=child.traits,
                after=child.traits - our_traits))
        return [*hidden, changes.DeleteProvider(
            Step.DELETE, child.uuid, child.name)], []
    full = {rc: dataclasses.replace(inventory, reserved=0, total=max(
        1, child.used(rc))) for rc, inventory in child.inventories.items()}
    held = ', '.join(f'{used} {rc}' for rc, used in sorted(
        child.usages.items()) if used)
    return [*_hide(child), *_fill(child, full)], [
        f'{child.name}: the node shows no RemoteFX any more, but servers '
        f'hold {held}: closed until they leave']
