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

"""The description of the clusters against what stands in Placement."""

from collections.abc import Iterator

from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.evidence import SourceState
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Kind
from hv_sched.notices import Severity
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.providers import freshness


def _source(evidence: DoctorEvidence) -> SourceState:
    assert evidence.source is not None
    return evidence.source


def stale(evidence: DoctorEvidence) -> Iterator[Symptom]:
    source = _source(evidence)
    for cluster in source.facts.clusters:
        age = freshness.facts_age(cluster, source.now)
        if source.stale_after and age > source.stale_after:
            yield Symptom(cluster.name, f'its facts are {int(age)} s old, '
                          f'[hv_sched]stale_after is {source.stale_after}')


def drift(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for cluster, count in sorted(_source(evidence).pending.items()):
        yield Symptom(cluster or '(all clusters)',
                      f'a sync would make {count} changes')


def undone(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for finding in _source(evidence).findings:
        if finding.kind is not Kind.NOTE:
            yield Symptom(finding.subject, f'{finding.kind.value} '
                          f'({finding.code}): {finding.message}',
                          code=finding.code)


def lost_clusters(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """Clusters with volumes in Placement, none of which the source describes.

    A volume is known by its uuid, so a renamed cluster is not among them.
    """
    facts = _source(evidence).facts
    described = {ids.volume_uuid(cluster.guid, volume.guid)
                 for cluster in facts.clusters for volume in cluster.volumes
                 if volume.guid}
    mentioned = {*(cluster.name for cluster in facts.clusters),
                 *(problem.cluster for problem in facts.problems)}
    clusters: dict[str, set[str]] = {}
    for uuid, label in evidence.placement.volume_names.items():
        clusters.setdefault(names.cluster_of(label), set()).add(uuid)
    for cluster, uuids in sorted(clusters.items()):
        if cluster not in mentioned and not uuids & described:
            yield Symptom(cluster, f'{len(uuids)} volumes of it stand in '
                          'Placement, and the source does not name it')


def sizes_disagree(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for item in _source(evidence).contradictions:
        reported = ', '.join(map(str, item.reported_gb))
        yield Symptom(item.volume, f'{item.total_gb} GB are published, and '
                      f'the nodes whose home it is report {reported} GB')


_NEEDS = ('source',)
CHECKS = (
    Check('facts-stale', Severity.ERROR,
          'The facts of a cluster are too old: it is frozen, and its '
          'volumes take no new disks.',
          'See why the collector does not run or does not reach the '
          'cluster.', stale, _NEEDS),
    Check('drift', Severity.WARNING,
          'Placement is not what the source says.',
          'Run "csv plan" to see the differences, "csv sync" to end them.',
          drift, _NEEDS),
    Check('cluster-not-in-source', Severity.WARNING,
          'The source no longer names a cluster that is published: it stays '
          'as it is, and its health, size and nodes are no longer known.',
          'Put it back into the source; to give it up, run "csv retire" for '
          'it.', lost_clusters, _NEEDS),
    Check('size-disagrees', Severity.ERROR,
          'A volume is published with a size that none of the nodes whose '
          'home it is reports: by more than a factor of two, or more than a '
          'Ceph pool can store of the raw bytes they report.',
          'Compare size_bytes of the source with the volume itself, and '
          'raw_percent with its pool; if the nodes are wrong, see what their '
          'instances_path is on.', sizes_disagree,
          _NEEDS),
    Check('left-undone', Severity.WARNING,
          'A sync leaves something undone.',
          'Follow the evidence.', undone, _NEEDS),
)
