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

"""Whether the Nova that answers is this cloud's Nova.

Nova's "there is no such server" releases shares and opens disks. A wrong
endpoint, another region's Nova or one whose database is empty says it of
every server, so nothing may rest on that denial before Nova has shown that
it has the compute nodes concerned.
"""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import logging
from typing import Protocol

import tenacity

from hv_sched import exception
from hv_sched import printable
from hv_sched import windows_names

LOG = printable.logger(__name__)
_ATTEMPTS = 4
_PAUSE_SECONDS = 2.0  # the longest pause between two attempts
_SHOWN = 5
# A Nova in working order may miss this many of the consumers asked about:
# servers deleted while a node was away, leaks of Nova's own.
UNKNOWN_CONSUMERS = 3
UNKNOWN_PERCENT = 5


class ComputeServices(Protocol):
    """The part of ``servers.Servers`` that is read here."""

    def computes(self) -> Mapping[str, bool]:
        """Every nova-compute's host, and whether its cell answers."""

    def node_names(self) -> Collection[str]:
        """The hypervisor host name of every compute node."""


@dataclasses.dataclass(frozen=True)
class NovaProof:
    """Whether Nova is proven.

    :param reason: why it is not, as text; empty when it is
    :param cause: the error Nova answered with, None when it answered
    """

    reason: str = ''
    cause: exception.NovaError | None = None

    @property
    def is_proven(self) -> bool:
        return not self.reason

    def require(self) -> None:
        """Nothing when Nova is proven.

        :raises NovaUnavailable, NovaDenied: it could not be asked
        :raises NovaNotProven: it answered, but not as this cloud's Nova
        """
        if self.cause is not None:
            raise self.cause
        if self.reason:
            raise exception.NovaNotProven(self.reason)


def prove(nova: ComputeServices, expected_hosts: Collection[str]) -> NovaProof:
    """Ask Nova for its compute services and look for ours among them.

    An empty list is asked for again, for a few seconds: Nova gives one for a
    moment while its cells are being mapped.

    :param expected_hosts: names of the compute nodes concerned, as their
        resource providers are called: their hypervisor host names
    """
    try:
        hosts = _compute_hosts(nova)
    except exception.NovaError as exc:
        return NovaProof(str(exc), exc)
    if not hosts:
        return NovaProof('Nova lists no compute service at all, so its answer '
                         'that servers are gone is not trusted; check the '
                         'endpoint and region')
    missing = missing_hosts(hosts, expected_hosts)
    missing = missing and _missing_nodes(nova, missing)
    if not missing:
        return NovaProof()
    omitted = len(missing) - _SHOWN
    return NovaProof(
        f'Nova lists {len(hosts)} compute services but none for '
        + ', '.join(missing[:_SHOWN])
        + (f' and {omitted} more' if omitted > 0 else '')
        + ": it may be another cloud's or region's, so its answer that "
        "servers are gone is not trusted; check the endpoint and region")


@tenacity.retry(
    retry=tenacity.retry_if_result(lambda hosts: not hosts),
    stop=tenacity.stop_after_attempt(_ATTEMPTS),
    wait=tenacity.wait_exponential(multiplier=0.25, max=_PAUSE_SECONDS),
    before_sleep=tenacity.before_sleep_log(LOG, logging.WARNING),
    retry_error_callback=lambda retry_state: frozenset())
def _compute_hosts(nova: ComputeServices) -> frozenset[str]:
    return frozenset(nova.computes())


def _missing_nodes(nova: ComputeServices, nodes: Collection[str]
                   ) -> list[str]:
    """A service may be called otherwise than its node: ``[DEFAULT]host``.

    While a cell is down Nova returns no compute node.
    """
    try:
        return missing_hosts(nova.node_names(), nodes)
    except exception.NovaError:
        return sorted(nodes)


def missing_hosts(hosts: Collection[str], nodes: Collection[str]
                  ) -> list[str]:
    """Nodes that are none of the hosts. Pure.

    On Windows a name is the same with and without its domain, and in any
    case. Names with different domains are different hosts.
    """
    folded = {windows_names.key(host) for host in hosts}
    short = {windows_names.bare(host) for host in folded}
    return sorted(node for node in nodes
                  if not _is_among(windows_names.key(node), folded, short))


def _is_among(node: str, hosts: Collection[str], short: Collection[str]
              ) -> bool:
    if '.' in node:
        return node in hosts or windows_names.bare(node) in hosts
    return node in short


def too_many_unknown(unknown: int, consumers: int) -> bool:
    """Whether Nova knows so few consumers that it is not believed. Pure.

    :param unknown: how many of the consumers Nova does not know
    :param consumers: how many it was asked about
    """
    return (unknown > UNKNOWN_CONSUMERS
            and unknown * 100 > consumers * UNKNOWN_PERCENT)


def require_known(unknown: int, consumers: int) -> None:
    """Nothing while Nova knows nearly all consumers it was asked about.

    :param unknown: how many of them Nova does not know
    :raises NovaNotProven: too many
    """
    if too_many_unknown(unknown, consumers):
        raise exception.NovaNotProven(
            f"Nova does not know {unknown} of the {consumers} consumers that "
            f"hold shares (at most {UNKNOWN_CONSUMERS}, or {UNKNOWN_PERCENT} "
            "%, may be unknown): it may be another cloud's or region's, so "
            "its answer that servers are gone is not trusted; check the "
            "endpoint and region")
