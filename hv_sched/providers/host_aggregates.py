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

from hv_sched import exception
from hv_sched import model
from hv_sched.compute import lookups
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.providers import node_matching
from hv_sched.providers import sections

NAME = 'hv_cluster'
GUID = 'hv_cluster_guid'


@dataclasses.dataclass(frozen=True)
class HostAggregate:
    """A host aggregate of Nova.

    :param hosts: names of nova-compute services
    """

    id: int
    name: str
    hosts: frozenset[str]
    metadata: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class CreateAggregate:
    """A new aggregate with its members."""

    name: str
    metadata: Mapping[str, str]
    hosts: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class ChangeAggregate:
    """One of ours that is not as it should be; None stays as it is."""

    id: int
    name: str
    former_name: str
    metadata: Mapping[str, str] | None
    add: tuple[str, ...]
    remove: tuple[str, ...]


AggregateStep: TypeAlias = CreateAggregate | ChangeAggregate


@dataclasses.dataclass(frozen=True)
class AggregatesPlan:
    """What is to be done, and what is not, and why."""

    steps: tuple[AggregateStep, ...]
    findings: tuple[Notice, ...]


def plan(clusters: Iterable[model.Cluster],
         aggregates: Iterable[HostAggregate],
         hosts: Mapping[str, str]) -> AggregatesPlan:
    """What makes the aggregates of these clusters right. Pure.

    :param hosts: host by the node's name in the source, of the nodes Nova
        lists: no host is removed while it does not list all of a cluster
    """
    existing = tuple(aggregates)
    steps: list[AggregateStep] = []
    findings: list[Notice] = []
    for cluster in sorted(clusters, key=lambda cluster: cluster.name):
        clash = _clash(cluster, existing)
        if clash:
            findings.append(Notice(
                cluster.name, cluster.name, Kind.REFUSED, clash,
                'host-aggregate-clash'))
            continue
        step = _step(cluster, _owned(cluster, existing), hosts)
        if step is not None:
            steps.append(step)
        missing = sorted(node.name for node in cluster.nodes
                         if node.name not in hosts)
        if missing:
            findings.append(Notice(
                cluster.name, cluster.name, Kind.SKIPPED, 'Nova lists no '
                f'hypervisor for {", ".join(missing)}: they are not added to '
                'its host aggregate, and no host is removed from it; check '
                'the endpoint and region, and their nova-computes',
                'host-aggregate-incomplete'))
    return AggregatesPlan(tuple(steps), tuple(findings))


def _metadata(cluster: model.Cluster) -> dict[str, str]:
    return {NAME: cluster.name, GUID: cluster.guid}


def _owned(cluster: model.Cluster, existing: Iterable[HostAggregate]
           ) -> list[HostAggregate]:
    return [aggregate for aggregate in existing
            if aggregate.metadata.get(GUID) == cluster.guid
            or _is_half_made(cluster, aggregate)]


def _is_half_made(cluster: model.Cluster, aggregate: HostAggregate) -> bool:
    """Nova creates an aggregate first and takes its metadata then."""
    return aggregate.name == cluster.name and not (
        aggregate.hosts or aggregate.metadata)


def _clash(cluster: model.Cluster, existing: tuple[HostAggregate, ...]
           ) -> str | None:
    """Why a cluster can have no aggregate, None when it can."""
    owned = _owned(cluster, existing)
    if len(owned) > 1:
        claims = ', '.join(f'{aggregate.name} ({aggregate.id})'
                           for aggregate in owned)
        return (f'several host aggregates have its {GUID}: {claims}; take '
                'that property off all but one')
    for aggregate in existing:
        name = aggregate.name
        if aggregate in owned or cluster.name not in (
                name, aggregate.metadata.get(NAME)):
            continue
        clash = ('is called' if name == cluster.name
                 else f'has {NAME}={cluster.name} and is called')
        return (f'host aggregate {aggregate.id} {clash} {name} and is not '
                f'hv_sched\'s: rename it, take {NAME} off it, or make it '
                f'hv_sched\'s with the property {GUID}={cluster.guid}')
    return None


def _step(cluster: model.Cluster, owned: list[HostAggregate],
          hosts: Mapping[str, str]) -> AggregateStep | None:
    members = {hosts[node.name] for node in cluster.nodes
               if node.name in hosts}
    metadata = _metadata(cluster)
    if not owned:
        return CreateAggregate(cluster.name, metadata, tuple(
            sorted(members))) if members else None
    now, = owned
    change = ChangeAggregate(
        now.id, cluster.name, now.name,
        None if metadata.items() <= now.metadata.items() else metadata,
        tuple(sorted(members - now.hosts)),
        tuple(sorted(now.hosts - members)) if _are_all_known(
            cluster, hosts) else ())
    if (change.name, change.metadata, change.add, change.remove) == (
            now.name, None, (), ()):
        return None
    return change


def _are_all_known(cluster: model.Cluster, hosts: Mapping[str, str]) -> bool:
    """Whether a host that is none of its nodes' is not the cluster's.

    A tenant's property on the aggregate keeps others off its hosts: none is
    taken out of it in doubt.
    """
    return not (sections.is_unusable(cluster, model.Section.NODES) or any(
        item.kind is model.ItemKind.NODE for item in cluster.set_aside)
        ) and all(node.name in hosts for node in cluster.nodes)


def lines(step: AggregateStep) -> Iterator[tuple[str, str, str, str, str]]:
    """A row for each thing that changes, as ``csv sync`` shows them."""
    subject = f'host aggregate {step.name}'
    if isinstance(step, CreateAggregate):
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
    """Reads and writes them in a running Nova."""

    def __init__(self, nova: lookups.Nova) -> None:
        self._nova = nova

    def plan(self, clusters: Iterable[model.Cluster]) -> AggregatesPlan:
        """What is to be done for these clusters.

        :raises NovaError: when Nova cannot be read
        """
        with _named(self._nova, 'read'):
            aggregates = [HostAggregate(
                int(aggregate.id), aggregate.name,
                frozenset(aggregate.hosts or ()),
                dict(aggregate.metadata or {}))
                for aggregate in self._nova.aggregates()]
            listed = {node.id: node for node in self._nova.hypervisors()}
        described = list(clusters)
        uuids = node_matching.match_nodes(described, {
            uuid: node.name for uuid, node in listed.items()}).uuids
        return plan(described, aggregates, {
            name: listed[uuid].service_details['host']
            for name, uuid in uuids.items()})

    def apply(self, step: AggregateStep) -> None:
        """Do one step; a step that was interrupted is planned again.

        :raises NovaError: it was not finished
        """
        with _named(self._nova, f'change {step.name}'):
            compute = self._nova.proxy
            if isinstance(step, CreateAggregate):
                aggregate = compute.create_aggregate(name=step.name)
                # Before the members: without it the next plan would see a
                # stranger of that name.
                compute.set_aggregate_metadata(
                    aggregate.id, dict(step.metadata))
                _set_members(compute, aggregate.id, step.hosts, ())
                return
            if step.name != step.former_name:
                compute.update_aggregate(step.id, name=step.name)
            if step.metadata is not None:
                compute.set_aggregate_metadata(
                    step.id, dict(step.metadata))
            _set_members(compute, step.id, step.add, step.remove)


def _set_members(compute: Any, aggregate: int, add: Iterable[str],
                 remove: Iterable[str]) -> None:
    for host in add:
        compute.add_host_to_aggregate(aggregate, host)
    for host in remove:
        compute.remove_host_from_aggregate(aggregate, host)


@contextlib.contextmanager
def _named(nova: lookups.Nova, doing: str) -> Iterator[None]:
    """Refusals of Nova or Keystone, with what was being done."""
    try:
        with nova.translated():
            yield
    except exception.NovaDenied as exc:
        if exc.status in (401, 403):
            raise exception.NovaDenied(
                'these credentials may not change host aggregates: '
                'the admin role is needed (os_compute_api:os-aggregates, '
                f'os_compute_api:os-hypervisors): {exc}',
                exc.status) from exc
        raise exception.NovaDenied(
            f'host aggregates, {doing}: {exc}', exc.status) from exc
    except exception.NovaUnavailable as exc:
        raise exception.NovaUnavailable(
            f'host aggregates, {doing}: {exc}', exc.status) from exc
