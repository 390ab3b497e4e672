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

"""HyperVFeatureFilter: only hosts that can run the server.

The safety net behind the request filter, which asks Placement for the same,
and the only guard of a rebuild, for which Nova asks Placement nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nova import exception
from nova import objects
from nova.scheduler import filters
from nova.scheduler import utils

from hv_sched import exception as hv_exception
from hv_sched import printable
from hv_sched import request_filters
from hv_sched import requirements
from hv_sched.placement import names
from hv_sched.request_filters import requested_features
from hv_sched.request_filters.request_state import RequestedFeatures
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_transport

LOG = printable.logger(__name__)


class HyperVFeatureFilter(filters.BaseHostFilter):
    """Drops hosts that lack what flavor and image ask for.

    Where the query asked already nothing is done. Otherwise one request for
    all hosts together tells which are capable; when Placement does not
    answer all pass. A RemoteFX adapter is not looked at: it is a resource,
    and a rebuild keeps its flavor.
    """

    RUN_ON_REBUILD = True

    def __init__(self) -> None:
        super().__init__()
        request_filters.install()

    def filter_all(self, filter_obj_list: Iterable[Any],
                   spec_obj: objects.RequestSpec) -> Iterable[Any]:
        """Hosts that can run the server.

        :raises NoValidHost: none can, with the reason for the user. Nothing
            else is raised: after a fault of its own all hosts pass, which
            the query asked the same of
        """
        host_states = list(filter_obj_list)
        try:
            return self._capable(host_states, spec_obj)
        except exception.NoValidHost:
            raise
        except Exception:
            LOG.exception('%s failed: hosts pass as Placement gives them',
                          type(self).__name__)
            return host_states

    def _capable(self, host_states: list[Any],
                 spec_obj: objects.RequestSpec) -> list[Any]:
        rebuild = utils.request_is_rebuild(spec_obj)
        try:
            requested = _requested(spec_obj, rebuild)
            requested_features.refuse_contradictions(requested)
        except exception.RequestFilterFailed as exc:
            LOG.info('%s is refused: %s', _server(spec_obj), exc)
            raise exception.NoValidHost(reason=str(exc)) from exc
        if requested.in_query:
            return host_states
        return self._capable_of(host_states, requested.requirements,
                                spec_obj, rebuild)

    def _capable_of(self, host_states: list[Any],
                    demands: requirements.Requirements,
                    spec_obj: objects.RequestSpec, rebuild: bool
                    ) -> list[Any]:
        nodes = _capable_nodes(demands)
        if nodes is None:
            return host_states
        capable = [host for host in host_states if host.uuid in nodes]
        if len(capable) == len(host_states):
            return capable
        dropped = [host for host in host_states if host.uuid not in nodes]
        LOG.info('Hosts %s cannot run %s, which asks for %s',
                 ', '.join(sorted(host.host for host in dropped)),
                 _server(spec_obj), '; '.join(map(str, demands.reasons)))
        if rebuild:  # it stays on its host or it is not done
            raise exception.NoValidHost(reason='; '.join(
                f'host {host.host} {_lacks(demands, host.uuid)}'
                for host in dropped))
        return capable

    def host_passes(self, host_state: Any,
                    filter_properties: objects.RequestSpec) -> bool:
        """For callers that know no filter_all()."""
        try:
            return bool(list(self.filter_all([host_state],
                                             filter_properties)))
        except exception.NoValidHost:
            return False


def _server(request_spec: objects.RequestSpec) -> str:
    return f'server {request_spec.instance_uuid}'


def _requested(request_spec: objects.RequestSpec, rebuild: bool
               ) -> RequestedFeatures:
    """A rebuild has another image: it is read anew, and for no query."""
    if rebuild:
        return RequestedFeatures(
            requested_features.read(request_spec).requirements)
    return requested_features.of(request_spec)


def _lacks(demands: requirements.Requirements, node: str) -> str:
    """Why a node cannot run a server; first what matters, since Nova cuts a
    fault at 255 characters.
    """
    try:
        traits = nova_transport.placement().traits(node)[1]
    except hv_exception.PlacementError:
        traits = frozenset()
    missing = [f'lacks {trait} ({demands.asked_by(trait)})'
               for trait in sorted(demands.required - traits)]
    forbidden = [f'may not have {trait} (' + ', '.join(
        reason.text or str(reason.setting) for reason in demands.reasons
        if reason.trait == f'!{trait}') + ')'
        for trait in sorted(demands.forbidden_among(traits))]
    return ', '.join(missing + forbidden)


def _capable_nodes(demands: requirements.Requirements
                   ) -> frozenset[str] | None:
    """Provider uuids of the nodes that can; None: all, or not known."""
    snapshot = cache.get()
    if snapshot is None or names.HYPERV not in snapshot.traits:
        return None
    if demands.required - snapshot.traits:  # unless shown since
        snapshot = cache.recent() or snapshot
    if demands.required - snapshot.traits:
        return frozenset()
    query = ','.join((
        *sorted(demands.required),
        *(f'!{trait}' for trait in sorted(
            demands.forbidden_among(snapshot.traits)))))
    if not query:
        return None
    return _owners(query)


def _owners(query: str) -> frozenset[str] | None:
    try:
        owners = nova_transport.placement().list_providers(required=query)
    except hv_exception.PlacementError as exc:
        LOG.warning('Which nodes are capable cannot be read: %s', exc)
        return None
    return frozenset(provider.uuid for provider in owners)
