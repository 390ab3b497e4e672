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
import nova.conf
from nova.scheduler import filters
from nova.scheduler import utils

from hv_sched import exception as hv_exception
from hv_sched import printable
from hv_sched import request_filters
from hv_sched import requirements
from hv_sched.filters import refused_hosts
from hv_sched.filters import shortfall
from hv_sched.filters import single_host
from hv_sched.placement import names
from hv_sched.request_filters import refusal
from hv_sched.request_filters import requested_features
from hv_sched.request_filters.request_state import RequestedFeatures
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_transport

CONF = nova.conf.CONF
LOG = printable.logger(__name__)


class HyperVFeatureFilter(single_host.SingleHost, filters.BaseHostFilter):
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
        if not CONF.hv_sched.scheduler_enabled:
            return host_states
        try:
            hosts = self._capable(host_states, spec_obj)
        except exception.NoValidHost:
            raise
        except Exception:
            LOG.exception('%s: %s failed: hosts are used as Placement returns '
                          'them',
                          refusal.server(spec_obj), type(self).__name__)
            hosts = host_states
        if hosts:
            refused_hosts.count(spec_obj, type(self).__name__)
        return hosts

    def _capable(self, host_states: list[Any],
                 spec_obj: objects.RequestSpec) -> list[Any]:
        rebuild = utils.request_is_rebuild(spec_obj)
        try:
            requested = _requested(spec_obj, rebuild)
            requested_features.refuse_contradictions(requested)
        except exception.RequestFilterFailed as exc:
            LOG.info('%s: %s refused the request: %s',
                     refusal.server(spec_obj), type(self).__name__,
                     refusal.details(exc))
            raise exception.NoValidHost(
                reason=refusal.shown(refusal.reason(exc))) from exc
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
        # A rebuild stays on its host: what that lacks is read.
        lack = (_lack_of(demands, host_states[0].uuid) if rebuild
                else shortfall.unread(demands))
        if lack.is_empty:  # the host gained it since
            return host_states
        refused_hosts.log(
            LOG, type(self).__name__, spec_obj,
            {host.host: str(lack) for host in host_states
             if host.uuid not in nodes}, len(host_states))
        if not capable:
            return refused_hosts.no_host(spec_obj, lack.reason(rebuild))
        return capable


def _requested(request_spec: objects.RequestSpec, rebuild: bool
               ) -> RequestedFeatures:
    """A rebuild has another image: it is read again, and for no query."""
    if rebuild:
        return RequestedFeatures(
            requested_features.read(request_spec).requirements)
    return requested_features.of(request_spec)


def _lack_of(demands: requirements.Requirements, node: str
             ) -> shortfall.Shortfall:
    """What one node lacks; all that is asked for when it cannot be read."""
    try:
        traits = nova_transport.placement().traits(node)[1]
    except hv_exception.PlacementError:
        return shortfall.unread(demands)
    return shortfall.of(demands, traits)


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
