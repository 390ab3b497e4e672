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
from hv_sched.providers import settings
from hv_sched.snapshot import placement_state
from hv_sched.snapshot import restart_capacity
from hv_sched.sources import decisions
from hv_sched.status import volume_rules

COLUMNS = ('Volume', 'State', 'Free GB', 'Total GB', 'Reserved GB',
           'Allocated GB', 'Held GB', 'Nodes', 'Restart Room')
SOURCE_COLUMNS = ('Physical Free GB', 'Drift')


class _Volumes(base.SourceCommand):
    """Reading volumes, for list and show."""

    def read(self, placement: client.Placement, conf: cfg.ConfigOpts,
             listed: list[Listed], with_shares: bool = False
             ) -> list[Provider]:
        uuids = frozenset(volume.uuid for volume in listed)
        providers = bulk_read.read_providers(
            placement, listed, uuids if with_shares else frozenset(),
            conf.hv_sched.workers)
        return sorted(filter(volume_rules.is_ours, providers.values()),
                      key=lambda provider: provider.name)

    @staticmethod
    def volumes(placement: client.Placement) -> list[Listed]:
        """All that are called like volumes, of hidden ones too.

        One that an adopt was interrupted on has inventories and no traits.
        """
        return [listed for listed in placement.list_providers()
                if listed.name.startswith(names.VOLUME_NAME_PREFIX)]

    def described(self, conf: cfg.ConfigOpts,
                  parsed_args: argparse.Namespace
                  ) -> volume_rules.Described | None:
        facts = self.facts(conf, parsed_args)
        if facts is None:
            return None
        plan, _observed = self.reconciler(conf).plan(facts, full=False)
        drift = frozenset(change.uuid for change in plan.changes)
        return dataclasses.replace(
            volume_rules.described(facts), drift=drift)


class ListVolumes(_Volumes, command.Lister):
    """List the Cluster Shared Volumes in Placement

    Free is what Placement would still give to new disks. Restart room is
    what memory and VCPU the other nodes of the cluster would have left after
    starting the servers of the largest node that uses the volume. With a
    source, what is physically free and whether a sync would change the
    volume are shown too.
    """

    expendable = ('Restart Room', 'Nodes', 'Held GB', 'Reserved GB',
                  'Total GB', 'Allocated GB', 'Physical Free GB')

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
         description: volume_rules.Described | None) -> tuple[Any, ...]:
    disk = provider.inventories.get(names.DISK_GB)
    row = (provider.name, volume_rules.state(provider),
           volume_rules.free_gb(provider),
           disk.total if disk else 0, disk.reserved if disk else 0,
           provider.used(names.DISK_GB), provider.used(names.HELD_DISK_GB),
           nodes, format_columns.RestartRoomColumn(room))
    return row + (_source_cells(provider, description) if description else ())


def _source_cells(provider: Provider, description: volume_rules.Described
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


def _facts_of(provider: Provider, nodes: list[Listed],
              held: Mapping[str, int]) -> dict[str, Any]:
    disk = provider.inventories.get(names.DISK_GB)
    return {
        'name': provider.name, 'uuid': provider.uuid,
        'state': volume_rules.state(provider),
        'free_gb': volume_rules.free_gb(provider),
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


def _reasons_of(provider: Provider, description: volume_rules.Described,
                options: settings.Settings) -> dict[str, Any]:
    cluster, volume = description.volumes[provider.uuid]
    closed = closing.closed_reasons(
        volume, provider.traits, provider.owed.total_gb, options)
    homes = [node.name for node in cluster.nodes
             if layout.uses(cluster, node, volume)]
    if not homes and names.Closed.LEFT_OUT.trait in provider.traits:
        closed[names.Closed.LEFT_OUT] = names.Closed.LEFT_OUT.value
    return {
        'reserved_reasons': format_columns.Mapping({
            label: f'{gb:.1f} GiB' for label, gb in volume_rules.reserved_gb(
                provider, cluster, volume, options).items()}),
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
