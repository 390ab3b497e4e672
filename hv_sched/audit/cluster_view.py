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


"""What Placement and Nova say of one cluster at one time, as values."""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses

from hv_sched.audit import orphans
from hv_sched.audit.held import Held
from hv_sched.compute.servers import NovaRecords
from hv_sched.compute.servers import Server


@dataclasses.dataclass(frozen=True)
class AuditView:
    """One reading of a cluster.

    :param held: by consumer, all it holds in the cluster
    """

    held: Mapping[str, Mapping[str, Mapping[str, int]]]
    servers: Mapping[str, Server]

    @property
    def holding_disk(self) -> list[str]:
        return [consumer for consumer, held in self.held.items()
                if _has_disk(held)]


class Services:
    """Nova's compute services, read once for all clusters.

    An empty answer is none: ``proven.prove`` asks again for a while.
    """

    def __init__(self, cloud: NovaRecords) -> None:
        self._cloud = cloud
        self._hosts: Mapping[str, bool] = {}

    def computes(self) -> Mapping[str, bool]:
        self._hosts = self._hosts or self._cloud.computes()
        return self._hosts

    def node_names(self) -> Collection[str]:
        return self._cloud.node_names()


@dataclasses.dataclass(frozen=True)
class Cells:
    """Which part of the cloud answers.

    :param hosts: host by node's provider, as far as Nova tells
    :param down: hosts of cells that do not answer
    :param unlisted: nodes with a nova-compute of which Nova lists no
        hypervisor of their provider: what is on them it does not tell
    """

    hosts: Mapping[str, str]
    down: frozenset[str] = frozenset()
    unlisted: frozenset[str] = frozenset()

    @property
    def doubt(self) -> str:
        """Why some servers are not checked; empty when all are."""
        if self.down:
            return f'the cell of {_listed(self.down)} does not answer'
        if self.unlisted:
            return (f'Nova lists a nova-compute on {_listed(self.unlisted)} '
                    'and no hypervisor with the uuid that its provider has: '
                    'check the endpoint and region, and that nova-compute\'s '
                    'log')
        return ''


def _listed(names: Collection[str]) -> str:
    return ', '.join(sorted(names))


def _has_disk(held: Held) -> bool:
    return any(rc in resources for resources in held.values()
               for rc in orphans.DISK)
