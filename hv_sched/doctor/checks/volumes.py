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

"""Volumes that are not what was published."""

from collections.abc import Iterator

from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity
from hv_sched.placement import names
from hv_sched.placement.names import Closed

_SHOWN = 5
_FULL = 0.9


def listed(labels: tuple[str, ...]) -> str:
    """The first few of many names."""
    omitted = len(labels) - _SHOWN
    return ', '.join(labels[:_SHOWN]) + (f' and {omitted} more'
                                         if omitted > 0 else '')


def wiped(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for uuid in evidence.placement.wiped:
        yield Symptom(evidence.placement.volume_names[uuid],
                      'the provider has no DISK_GB inventory')


def hidden(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """By cluster: a volume alone is never left so."""
    state = evidence.placement
    clusters: dict[str, list[str]] = {}
    for uuid in state.hidden:
        cluster = names.cluster_of(state.volume_names[uuid])
        clusters.setdefault(cluster, []).append(uuid)
    for cluster, uuids in sorted(clusters.items()):
        labels = sorted(state.volume_names[uuid] for uuid in uuids)
        used_gb = sum(state.hidden[uuid] for uuid in uuids)
        yield Symptom(cluster, f'no node reaches {listed(tuple(labels))}, '
                      f'on which servers hold {used_gb} GB; '
                      '"openstack resource provider csv adopt --cluster '
                      f'{cluster}" finishes it, or "csv retire --cluster '
                      f'{cluster}" if that was interrupted')


def leaks(evidence: DoctorEvidence) -> Iterator[Symptom]:
    zones = evidence.nova.zones if evidence.nova else {}
    for volume, aggregates in evidence.placement.foreign_members.items():
        for aggregate, nodes in aggregates.items():
            zone = zones.get(aggregate)
            sharer = (f'availability zone {zone} ({aggregate})' if zone
                      else f'aggregate {aggregate}')
            yield Symptom(volume, f'{sharer} shares it with '
                          f'{len(nodes)} nodes that do not use it: '
                          f'{listed(nodes)}')


def over_capacity(evidence: DoctorEvidence) -> Iterator[Symptom]:
    old = evidence.nova is not None and evidence.nova.version <= (2, 100)
    for volume in evidence.placement.snapshot.volumes.values():
        if volume.used_gb > volume.capacity_gb:
            yield Symptom(
                volume.name, f'{volume.used_gb} GB are allocated, '
                f'{volume.capacity_gb} GB is its capacity' + (
                    '; this Nova is of a release whose Placement may be '
                    'older than 14' if old else ''),
                Severity.ERROR if old else None)


def low_space(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for volume in evidence.placement.snapshot.volumes.values():
        if volume.is_low:
            is_closed = Closed.FLOOR.trait in volume.traits
            yield Symptom(volume.name, 'below the floor: it takes no new '
                          'disks' if is_closed else 'other volumes are '
                          'preferred', Severity.ERROR if is_closed else None)


def promised(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for volume in evidence.placement.snapshot.volumes.values():
        owed_gb = volume.used_gb + volume.held_gb
        if volume.capacity_gb * _FULL <= owed_gb <= volume.capacity_gb:
            yield Symptom(volume.name, f'{owed_gb} of {volume.capacity_gb} '
                          'GB are promised to servers')


def cut_off(evidence: DoctorEvidence) -> Iterator[Symptom]:
    state = evidence.placement
    for uuid, nodes in sorted(state.snapshot.cut_off.items()):
        if uuid in state.volume_names:
            yield Symptom(state.volume_names[uuid], 'not reached by '
                          + listed(tuple(sorted(state.compute_nodes.get(
                              node, node) for node in nodes))))


CHECKS = (
    Check('volume-wiped', Severity.ERROR,
          'A volume has lost its inventory: a reshape at the start of '
          'nova-compute writes an empty one to every associated provider.',
          'Run "csv sync"; an agent that runs does so by itself.', wiped),
    Check('adopt-interrupted', Severity.ERROR,
          'Volumes of a cluster stand in Placement and are shared with no '
          'node, as an adopt that was interrupted leaves them: nothing can '
          'be created on the cluster.',
          'Run "csv adopt" again: it goes on where it stopped. If it was '
          '"csv retire" that stopped, run that again.', hidden),
    Check('volume-leaks', Severity.ERROR,
          'A volume is in an aggregate with nodes that do not use it, such '
          'as that of an availability zone: Placement offers it to every '
          'one of them.',
          'Take the volume\'s provider out of that aggregate; hv_sched asks '
          'for the disk in a group of its own, which needs none.', leaks),
    Check('node-cut-off', Severity.WARNING,
          'Nodes of the cluster do not reach a volume: no server whose disk '
          'is there is moved to them, and their failover fails there.',
          'Restore their path to the storage; the trait goes when the '
          'source says that they reach the volume.', cut_off),
    Check('volume-low-space', Severity.WARNING,
          'Little of a volume\'s disk is physically free, whatever is '
          'promised on it: servers on it pause when it is full.',
          'Free space (images, checkpoints, leftovers of moves), grow the '
          'volume or move servers away; [hv_sched]low_space_percent, '
          'low_space_gb, floor_percent and floor_gb say when it is low and '
          'when it closes.', low_space),
    Check('volume-promised', Severity.INFO,
          'Nearly all that a volume may promise is promised: new disks find '
          'no place on it soon.',
          'Add a volume or grow this one; a higher allocation_ratio promises '
          'more than there is, and makes the physical floor matter.',
          promised),
    Check('over-capacity', Severity.WARNING,
          'More is allocated on a volume than it holds. It takes no new '
          'disk; before Placement 14 (2025.2) every move of its servers '
          'is refused with 409, too (bug 2104040).',
          'Move or delete servers, or raise the volume\'s allocation_ratio; '
          'lower what is reserved.', over_capacity),
)
