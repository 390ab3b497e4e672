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

"""The status of the cloud as a value: what every view of it shows. Pure.

``None`` means "nobody told": not knowing is not zero.
"""

from collections.abc import Mapping
import dataclasses
import datetime

from hv_sched.notices import Severity


@dataclasses.dataclass(frozen=True)
class ReservedSpace:
    """:param label: why it is reserved, for people"""

    label: str
    gb: float


@dataclasses.dataclass(frozen=True)
class Forecast:
    """:param days: until the volume is full if it grows as it did
    :param of: what runs out, ``disk`` (physical space) or ``allocation``
    """

    days: float
    of: str


@dataclasses.dataclass(frozen=True)
class VolumeStatus:
    """One volume; the unit of every size is GiB.

    :param uuid: of its resource provider
    :param name: without its cluster, as the source names it
    :param state: what a scheduler may do with it: open, full, over-full,
        closed or hidden
    :param capacity_gb: (total - reserved) * allocation_ratio
    :param free_gb: what new disks may have; negative when over-full
    :param reserved: where the reserved space comes from, as far as known
    :param size_gb: physical size, and ``physical_free_gb`` what is free
    :param floor_gb: physical free space below which it closes
    :param closed: why it takes no new disks, in words
    :param has_drift: whether a sync would change it; None without a source
    :param nodes: names of the nodes whose home it is
    :param cut_off: names of the nodes that do not reach it
    """

    uuid: str
    cluster: str
    name: str
    state: str
    total_gb: int = 0
    reserved_gb: int = 0
    capacity_gb: int = 0
    allocation_ratio: float = 1.0
    allocated_gb: int = 0
    held_gb: int = 0
    free_gb: int = 0
    reserved: tuple[ReservedSpace, ...] = ()
    size_gb: float | None = None
    physical_free_gb: float | None = None
    floor_gb: float | None = None
    closed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    has_drift: bool | None = None
    nodes: tuple[str, ...] = ()
    cut_off: tuple[str, ...] = ()
    forecast: Forecast | None = None


@dataclasses.dataclass(frozen=True)
class NodeStatus:
    """:param features: names of ``features.CATALOGUE`` that it has
    :param survivable: those that every possible failover owner has
    :param state: in its cluster, '' where the source does not tell
    """

    name: str
    features: frozenset[str] = frozenset()
    survivable: frozenset[str] = frozenset()
    build: str = ''
    state: str = ''
    is_paused: bool = False
    is_redirected: bool = False


@dataclasses.dataclass(frozen=True, order=True)
class SectionStatus:
    """A section of the source's facts.

    :param node: whose it is, '' for one of the whole cluster
    :param collected_at: None when nobody said
    :param error: why it failed; empty when it did not
    """

    section: str
    node: str = ''
    collected_at: datetime.datetime | None = dataclasses.field(
        default=None, compare=False)
    error: str = dataclasses.field(default='', compare=False)


@dataclasses.dataclass(frozen=True)
class ClusterStatus:
    """:param collected_at: when its facts were collected, None when nobody
        said
    :param is_described: whether the source describes it; None without one
    :param is_unpublished: the source has volumes of it, Placement has none
    """

    name: str
    volumes: tuple[VolumeStatus, ...] = ()
    nodes: tuple[NodeStatus, ...] = ()
    sections: tuple[SectionStatus, ...] = ()
    collected_at: datetime.datetime | None = None
    is_described: bool | None = None
    is_unpublished: bool = False


@dataclasses.dataclass(frozen=True)
class FindingStatus:
    """Something that is wrong, whoever says so.

    :param origin: ``sync``, ``restore``, ``audit`` or ``doctor``
    :param code: see finding_codes
    """

    origin: str
    severity: Severity
    code: str
    subject: str
    evidence: str
    remedy: str = ''


@dataclasses.dataclass(frozen=True)
class ChangeStatus:
    """A change that was written.

    :param text: what, as ``csv sync`` says it
    """

    at: datetime.datetime
    origin: str
    text: str


@dataclasses.dataclass(frozen=True)
class PartStatus:
    """One part of the agent's work.

    :param result: of its last pass: ok, partial, adopt or error
    :param seconds: how long its last pass took
    :param running_since: None between two passes
    :param error: why its last pass failed
    """

    name: str
    passes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    result: str = ''
    seconds: float = 0.0
    last_end: datetime.datetime | None = None
    last_success: datetime.datetime | None = None
    running_since: datetime.datetime | None = None
    error: str = ''


@dataclasses.dataclass(frozen=True)
class Status:
    """Everything that is shown.

    :param read_at: when Placement was read; None: not yet
    :param unread: what could not be read, and why
    :param interval: seconds between two passes of an agent; 0: no agent
    :param started_at: when the agent started
    :param is_leader: whether it is the one that writes; None where there is
        one agent only
    """

    read_at: datetime.datetime | None = None
    clusters: tuple[ClusterStatus, ...] = ()
    findings: tuple[FindingStatus, ...] = ()
    changes: tuple[ChangeStatus, ...] = ()
    parts: tuple[PartStatus, ...] = ()
    unread: Mapping[str, str] = dataclasses.field(default_factory=dict)
    interval: float = 0.0
    started_at: datetime.datetime | None = None
    is_leader: bool | None = None

    @property
    def volumes(self) -> tuple[VolumeStatus, ...]:
        return tuple(volume for cluster in self.clusters
                     for volume in cluster.volumes)

    def count(self, severity: Severity) -> int:
        """How many findings are of a severity."""
        return sum(finding.severity is severity for finding in self.findings)
