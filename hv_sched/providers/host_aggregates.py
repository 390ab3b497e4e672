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

"""One Nova host aggregate for each cluster, as flavors and operators use.

Known by its metadata: ``hv_cluster`` is the cluster's name, and
``hv_cluster_guid`` says that it is ours. No other aggregate is touched, an
availability zone is never set, and an aggregate whose cluster no source
describes stays as it is.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
from typing import Any
from typing import TypeAlias

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions

from hv_sched import exception
from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.notices import Notice

NAME = 'hv_cluster'
GUID = 'hv_cluster_guid'


@dataclasses.dataclass(frozen=True)
class Aggregate:
    """A host aggregate of Nova.

    :param hosts: names of nova-compute services
    """

    id: int
    name: str
    hosts: frozenset[str]
    metadata: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Create:
    """A new aggregate with its members."""

    name: str
    metadata: Mapping[str, str]
    hosts: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Change:
    """One of ours that is not as it should be; None stays as it is."""

    id: int
    name: str
    former_name: str
    metadata: Mapping[str, str] | None
    add: tuple[str, ...]
    remove: tuple[str, ...]


Step: TypeAlias = Create | Change


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done, and what is not, and why."""

    steps: tuple[Step, ...]
    findings: tuple[Notice, ...]


def plan(clusters: Iterable[model.Cluster], aggregates: Iterable[Aggregate],
         hosts: Mapping[str, str]) -> Plan:
    """What makes the aggregates of these clusters right. Pure.

    :param hosts: host by compute node's name, for the nodes Nova knows
    """
    every = tuple(aggregates)
    steps: list[Step] = []
    findings: list[Notice] = []
    for cluster in sorted(clusters, key=lambda one: one.name):
        clash = _clash(cluster, every)
        if clash:
            findings.append(Notice(
                cluster.name, cluster.name, Kind.REFUSED, clash))
            continue
        step = _step(cluster, _ours(cluster, every), hosts)
        if step is not None:
            steps.append(step)
        missing = sorted(node.name for node in cluster.nodes
                         if node.name not in hosts)
        if missing:
            findings.append(Notice(
                cluster.name, cluster.name, Kind.NOTE, 'not in its host '
                'aggregate, as Nova does not know them: '
                + ', '.join(missing)))
    return Plan(tuple(steps), tuple(findings))


def _metadata(cluster: model.Cluster) -> dict[str, str]:
    return {NAME: cluster.name, GUID: cluster.guid}


def _ours(cluster: model.Cluster, every: Iterable[Aggregate]
          ) -> list[Aggregate]:
    return [one for one in every if one.metadata.get(GUID) == cluster.guid
            or _is_half_made(cluster, one)]


def _is_half_made(cluster: model.Cluster, one: Aggregate) -> bool:
    """Nova creates an aggregate first and takes its metadata then."""
    return one.name == cluster.name and not one.hosts and not one.metadata


def _clash(cluster: model.Cluster, every: tuple[Aggregate, ...]
           ) -> str | None:
    """Why a cluster can have no aggregate, None when it can."""
    ours = _ours(cluster, every)
    if len(ours) > 1:
        told = ', '.join(f'{one.name} ({one.id})' for one in ours)
        return (f'several host aggregates have its {GUID}: {told}; take '
                'that property off all but one')
    for one in every:
        if one in ours or cluster.name not in (
                one.name, one.metadata.get(NAME)):
            continue
        how = ('is called' if one.name == cluster.name
               else f'has {NAME}={cluster.name} and is called')
        return (f'host aggregate {one.id} {how} {one.name} and is not '
                f'hv_sched\'s: rename it, take {NAME} off it, or make it '
                f'hv_sched\'s with the property {GUID}={cluster.guid}')
    return None


def _step(cluster: model.Cluster, ours: list[Aggregate],
          hosts: Mapping[str, str]) -> Step | None:
    wanted = {hosts[node.name] for node in cluster.nodes
              if node.name in hosts}
    metadata = _metadata(cluster)
    if not ours:
        return Create(cluster.name, metadata, tuple(sorted(wanted)))
    now, = ours
    change = Change(
        now.id, cluster.name, now.name,
        None if metadata.items() <= now.metadata.items() else metadata,
        tuple(sorted(wanted - now.hosts)), tuple(sorted(now.hosts - wanted)))
    if (change.name, change.metadata, change.add, change.remove) == (
            now.name, None, (), ()):
        return None
    return change


def lines(step: Step) -> Iterator[tuple[str, str, str, str, str]]:
    """A row for each thing that changes, as ``csv sync`` shows them."""
    subject = f'host aggregate {step.name}'
    if isinstance(step, Create):
        yield '+', subject, 'host aggregate', '', ', '.join(
            f'{key}={value}' for key, value in sorted(
                step.metadata.items()))
        for host in step.hosts:
            yield '+', subject, 'host', '', host
        return
    if step.name != step.former_name:
        yield '~', subject, 'name', step.former_name, step.name
    for key, value in sorted((step.metadata or {}).items()):
        yield '~', subject, key, '', value
    for host in step.add:
        yield '+', subject, 'host', '', host
    for host in step.remove:
        yield '-', subject, 'host', host, ''


class HostAggregates:
    """:param connection: openstacksdk's Connection"""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @property
    def _compute(self) -> Any:
        """Finding the service may fail, so it belongs to each request.

        :raises NovaUnavailable: the endpoint does not tell that it is Nova;
            openstacksdk then knows none of its calls
        """
        found = self._connection.compute
        if not hasattr(found, 'aggregates'):
            raise exception.NovaUnavailable(
                'host aggregates: the compute endpoint '
                f'{found.get_endpoint()} does not offer version 2.1')
        return found

    def plan(self, clusters: Iterable[model.Cluster]) -> Plan:
        """What is to be done for these clusters.

        :raises NovaError: when Nova cannot be read
        """
        with _told('read'):
            aggregates = [Aggregate(
                one.id, one.name, frozenset(one.hosts or ()),
                dict(one.metadata or {}))
                for one in self._compute.aggregates()]
            hosts = {one.name: (one.service_details or {})['host']
                     for one in self._compute.hypervisors(details=True)}
        return plan(clusters, aggregates, hosts)

    def apply(self, step: Step) -> None:
        """Do one step; a step that was interrupted is planned again.

        :raises NovaError: it was not finished
        """
        with _told(f'change {step.name}'):
            if isinstance(step, Create):
                made = self._compute.create_aggregate(name=step.name)
                # Before the members: without it the next plan would see a
                # stranger of that name.
                self._compute.set_aggregate_metadata(
                    made.id, dict(step.metadata))
                self._members(made.id, step.hosts, ())
                return
            if step.name != step.former_name:
                self._compute.update_aggregate(step.id, name=step.name)
            if step.metadata is not None:
                self._compute.set_aggregate_metadata(
                    step.id, dict(step.metadata))
            self._members(step.id, step.add, step.remove)

    def _members(self, aggregate: int, add: Iterable[str],
                 remove: Iterable[str]) -> None:
        for host in add:
            self._compute.add_host_to_aggregate(aggregate, host)
        for host in remove:
            self._compute.remove_host_from_aggregate(aggregate, host)


@contextlib.contextmanager
def _told(doing: str) -> Iterator[None]:
    """Nova's refusals as errors of ours, in words."""
    try:
        yield
    except sdk_exceptions.HttpException as exc:
        status = exc.status_code or 0
        if status in (401, 403):
            raise exception.NovaDenied(
                'Nova lets these credentials not change host aggregates: '
                'the admin role is needed (os_compute_api:os-aggregates, '
                f'os_compute_api:os-hypervisors): {exc}') from exc
        kind = (exception.NovaUnavailable if status >= 500
                else exception.NovaDenied)
        raise kind(f'host aggregates, {doing}: {exc}') from exc
    except (sdk_exceptions.SDKException,
            ksa_exceptions.ClientException) as exc:
        raise exception.NovaUnavailable(
            f'host aggregates, {doing}: {exc}') from exc
