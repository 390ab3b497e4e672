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

"""Gathers what the checks look at; what cannot be read is left out."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
from email import utils as email_utils
import time
from typing import Any
from typing import TypeVar

from keystoneauth1 import exceptions as ksa_exceptions
from oslo_config import cfg

from hv_sched import exception
from hv_sched import model
from hv_sched.compute import checked_session
from hv_sched.compute import lookups
from hv_sched.conf import exposed_secrets
from hv_sched.conf import nova_conf
from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.evidence import NovaState
from hv_sched.doctor.evidence import SourceState
from hv_sched.placement.client import Placement
from hv_sched.providers import reconcile
from hv_sched.providers import sizes
from hv_sched.snapshot import placement_state
from hv_sched.snapshot.placement_state import Sample

_INTERVAL = 2.0  # seconds between two looks at what is watched
_Read = TypeVar('_Read')


@dataclasses.dataclass(frozen=True)
class DoctorInputs:
    """What the operator gave.

    :param watch: seconds to watch for values that go back and forth
    :param config_files: paths of the files that were read for this run
    """

    nova_conf: cfg.ConfigOpts | None = None
    compute_conf: cfg.ConfigOpts | None = None
    placement_conf: cfg.ConfigOpts | None = None
    facts: model.Facts | None = None
    stale_after: int = 0
    watch: float = 0
    config_files: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Clients:
    """:param adapters: keystoneauth1 Adapters by what people call the
        services, to ask each what time it is
    """

    placement: Placement
    nova: lookups.Nova
    glance: lookups.Glance
    adapters: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Gatherer:
    """:param clock: this machine's time, in UTC"""

    def __init__(self, clients: Clients, reconciler: reconcile.Reconciler,
                 workers: int = 1,
                 clock: Callable[[], datetime.datetime] = reconcile.utcnow
                 ) -> None:
        self._placement = clients.placement
        self._nova = clients.nova
        self._glance = clients.glance
        self._adapters = clients.adapters
        self._reconciler = reconciler
        self._workers = workers
        self._clock = clock
        self._missing: dict[str, str] = {}

    def gather(self, inputs: DoctorInputs) -> DoctorEvidence:
        """:raises PlacementError: without Placement there is nothing"""
        conf = inputs.nova_conf or nova_conf.defaults()
        state = placement_state.read(
            self._placement, conf.scheduler.max_placement_results,
            self._workers)
        return DoctorEvidence(
            placement=state,
            nova=self._try('nova', self._nova_state),
            flavors=self._try('flavors', lambda: tuple(
                self._nova.flavors())),
            images=self._try('images', lambda: tuple(
                self._glance.images())),
            hypervisors=self._try(
                'hypervisors', self._nova.hypervisor_types),
            nova_conf=inputs.nova_conf, compute_conf=inputs.compute_conf,
            placement_conf=inputs.placement_conf,
            source=self._source(inputs), samples=self._watch(inputs.watch),
            clocks=self._clocks(),
            readable_options=exposed_secrets.options_in(inputs.config_files),
            missing=dict(self._missing))

    def _try(self, input_name: str, read: Callable[[], _Read]) -> _Read | None:
        try:
            return read()
        except exception.ServiceError as exc:
            self._missing[input_name] = exception.told(exc)
            return None

    def _nova_state(self) -> NovaState:
        return NovaState(self._nova.newest(), {
            aggregate.uuid: aggregate.availability_zone
            for aggregate in self._nova.aggregates()
            if aggregate.availability_zone},
            tuple(self._nova.scheduler_hosts()))

    def _source(self, inputs: DoctorInputs) -> SourceState | None:
        if inputs.facts is None:
            return None
        plan, observed = self._reconciler.plan(inputs.facts, full=True)
        pending = {part.cluster: len(part.changes)
                   for part in plan.clusters if part.changes}
        shared_changes = len(plan.vocabulary) + len(plan.cleaning)
        return SourceState(
            inputs.facts, plan.all_findings,
            {**pending, '': shared_changes} if shared_changes else pending,
            inputs.stale_after, self._clock(),
            tuple(sizes.contradictions(observed, inputs.facts)))

    def _watch(self, seconds: float) -> tuple[Sample, ...] | None:
        if not seconds:
            return None
        names = {provider.uuid: provider.name
                 for provider in self._placement.list_providers()}
        end = time.monotonic() + seconds
        samples = [placement_state.sample(self._placement, names)]
        while time.monotonic() < end:
            time.sleep(min(_INTERVAL, max(0.0, end - time.monotonic())))
            samples.append(placement_state.sample(self._placement, names))
        return tuple(samples)

    def _clocks(self) -> dict[str, float]:
        clocks = {}
        for name, adapter in self._adapters.items():
            ahead = self._ahead(adapter)
            if ahead is not None:
                clocks[name] = ahead
        return clocks

    def _ahead(self, adapter: Any) -> float | None:
        """Seconds a service is ahead of us; None when it does not say.

        Its Date header has whole seconds, so half a one is added.
        """
        before = self._clock()
        try:
            response = adapter.get('/', raise_exc=False)
        except (ksa_exceptions.ClientException, *checked_session.TRIPS):
            return None
        after = self._clock()
        try:
            date = email_utils.parsedate_to_datetime(
                response.headers.get('Date', ''))
        except (TypeError, ValueError):
            return None
        middle = before + (after - before) / 2
        return (date - middle).total_seconds() + 0.5
