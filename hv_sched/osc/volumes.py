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

"""``csv list``."""

import argparse
import collections
from collections.abc import Iterable
from typing import Any

from osc_lib.command import command

from hv_sched import model
from hv_sched import parallel
from hv_sched.osc import cluster_option
from hv_sched.osc import format_columns
from hv_sched.osc import volume_reading
from hv_sched.osc.show import ShowVolume
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement import node_capacity
from hv_sched.placement.observed import Provider
from hv_sched.providers.merged_changes import number_of
from hv_sched.snapshot import placement_state
from hv_sched.snapshot import restart_capacity
from hv_sched.status.volume_rules import Described
from hv_sched.status.volume_rules import free_gb
from hv_sched.status.volume_rules import state

__all__ = ('ListVolumes', 'ShowVolume')
COLUMNS = ('Volume', 'State', 'Free GB', 'Total GB', 'Reserved GB',
           'Allocated GB', 'Held GB', 'Nodes', 'Restart Room')
SOURCE_COLUMNS = ('Physical Free GB', 'Drift')


class ListVolumes(volume_reading.VolumesCommand, command.Lister):
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
        cluster_option.check_published(parsed_args.cluster, placement)
        description = self.described(conf, parsed_args)
        providers = self.read(placement, conf, [
            volume for volume in self.volumes(placement)
            if not cluster_option.is_left_out(
                volume.name, parsed_args.cluster)])
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
        self.below = (*_interrupted(providers), _sum(providers))
        return COLUMNS + (SOURCE_COLUMNS if description else ()), rows


def _sum(providers: Iterable[Provider]) -> str:
    """How many volumes are in which state, and the room there is."""
    states = collections.Counter(map(state, providers))
    if not states:
        return 'No volumes are published.'
    room_gb = sum(max(free_gb(provider), 0) for provider in providers
                  if state(provider) == 'open')
    total_gb = sum(provider.inventories[names.DISK_GB].total
                   for provider in providers
                   if names.DISK_GB in provider.inventories)
    counts = ', '.join(f'{count} {name}'
                       for name, count in sorted(states.items()))
    return (f'{number_of(sum(states.values()), "volume")}: {counts}; new '
            f'disks may take {room_gb:,} of {total_gb:,} GB.')


def _interrupted(providers: Iterable[Provider]) -> Iterable[str]:
    """What hides volumes, and the command that finishes it."""
    clusters = sorted({names.cluster_of(provider.name)
                       for provider in providers
                       if state(provider) == 'hidden'})
    for cluster in clusters:
        yield volume_reading.interrupted(cluster)


def _row(provider: Provider, nodes: int,
         room: restart_capacity.RestartRoom | None,
         description: Described | None) -> tuple[Any, ...]:
    disk = provider.inventories.get(names.DISK_GB)
    row = (provider.name, state(provider), free_gb(provider),
           disk.total if disk else 0, disk.reserved if disk else 0,
           provider.used(names.DISK_GB), provider.used(names.HELD_DISK_GB),
           nodes, format_columns.RestartRoomColumn(room))
    return row + (_source_cells(provider, description) if description else ())


def _source_cells(provider: Provider, description: Described
                  ) -> tuple[Any, ...]:
    if provider.uuid not in description.volumes:
        cluster = names.cluster_of(provider.name)
        return ('', 'not in the source' if cluster in description.clusters
                else f'cluster {cluster} is not in the source')
    _cluster, volume = description.volumes[provider.uuid]
    free = ('' if volume.free_bytes is None
            else volume.free_bytes // model.GIB)
    return (free, 'yes' if provider.uuid in description.drift else 'no')
