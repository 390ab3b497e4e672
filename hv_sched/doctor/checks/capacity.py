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

"""Room and results that run out with the size of the cloud."""

from collections.abc import Iterator

from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity
from hv_sched.snapshot import restart_capacity

_RETRIES = 10  # Placement's default


def results_cut(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """As many candidates as are asked for at most, on fewer hosts."""
    state = evidence.placement
    hosts = len(state.compute_nodes)
    if state.offered >= state.limit and state.offered_hosts < hosts:
        yield Symptom(
            '[scheduler]max_placement_results',
            f'a small request gets {state.offered} candidates on '
            f'{state.offered_hosts} of {hosts} hosts' + (
                '' if evidence.nova_conf else
                f' ({state.limit} is Nova\'s default; --nova-conf tells '
                'yours)'))


def no_restart_room(evidence: DoctorEvidence) -> Iterator[Symptom]:
    state = evidence.placement
    for cluster, room in restart_capacity.of_clusters(
            state.snapshot, state.capacities).items():
        if room.lacking:
            yield Symptom(cluster, f'if {room.node} fails, '
                          f'{", ".join(room.lacking)} are missing to start '
                          'its servers elsewhere')


def conflict_retries(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """Of so many writers at once the last may lose all but one times."""
    conf = evidence.placement_conf
    retries = (conf.placement.allocation_conflict_retry_count
               if conf else _RETRIES)
    users: dict[str, int] = {}
    for homes in evidence.placement.snapshot.homes.values():
        for home in homes:
            users[home] = users.get(home, 0) + 1
    for uuid, count in sorted(users.items()):
        volume = evidence.placement.snapshot.volumes.get(uuid)
        if count > retries and volume is not None:
            yield Symptom(
                volume.name, f'{count} nodes use it, Placement tries a '
                f'claim {retries} times again' + (
                    '' if conf else ' by default (--placement-conf tells '
                    'yours)'), None if conf else Severity.INFO)


CHECKS = (
    Check('results-cut', Severity.WARNING,
          'Placement has a candidate for each host and volume, and gives '
          'Nova the first max_placement_results of them: some hosts are '
          'never seen.',
          'Raise [scheduler]max_placement_results in nova.conf above hosts '
          'times volumes, or set [placement]allocation_candidates_'
          'generation_strategy = breadth-first in placement.conf.',
          results_cut),
    Check('no-restart-room', Severity.WARNING,
          'When the largest node of a cluster fails, its servers cannot all '
          'be started on the other nodes.',
          'Keep that much free: add nodes, or move servers away.',
          no_restart_room),
    Check('conflict-retries', Severity.WARNING,
          'More nodes share a volume than Placement repeats a claim that '
          'lost a race for the volume\'s generation: claims fail at busy '
          'times.',
          'Raise [placement]allocation_conflict_retry_count in '
          'placement.conf above the number of nodes.', conflict_retries),
)
