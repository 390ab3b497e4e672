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

"""Reads of Placement what the status shows of it.

In the steady state a few requests, however many volumes there are: a
provider's generation stands in the list of all, and one that has the same as
before is not read again.
"""


from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import features
from hv_sched.placement import bulk_read
from hv_sched.placement import names
from hv_sched.placement import provider_read
from hv_sched.placement.client import Placement
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Provider
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.status import build
from hv_sched.status import recorder as recorders
from hv_sched.status import volume_rules
from hv_sched.status.recorder import Recorder


class StatusReader:
    """:param workers: requests at a time"""

    def __init__(self, placement: Placement, workers: int) -> None:
        self._placement = placement
        self._workers = workers
        self._volumes: dict[str, Provider] = {}

    def observe(self) -> build.Observation:
        """:raises PlacementError: Placement cannot be read"""
        listed = self._placement.list_providers()
        in_use = self._placement.all_traits(associated=True)
        compute_nodes = self._placement.list_providers(
            required=names.COMPUTE_NODE)
        nodes = {provider.uuid: provider.name for provider in compute_nodes}
        traits = bulk_read.node_traits(
            self._placement, in_use, compute_nodes, self._workers)
        self._read_volumes(listed)
        return build.Observation(
            self._placement.server_time or reconcile.utcnow(),
            {uuid: provider for uuid, provider in self._volumes.items()
             if volume_rules.is_ours(provider)},
            nodes, self._with_remotefx(in_use, traits))

    def _read_volumes(self, listed: list[Listed]) -> None:
        """Those whose generation is another than before; others stay."""
        volumes = {provider.uuid: provider for provider in listed
                   if provider.name.startswith(names.VOLUME_NAME_PREFIX)}
        unchanged = {uuid: provider for uuid, provider in self._volumes.items()
                if uuid in volumes
                and (provider.generation, provider.name)
                == (volumes[uuid].generation, volumes[uuid].name)}
        changed = [provider for uuid, provider in volumes.items()
                   if uuid not in unchanged]
        self._volumes = unchanged | provider_read.read_providers(
            self._placement, changed,
            frozenset(provider.uuid for provider in changed), self._workers)

    def _with_remotefx(self, in_use: frozenset[str],
                       traits: dict[str, frozenset[str]]
                       ) -> dict[str, frozenset[str]]:
        """RemoteFX is a trait of the node's child."""
        trait = features.REMOTEFX.trait
        if trait not in in_use:
            return traits
        return traits | {
            child.parent_uuid: traits.get(
                child.parent_uuid, frozenset()) | {trait}
            for child in self._placement.list_providers(required=trait)
            if child.parent_uuid}


class StatusPart:
    """The part of the agent that reads Placement for the status."""

    def __init__(self, recorder: Recorder, placement: Placement,
                 options: settings.Settings) -> None:
        self._recorder = recorder
        self._options = options
        self._reader = StatusReader(placement, options.workers)

    def run(self, _number: int) -> int:
        """One pass; what was read before stays where this one fails.

        :raises PlacementError: Placement cannot be read
        """
        try:
            self._recorder.observed(self._reader.observe(), self._options)
        except exception.PlacementError as exc:
            self._recorder.unread(recorders.PLACEMENT, str(exc))
            raise
        self._recorder.unread(recorders.PLACEMENT, '')
        return exit_codes.OK
