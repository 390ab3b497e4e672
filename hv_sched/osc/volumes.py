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

"""``csv list`` and ``csv show``."""

import argparse
from collections.abc import Mapping
import dataclasses
from typing import Any

from osc_lib.command import command
from oslo_config import cfg

from hv_sched import exception
from hv_sched import model
from hv_sched import parallel
from hv_sched import windows_names
from hv_sched.osc import base
from hv_sched.osc import format_columns
from hv_sched.placement import bulk_read
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import node_capacity
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Provider
from hv_sched.providers import closing
from hv_sched.providers import layout
from hv_sched.providers import reserved_space
from hv_sched.providers import settings
from hv_sched.snapshot import placement_state
from hv_sched.snapshot import restart_capacity
from hv_sched.sources import decisions

COLUMNS = ('Volume', 'State', 'Free GB', 'Total GB', 'Reserved GB',
           'Allocated GB', 'Held GB', 'Nodes', 'Restart Room')
_KEPT = 'kept for files of which the source does not tell whose they are'
SOURCE_COLUMNS = ('Physical Free GB', 'Drift')


@dataclasses.dataclass(frozen=True)
class _Described:
    """What the source adds to what Placement says.

    :param volumes: cluster and volume by provider uuid
    :param clusters: names of the clusters it tells of, usable or not
    :param drift: provider uuids a sync would change
    :param decisions: who decided what an operator may decide
    """

    volumes: Mapping[str, tuple[model.Cluster, model.Volume]]
    clusters: frozenset[str]
    drift: frozenset[str] = frozenset()
    decisions: tuple[model.Decision, ...] = ()


def described(facts: model.Facts) -> _Described:
    return _Described({
        ids.volume_uuid(cluster.guid, volume.guid): (cluster, volume)
        for cluster in facts.clusters for volume in cluster.volumes
        if volume.guid},
        frozenset((*(cluster.name for cluster in facts.clusters),
                   *(problem.cluster or '' for problem in facts.problems))),
        decisions=decisions.of(facts))


def state(provider: Provider) -> str:
    """One word for what a scheduler may do with the volume."""
    if (names.SHARING not in provider.traits
            or ids.home_aggregate(provider.uuid) not in provider.aggregates):
        return 'hidden'
    if names.NO_NEW_DISKS in provider.traits:
        return 'closed'
    free = free_gb(provider)
    if free < 0:
        return 'over-full'
    return 'open' if free else 'full'


def free_gb(provider: Provider) -> int:
    """What new disks may have; negative when over-full.

    What is held is owed to its servers, so nobody else gets it.
    """
    disk = provider.inventories.get(names.DISK_GB)
    capacity = disk.capacity if disk else 0
    over_full_gb = min(0, capacity - provider.used(names.DISK_GB))
    return over_full_gb or max(0, capacity - provider.owed.total_gb)


class _Volumes(base.SourceCommand):
    """Reading volumes, for list and show."""

    def read(self, placement: client.Placement, conf: cfg.ConfigOpts,
             listed: list[Listed], with_shares: bool = False
             ) -> list[Provider]:
        uuids = frozenset(volume.uuid for volume in listed)
        providers = bulk_read.read_providers(
            placement, listed, uuids if with_shares else frozenset(),
            conf.hv_sched.workers)
        return sorted(filter(_is_ours, providers.values()),
                      key=lambda provider: provider.name)

    @staticmethod
    def volumes(placement: client.Placement) -> list[Listed]:
        """All that are called like volumes, of hidden ones too.

        One that an adopt was interrupted on has inventories and no traits.
        """
        return [listed for listed in placement.list_providers()
                if listed.name.startswith(names.VOLUME_NAME_PREFIX)]

    def described(self, conf: cfg.ConfigOpts,
                  parsed_args: argparse.Namespace) -> _Described | None:
        facts = self.facts(conf, parsed_args)
        if facts is None:
            return None
        plan, _observed = self.reconciler(conf).plan(facts, full=False)
        drift = frozenset(change.uuid for change in plan.changes)
        return dataclasses.replace(described(facts), drift=drift)


class ListVolumes(_Volumes, command.Lister):
    """List the Cluster Shared Volumes in Placement

    Free is what Placement would still give to new disks. Restart room is
    what memory and VCPU the other nodes of the cluster would have left after
    starting the servers of the largest node that uses the volume. With a
    source, what is physically free and whether a sync would change the
    volume are shown too.
    """

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        conf = self.conf(parsed_args)
        placement = self.placement(conf.hv_sched.request_timeout)
        description = self.described(conf, parsed_args)
        providers = self.read(placement, conf, self.volumes(placement))
        members = parallel.in_parallel(
            conf.hv_sched.workers, lambda provider: placement.list_providers(
                member_of=ids.home_aggregate(provider.uuid),
                required=names.COMPUTE_NODE), providers)
        room = restart_capacity.of_volumes(
            placement_state.snapshot(placement),
            node_capacity.read(placement, conf.hv_sched.workers))
        rows = [_row(provider, len(nodes), room.get(provider.uuid),
                     description)
                for provider, nodes in zip(providers, members, strict=True)]
        return COLUMNS + (SOURCE_COLUMNS if description else ()), rows


def _row(provider: Provider, nodes: int,
         room: restart_capacity.RestartRoom | None,
         description: _Described | None) -> tuple[Any, ...]:
    disk = provider.inventories.get(names.DISK_GB)
    row = (provider.name, state(provider), free_gb(provider),
           disk.total if disk else 0, disk.reserved if disk else 0,
           provider.used(names.DISK_GB), provider.used(names.HELD_DISK_GB),
           nodes, format_columns.RestartRoomColumn(room))
    return row + (_source_cells(provider, description) if description else ())


def _source_cells(provider: Provider, description: _Described
                  ) -> tuple[Any, ...]:
    if provider.uuid not in description.volumes:
        cluster = names.cluster_of(provider.name)
        return ('', 'not in the source' if cluster in description.clusters
                else f'cluster {cluster} is not in the source')
    _cluster, volume = description.volumes[provider.uuid]
    free = ('' if volume.free_bytes is None
            else volume.free_bytes // model.GIB)
    return (free, 'yes' if provider.uuid in description.drift else 'no')


class ShowVolume(_Volumes, command.ShowOne):
    """Show one Cluster Shared Volume: its space, nodes and who holds what

    With a source, the reasons for the reserved space and for a closed
    volume are told line by line, and who decided what an operator may
    decide: the source, the overrides, nobody (the default) or, where it is
    not known now, Placement. The decisions on a cluster or a node are shown
    by its name.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'volume', metavar='<volume>',
            help='<cluster>/<volume>, the same with csv: before it, or the '
                 'uuid of the resource provider; with a source also the '
                 'name of a cluster or node')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        conf = self.conf(parsed_args)
        placement = self.placement(conf.hv_sched.request_timeout)
        description = self.described(conf, parsed_args)
        decided = decisions.about(
            description.decisions if description else (), parsed_args.volume)
        if decided:
            return _decided(decided)
        listed = find(self.volumes(placement), parsed_args.volume)
        provider = next(iter(self.read(placement, conf, [listed],
                                       with_shares=True)), None)
        if provider is None:
            raise _no_such_volume(parsed_args.volume)
        nodes = placement.list_providers(
            member_of=ids.home_aggregate(provider.uuid),
            required=names.COMPUTE_NODE)
        held = {consumer: resources[names.HELD_DISK_GB]
                for consumer, resources in
                placement.allocations_on(provider.uuid).items()
                if names.HELD_DISK_GB in resources}
        fields = _facts_of(provider, nodes, held) | {
            'cut_off_nodes': format_columns.Lines(
                _cut_off_nodes(placement, provider.uuid))}
        if description and provider.uuid in description.volumes:
            fields |= _reasons_of(provider, description,
                                  settings.from_conf(conf))
        return tuple(fields), tuple(fields.values())


def _decided(decided: tuple[model.Decision, ...]
             ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The decisions on a cluster, a node, or on both of one name."""
    items = dict.fromkeys((decision.kind, decision.item or decision.cluster)
                          for decision in decided)
    return ('name', *(f'{kind}_decisions' for kind, _name in items)), (
        next(iter(items))[1],
        *(format_columns.DecisionsColumn([
            decision for decision in decided if decision.kind == kind])
          for kind, _name in items))


def _cut_off_nodes(placement: client.Placement, volume: str) -> list[str]:
    try:
        return sorted(node.name for node in placement.list_providers(
            required=names.cut_off_trait(volume)))
    except exception.PlacementRefused:  # nobody ever was: an unknown trait
        return []


def find(volumes: list[Listed], volume_name: str) -> Listed:
    """The volume a user means; Windows names are compared without case.

    :raises InvalidConfig: when there is none
    """
    prefix = names.VOLUME_NAME_PREFIX
    name = (volume_name if volume_name.startswith(prefix)
            else prefix + volume_name)
    for volume in volumes:
        if (volume.uuid == volume_name.lower()
                or windows_names.key(volume.name) == windows_names.key(name)):
            return volume
    raise _no_such_volume(volume_name)


def _no_such_volume(name: str) -> exception.InvalidConfig:
    return exception.InvalidConfig(
        f'no volume {name} in Placement; "csv list" shows those there are')


def _is_ours(provider: Provider) -> bool:
    """Whether it is a volume, published or not, and not just called so."""
    return (names.VOLUME in provider.traits
            or names.HELD_DISK_GB in provider.inventories)


def _facts_of(provider: Provider, nodes: list[Listed],
              held: Mapping[str, int]) -> dict[str, Any]:
    disk = provider.inventories.get(names.DISK_GB)
    return {
        'name': provider.name, 'uuid': provider.uuid,
        'state': state(provider), 'free_gb': free_gb(provider),
        'total_gb': disk.total if disk else 0,
        'reserved_gb': disk.reserved if disk else 0,
        'allocation_ratio': disk.allocation_ratio if disk else None,
        'allocated_gb': provider.used(names.DISK_GB),
        'held_gb': provider.used(names.HELD_DISK_GB),
        'closed_reasons': format_columns.Lines(
            reason.value for reason in names.closed_reasons(provider.traits)),
        'nodes': format_columns.Lines(sorted(n.name for n in nodes)),
        'shares_gb': format_columns.Mapping(provider.shares_gb or {}),
        'held_shares_gb': format_columns.Mapping(held),
        'traits': format_columns.Lines(sorted(provider.traits)),
    }


def _reserved_reasons(provider: Provider, cluster: model.Cluster,
                      volume: model.Volume, options: settings.Settings
                      ) -> dict[str, str]:
    covered = reserved_space.covered(
        volume, cluster, provider.copies_gb, provider.owed.covering_gb)
    parts = reserved_space.reserved_parts(volume, covered.at_most)
    sizes_gb = {part.label: part.size_bytes / model.GIB for part in parts}
    disk = provider.inventories.get(names.DISK_GB)
    if disk and volume.free_bytes is not None:
        sizes_gb[_KEPT] = reserved_space.kept_gb(
            parts, reserved_space.Before(
                disk, provider.traits, covered.at_most - covered.at_least),
            options.reserved_step_gb)
    return {label: f'{size_gb:.1f} GiB'
            for label, size_gb in sizes_gb.items() if size_gb}


def _reasons_of(provider: Provider, description: _Described,
                options: settings.Settings) -> dict[str, Any]:
    cluster, volume = description.volumes[provider.uuid]
    closed = closing.closed_reasons(
        volume, provider.traits, provider.owed.total_gb, options)
    homes = [node.name for node in cluster.nodes
             if layout.uses(cluster, node, volume)]
    if not homes and names.Closed.LEFT_OUT.trait in provider.traits:
        closed[names.Closed.LEFT_OUT] = names.Closed.LEFT_OUT.value
    return {
        'reserved_reasons': format_columns.Mapping(
            _reserved_reasons(provider, cluster, volume, options)),
        'closed_reasons': format_columns.Lines(closed.values()),
        'physical_free_gb': (None if volume.free_bytes is None
                             else volume.free_bytes // model.GIB),
        'source_nodes': format_columns.Lines(homes),
        'drift': provider.uuid in description.drift,
        'path': volume.path, 'owner_node': volume.owner_node,
        'decisions': format_columns.DecisionsColumn([
            decision for decision in description.decisions
            if (decision.cluster, decision.kind, decision.item)
            == (cluster.name, 'volume', volume.name)]),
    }
