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

"""``csv show``."""

import argparse
from collections.abc import Mapping
from typing import Any

from osc_lib.command import command

from hv_sched import exception
from hv_sched import model
from hv_sched import printable
from hv_sched.osc import format_columns
from hv_sched.osc import share_holders
from hv_sched.osc import volume_reading
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Provider
from hv_sched.providers import closing
from hv_sched.providers import freshness
from hv_sched.providers import layout
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.sources import decisions
from hv_sched.status import volume_rules

LOG = printable.logger(__name__)
# The order in which people read them; what is not named comes after.
_ORDER = ('name', 'state', 'closed_reasons', 'free_gb', 'total_gb',
          'reserved_gb', 'reserved_reasons', 'allocated_gb', 'held_gb',
          'allocation_ratio', 'physical_free_gb', 'facts_age', 'nodes',
          'source_nodes', 'cut_off_nodes', 'servers', 'drift', 'path',
          'owner_node', 'decisions', 'uuid', 'traits')
# Told by "servers", with names.
_FOR_PROGRAMS = ('shares_gb', 'held_shares_gb')


class ShowVolume(volume_reading.VolumesCommand, command.ShowOne):
    """Show one Cluster Shared Volume: its space, nodes and who holds what

    With a source, the reasons for the reserved space and for a closed
    volume are listed line by line, and who decided what an operator may
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
        listed = volume_reading.find(
            self.volumes(placement), parsed_args.volume, parsed_args.cluster)
        provider = next(iter(self.read(placement, conf, [listed],
                                       with_shares=True)), None)
        if provider is None:
            raise volume_reading.no_such_volume(parsed_args.volume)
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
        holders = share_holders.read(
            self.nova_records(conf), provider.shares_gb or {}, held)
        fields['servers'] = share_holders.HoldersColumn(holders.rows)
        if holders.failure:
            LOG.warning('Servers are shown by uuid: %s', holders.failure)
        if fields['state'] == 'hidden':
            self.below = (*self.below, volume_reading.interrupted(
                names.cluster_of(provider.name)))
        if parsed_args.formatter == 'table':
            fields = _for_people(fields)
        return tuple(fields), tuple(fields.values())


def _for_people(fields: dict[str, Any]) -> dict[str, Any]:
    """In the order people read them, without what says nothing."""
    order = [name for name in _ORDER if name in fields]
    order += [name for name in fields
              if name not in (*_ORDER, *_FOR_PROGRAMS)]
    return {name: fields[name] for name in order
            if fields[name] is not None}


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
        'nodes': format_columns.Listing(sorted(n.name for n in nodes)),
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
        'source_nodes': format_columns.Listing(homes),
        'facts_age': format_columns.AgeColumn(
            cluster.collected_at and freshness.facts_age(
                cluster, reconcile.utcnow())),
        'drift': provider.uuid in description.drift,
        'path': volume.path, 'owner_node': volume.owner_node,
        'decisions': format_columns.DecisionsColumn([
            decision for decision in description.decisions
            if (decision.cluster, decision.kind, decision.item)
            == (cluster.name, 'volume', volume.name)]),
    }
