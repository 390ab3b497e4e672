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
from hv_sched.providers import sizes
from hv_sched.snapshot.placement_state import PlacementState
from hv_sched.snapshot.placement_state import Sample

# Inputs a check may need; the value says how to have it.
INPUTS = {
    'nova': 'Nova\'s API', 'hypervisors': 'Nova\'s hypervisors',
    'flavors': 'Nova\'s flavors',
    'images': 'Glance\'s images', 'nova_conf': 'give --nova-conf',
    'compute_conf': 'give --compute-conf',
    'placement_conf': 'give --placement-conf', 'source': 'give --source',
    'samples': 'give --watch',
}


@dataclasses.dataclass(frozen=True)
class NovaState:
    """:param version: the newest microversion it speaks
    :param zones: availability zone by aggregate uuid
    :param schedulers: hosts of the nova-schedulers that are up
    """

    version: tuple[int, int]
    zones: Mapping[str, str]
    schedulers: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class SourceState:
    """What a source says, and what a sync would do.

    :param pending: number of changes by cluster
    :param contradictions: published sizes that no node confirms
    """

    facts: model.Facts
    findings: tuple[Notice, ...]
    pending: Mapping[str, int]
    stale_after: int
    now: datetime.datetime
    contradictions: tuple[sizes.Contradiction, ...] = ()


@dataclasses.dataclass(frozen=True)
class DoctorEvidence:
    """Everything; None is what was not given or could not be read.

    :param hypervisors: hypervisor type by the node's provider uuid
    :param clocks: seconds that services are ahead of this machine
    :param readable_options: by configuration file that everybody may read,
        the options in it that hold a secret
    :param missing: why an input could not be read
    """

    placement: PlacementState
    nova: NovaState | None = None
    flavors: tuple[Mapping[str, Any], ...] | None = None
    images: tuple[Mapping[str, Any], ...] | None = None
    hypervisors: Mapping[str, str] | None = None
    nova_conf: cfg.ConfigOpts | None = None
    compute_conf: cfg.ConfigOpts | None = None
    placement_conf: cfg.ConfigOpts | None = None
    source: SourceState | None = None
    samples: tuple[Sample, ...] | None = None
    clocks: Mapping[str, float] = dataclasses.field(default_factory=dict)
    readable_options: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict)
    missing: Mapping[str, str] = dataclasses.field(default_factory=dict)
