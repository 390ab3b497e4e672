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

"""What the checks look at, as values: gathered once, read by many."""

from collections.abc import Mapping
import dataclasses
import datetime
from typing import Any

from oslo_config import cfg

from hv_sched import model
from hv_sched.notices import Notice
from hv_sched.placement.node_capacity import NodeRoom
from hv_sched.snapshot import volumes

# Inputs a check may need; the value says how to have it.
INPUTS = {
    'nova': 'Nova\'s API', 'flavors': 'Nova\'s flavors',
    'images': 'Glance\'s images', 'nova_conf': 'give --nova-conf',
    'compute_conf': 'give --compute-conf',
    'placement_conf': 'give --placement-conf', 'source': 'give --source',
    'samples': 'give --watch',
}


@dataclasses.dataclass(frozen=True)
class PlacementState:
    """The cloud as Placement has it.

    :param version: the newest microversion it speaks
    :param snapshot: see hv_sched.snapshot.volumes
    :param compute_nodes: names by provider uuid
    :param rooms: the clustered nodes by provider uuid
    :param unmarked: names of nodes that are in a volume's home aggregate but
        lack our traits
    :param unnamed: names of nodes in such an aggregate that no volume's
        traits name
    :param volume_names: all providers named like a volume, by uuid
    :param wiped: those of them without a DISK_GB inventory
    :param unshared: those of them that lack a trait of volumes, with it
    :param strangers: names of nodes that reach a volume by an aggregate
        which is not its home: by volume name, then aggregate
    :param no_secure_boot: names of nodes with CUSTOM_HYPERV_SECURE_BOOT that
        Nova does not ask for secure boot
    :param limit: candidates a request gets at most
    :param offered: candidates of a small request, at most limit
    :param offered_hosts: how many hosts these are on
    """

    version: tuple[int, int]
    snapshot: volumes.Snapshot
    compute_nodes: Mapping[str, str]
    rooms: Mapping[str, NodeRoom]
    unmarked: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
    volume_names: Mapping[str, str] = dataclasses.field(default_factory=dict)
    wiped: tuple[str, ...] = ()
    unshared: Mapping[str, str] = dataclasses.field(default_factory=dict)
    strangers: Mapping[str, Mapping[str, tuple[str, ...]]] = (
        dataclasses.field(default_factory=dict))
    no_secure_boot: tuple[str, ...] = ()
    limit: int = 1000
    offered: int = 0
    offered_hosts: int = 0


@dataclasses.dataclass(frozen=True)
class NovaState:
    """:param version: the newest microversion it speaks
    :param zones: availability zone by aggregate uuid
    """

    version: tuple[int, int]
    zones: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class SourceState:
    """What a source says, and what a sync would do.

    :param pending: number of changes by cluster
    """

    facts: model.Facts
    findings: tuple[Notice, ...]
    pending: Mapping[str, int]
    stale_after: int
    now: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Sample:
    """What is ours at one moment: (provider name, what) -> value."""

    values: Mapping[tuple[str, str], str]


@dataclasses.dataclass(frozen=True)
class Evidence:
    """Everything; None is what was not given or could not be read.

    :param clocks: seconds that services are ahead of this machine
    :param missing: why an input could not be read
    """

    placement: PlacementState
    nova: NovaState | None = None
    flavors: tuple[Mapping[str, Any], ...] | None = None
    images: tuple[Mapping[str, Any], ...] | None = None
    nova_conf: cfg.ConfigOpts | None = None
    compute_conf: cfg.ConfigOpts | None = None
    placement_conf: cfg.ConfigOpts | None = None
    source: SourceState | None = None
    samples: tuple[Sample, ...] | None = None
    clocks: Mapping[str, float] = dataclasses.field(default_factory=dict)
    missing: Mapping[str, str] = dataclasses.field(default_factory=dict)
