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

"""Traits that somebody took away, or that Nova asks for in vain."""

from collections.abc import Iterator

from hv_sched import windows_names
from hv_sched.compute import hypervisors
from hv_sched.conf import scheduler
from hv_sched.doctor.checks.volumes import listed
from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity
from hv_sched.placement import names
from hv_sched.providers import node_matching


def lost(evidence: DoctorEvidence) -> Iterator[Symptom]:
    state = evidence.placement
    for node in state.unmarked:
        yield Symptom(node, 'uses a volume but has neither '
                      + ' nor '.join(names.CLUSTERED_MARKS))
    for node in state.unnamed:
        yield Symptom(node, 'is in the aggregate of a volume that does not '
                      f'name it ({names.HOME_PREFIX}... or '
                      f'{names.HOMES_PREFIX}...)')
    for uuid, trait in state.unshared.items():
        yield Symptom(state.volume_names[uuid], f'has no {trait}')


def unknown(evidence: DoctorEvidence) -> Iterator[Symptom]:
    state = evidence.placement
    for trait in (names.NO_NEW_DISKS, names.PAUSED):
        if state.snapshot.volumes and trait not in state.snapshot.traits:
            yield Symptom(trait, 'Placement does not know the trait')
    for uuid, volume in sorted(state.snapshot.volumes.items()):
        if names.cut_off_trait(uuid) not in state.snapshot.traits:
            yield Symptom(volume.name, 'Placement does not know '
                          + names.cut_off_trait(uuid))


def no_secure_boot(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """The features filter asks for our own trait instead of Nova's."""
    assert evidence.nova_conf is not None
    nodes = evidence.placement.no_secure_boot
    if nodes and not scheduler.is_on(
            evidence.nova_conf.hv_sched, 'request_filter_features'):
        yield Symptom(f'{len(nodes)} nodes', 'can do secure boot but lack '
                      f'COMPUTE_SECURITY_UEFI_SECURE_BOOT: {listed(nodes)}')


def unlisted(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """Hyper-V nodes in no cluster: most of them stand alone, and may.

    Overrides name those that do so on purpose.

    Those that use a volume are of a cluster the source does not describe.
    """
    assert evidence.hypervisors is not None
    assert evidence.source is not None
    facts, state = evidence.source.facts, evidence.placement
    claimed = node_matching.match_nodes(
        facts.clusters, state.compute_nodes).claimed
    node_names = sorted(node.name for cluster in facts.clusters
                        for node in cluster.nodes)
    standalone = set(map(windows_names.key, facts.standalone))
    for uuid, name in sorted(state.compute_nodes.items(),
                             key=lambda item: item[1]):
        is_marked = (uuid in state.snapshot.nodes
                     and uuid not in state.snapshot.homes)
        if uuid in claimed or not (is_marked or hypervisors.is_hyperv(
                evidence.hypervisors.get(uuid, ''))):
            continue
        if not is_marked and windows_names.key(name) in standalone:
            continue
        similar = [node for node in node_names
                   if node_matching.are_similar(name, node)]
        mark = (names.CSV_CLUSTERED if uuid in state.snapshot.without_hyperv
                else names.CLUSTERED)
        reasons = [*([f'it has {mark}'] if is_marked else []),
                   *([f'{", ".join(similar)} may be the same host']
                     if similar else [])]
        yield Symptom(name, '; '.join((
            'no cluster of the source lists it', *reasons)),
            Severity.WARNING if reasons else None)


CHECKS = (
    Check('traits-lost', Severity.ERROR,
          'Traits of hv_sched were removed from a node or volume, probably by '
          'replacing the whole set: its volume is not shared, or its own disk '
          'counts as a separate disk.',
          'Run "csv sync"; add traits instead of replacing them.', lost),
    Check('trait-unknown', Severity.WARNING,
          'Placement does not know a trait that closes volumes or nodes, or '
          'says that a node does not reach a volume: no query forbids it.',
          'Run "csv sync", which creates it.', unknown),
    Check('secure-boot-unreported', Severity.WARNING,
          'With request_filter_features off, servers with secure boot are '
          'asked COMPUTE_SECURITY_UEFI_SECURE_BOOT, as Nova does, which the '
          'virt driver of these nodes does not report: none of these hosts is '
          'offered.', 'Turn request_filter_features on.',
          no_secure_boot, ('nova_conf',)),
    Check('node-unlisted', Severity.INFO,
          'A Hyper-V compute node is in no cluster of the source. One that '
          'is a cluster\'s node under another name offers the space of the '
          'cluster once more, as its own disk.',
          'Write the name Nova has of the node in the source; delete the '
          'compute service of one that is gone.', unlisted,
          ('source', 'hypervisors')),
)
