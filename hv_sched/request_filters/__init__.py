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

"""Changes to what Nova asks Placement.

Nova has no option for request filters, so whichever hv_sched filter is built
first appends them to Nova's list; each has a switch of its own.
"""

from __future__ import annotations

from collections.abc import Callable
import functools

from nova import context as nova_context
from nova import exception
from nova import objects
import nova.conf
from nova.scheduler import request_filter

from hv_sched import conf
from hv_sched import printable
from hv_sched.conf import scheduler
from hv_sched.request_filters import closed
from hv_sched.request_filters import disk_group
from hv_sched.request_filters import features
from hv_sched.request_filters import forced_host
from hv_sched.request_filters import moves
from hv_sched.request_filters import refusal

CONF = nova.conf.CONF
LOG = printable.logger(__name__)
conf.register_opts(CONF)

RequestFilter = Callable[
    ['nova_context.RequestContext', 'objects.RequestSpec'], bool]


def guarded(function: RequestFilter, option: str) -> RequestFilter:
    """A request filter that raises nothing but RequestFilterFailed.

    Any other exception leaves a live-migrating or evacuated server in ERROR:
    only this one ends as "No valid host".

    :param option: the switch in [hv_sched]
    """
    @functools.wraps(function)
    def filter_request(context: nova_context.RequestContext,
                       request_spec: objects.RequestSpec) -> bool:
        if not scheduler.is_on(CONF.hv_sched, option):
            return False
        try:
            return function(context, request_spec)
        except exception.RequestFilterFailed as exc:
            LOG.info('%s: %s refused the request: %s',
                     refusal.server(request_spec), option,
                     refusal.details(exc))
            raise exception.RequestFilterFailed(
                reason=refusal.shown(refusal.reason(exc))) from exc
        except Exception as exc:
            LOG.exception('%s: %s failed', refusal.server(request_spec),
                          option)
            raise exception.RequestFilterFailed(
                reason=refusal.FAULT) from exc
    return filter_request


# In this order: what is asked of hosts, then which form a move takes, then
# where the disk is asked (a move that keeps its disk asks none), then which
# of its homes a forced host may use, then what is forbidden, which must
# follow the disk into its group.
REQUEST_FILTERS: tuple[RequestFilter, ...] = (
    guarded(features.ask_features, 'request_filter_features'),
    guarded(moves.keep_disk, 'request_filter_moves'),
    guarded(disk_group.ask_disk_in_own_group, 'request_filter_disk_group'),
    guarded(forced_host.refuse_without_room, 'request_filter_disk_group'),
    guarded(closed.avoid_closed, 'request_filter_closed'),
)


def install() -> None:
    """Append ours to Nova's request filters, once."""
    for function in REQUEST_FILTERS:
        if function not in request_filter.ALL_REQUEST_FILTERS:
            request_filter.ALL_REQUEST_FILTERS.append(function)
