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

"""Which node a source says that a cluster runs each server on. Pure."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime

from hv_sched import model
from hv_sched.compute.servers import Server
from hv_sched.providers import freshness
from hv_sched.providers import node_matching
from hv_sched.sources import timestamp


@dataclasses.dataclass(frozen=True)
class Owner:
    """The owner node of a server's cluster group.

    :param node: its name in the source
    :param stated_at: when that was collected, None when nobody said
    """

    node: str
    stated_at: datetime.datetime | None = None


Owners = Mapping[str, Owner]


def owners_of(facts: model.Facts, now: datetime.datetime,
              stale_after: int) -> dict[str, Owner]:
    """By server: its owner; not of facts too old, or of the future.

    A server that two clusters say they run has none.

    :param stale_after: seconds, 0 accepts any age
    """
    owners: dict[str, Owner] = {}
    doubled: set[str] = set()
    for server, owner in _stated(facts, now, stale_after):
        if server in owners:
            doubled.add(server)
        owners[server] = owner
    return {server: owner for server, owner in owners.items()
            if server not in doubled}


def _stated(facts: model.Facts, now: datetime.datetime, stale_after: int
            ) -> Iterator[tuple[str, Owner]]:
    for cluster in facts.clusters:
        report = cluster.sections.get(model.Section.GROUPS)
        stated_at = (report and report.collected_at) or cluster.collected_at
        if (report and report.error) or (
                stated_at is not None
                and not freshness.is_of_now(stated_at, now, stale_after)):
            continue
        for vm in cluster.vms or ():
            if vm.instance_uuid is not None and vm.owner_node is not None:
                yield vm.instance_uuid, Owner(vm.owner_node, stated_at)


def provider_of(owner: Owner | None, server: Server,
                nodes: node_matching.SingleMatches) -> str | None:
    """The provider of the node a cluster runs a server on, None if unknown.

    What was collected before Nova last wrote its record of the server proves
    nothing: the server may have moved in between.

    :param nodes: the compute nodes
    """
    if owner is None or not _is_newer(owner, server):
        return None
    return nodes.provider_of(owner.node)


def _is_newer(owner: Owner, server: Server) -> bool:
    if owner.stated_at is None or server.updated is None:
        return True
    try:
        updated = timestamp.read(server.updated)
    except ValueError:
        return False
    if updated.tzinfo is None:
        updated = updated.replace(tzinfo=datetime.timezone.utc)
    return owner.stated_at >= updated
