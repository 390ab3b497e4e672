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

"""What the host filters refuse, said to the operator and to the user."""

from __future__ import annotations

import collections
from collections.abc import Mapping
import logging
from typing import Any

from nova import exception
from nova import objects

from hv_sched.request_filters import refusal
from hv_sched.request_filters import request_state

_MAX_HOSTS = 16


def log(logger: logging.Logger, filter_name: str,
        request_spec: objects.RequestSpec, texts: Mapping[str, str],
        hosts: int) -> None:
    """Log which hosts are refused, once a request at INFO.

    Nova filters once for each server of a request, and once more for
    alternate hosts: the same again, unless it is what ends the request.

    :param texts: why, by host
    :param hosts: how many hosts there were
    """
    state = request_state.of(request_spec)
    ends_request = len(texts) == hosts and not _all_have_hosts(
        request_spec, filter_name)
    is_news = ends_request or not state.refusal_is_logged
    state.refusal_is_logged = True
    logger.log(logging.INFO if is_news else logging.DEBUG,
               '%s: %s refused %d of %d host%s: %s',
               refusal.server(request_spec), filter_name, len(texts), hosts,
               '' if hosts == 1 else 's', _by_text(texts))


def no_host(request_spec: objects.RequestSpec, reason: str) -> list[Any]:
    """End the request with a reason for the user, where Nova allows it.

    Once an earlier server of the request has a host, an exception would
    leave its allocations behind: Nova releases them when no host is left.

    :raises NoValidHost:
    """
    if request_state.of(request_spec).servers_with_hosts.total():
        return []
    raise exception.NoValidHost(reason=refusal.shown(reason))


def count(request_spec: objects.RequestSpec, filter_name: str) -> None:
    """Note that a filter leaves hosts for a server of the request."""
    request_state.of(request_spec).servers_with_hosts[filter_name] += 1


def _all_have_hosts(request_spec: objects.RequestSpec, filter_name: str
                    ) -> bool:
    servers = (request_spec.num_instances
               if 'num_instances' in request_spec else 1)
    return request_state.of(
        request_spec).servers_with_hosts[filter_name] >= servers


def _by_text(texts: Mapping[str, str]) -> str:
    hosts_by_text = collections.defaultdict(list)
    for host, text in sorted(texts.items()):
        hosts_by_text[text].append(host)
    return '; '.join(f'{_listed(hosts)}: {text}'
                     for text, hosts in hosts_by_text.items())


def _listed(hosts: list[str]) -> str:
    more = len(hosts) - _MAX_HOSTS
    return ', '.join(hosts[:_MAX_HOSTS]) + (
        f' and {more} more' if more > 0 else '')
