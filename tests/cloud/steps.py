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

"""What an operator does to a volume, done alike with and without hv_sched.

Each step leaves the cloud as it was and says what came of it: a number for
the test, a line for the page that compares the two.
"""

import dataclasses

from tests.cloud import client
from tests.cloud import cloud
from tests.cloud import processes
from tests.cloud import servers
from tests.cloud import shares
from tests.cloud import topology

CLUSTER = topology.CLUSTERS[0]
# Asked for until Nova refuses one, the largest first.
SIZES = (200, 100, 50, 20, 10, 5, 2, 1)


@dataclasses.dataclass
class Outcome:
    """What came of a step.

    :param after: GB that its servers hold afterwards, on all providers
    """

    accepted: bool
    after: int = 0
    during: int | None = None

    def __str__(self) -> str:
        if not self.accepted:
            return 'refused'
        during = '' if self.during is None else f'{self.during} GB during, '
        return f'accepted, {during}{self.after} GB after'


class Steps:
    """Works on the first cluster."""

    def __init__(self, openstack: client.OpenStack, home: cloud.Cloud
                 ) -> None:
        self._openstack = openstack
        self._home = home

    def shares(self) -> shares.Shares:
        return shares.Shares(self._home.databases)

    def on_cluster(self) -> int:
        """GB that Placement counts on the cluster's disk, whoever has it."""
        names = {*CLUSTER.nodes, f'csv:{CLUSTER.name}/Volume1'}
        return sum(used for name, used in self.shares().by_provider().items()
                   if name in names)

    def offered(self) -> int:
        """GB that Placement offers on the cluster's disk."""
        names = {*CLUSTER.nodes, f'csv:{CLUSTER.name}/Volume1'}
        return sum(capacity for name, capacity
                   in self.shares().capacity_gb.items() if name in names)

    def fill(self, label: str, *where: str, sizes: tuple[int, ...] = SIZES
             ) -> list[str]:
        """Create servers until the smallest is refused; those that run."""
        made, refused = [], []
        for size in sizes:
            while self._runs(name := f'{label}-{len(made)}-{size}', size,
                             *where):
                made.append(name)
            refused.append(name)
        self._openstack.delete(*refused)
        return made

    def create(self, name: str, size: int, *where: str) -> bool:
        """Whether a server with this disk was built; a refused one is gone."""
        if self._runs(name, size, *where):
            return True
        self._openstack.delete(name)
        return False

    def _runs(self, name: str, size: int, *where: str) -> bool:
        """Whether a server with this disk was built."""
        self._openstack.create(name, f'disk{size}', *where)
        return bool(self._openstack.settled(name).status == 'ACTIVE')

    def settle(self) -> None:
        """Wait until no escrow is left: Nova ends a migration at leisure."""
        processes.wait('escrow released', lambda: not self.shares().held(),
                       client.DEADLINE_SECONDS)

    def _released(self, used: int) -> None:
        """Wait until what a move charged in passing is released."""
        processes.wait('the share of the source released',
                       lambda: self.on_cluster() == used,
                       client.DEADLINE_SECONDS)

    def _held_by(self, *names: str) -> int:
        found = self._openstack.servers()
        held = self.shares().by_consumer()
        return sum(held.get(found[name].uuid, 0) for name in names)

    def live_migrate(self, name: str, target: str | None = None) -> Outcome:
        """Live migration inside the cluster."""
        before = self._openstack.servers()[name].host
        used = self.on_cluster()
        host = ['--host', target] if target else []
        result = self._openstack.run('server', 'migrate',
                                     '--live-migration', *host, name)
        server = self._openstack.settled(name)
        self._released(used)
        return Outcome(
            not result.returncode and server.host != before and
            server.status == 'ACTIVE', self._held_by(name))

    def resize(self, name: str, flavor: str | None, *, confirm: bool
               ) -> Outcome:
        """Cold migration (no flavor) or resize, confirmed or reverted."""
        change = (['resize', '--flavor', flavor] if flavor else ['migrate'])
        before = self.on_cluster()
        size = self._held_by(name)
        result = self._openstack.run('server', *change, name)
        status = self._openstack.settled(name).status
        if result.returncode or status != 'VERIFY_RESIZE':
            return Outcome(False, self._held_by(name))
        during = size + self.on_cluster() - before
        self._openstack.do('server', 'resize',
                           'confirm' if confirm else 'revert', name)
        self._openstack.wait({name: 'ACTIVE'})
        return Outcome(True, self._held_by(name), during)

    def evacuate(self, name: str) -> Outcome:
        """Evacuation, the node chosen by Nova; the source stays down."""
        source = self._openstack.servers()[name].host
        used = self.on_cluster()
        servers.stop_node(self._openstack, self._home, source)
        try:
            self._openstack.do('server', 'evacuate', name)
            server = self._openstack.settled(name, moved_from=source)
            return Outcome(server.status != 'ERROR', self._held_by(name))
        finally:
            servers.start_node(self._openstack, self._home, source)
            self._released(used)

    def shelve(self, name: str) -> Outcome:
        """Shelve offload and unshelve."""
        self._openstack.do('server', 'shelve', name)
        self._openstack.wait({name: 'SHELVED_OFFLOADED'})
        during = self._held_by(name)
        self._openstack.do('server', 'unshelve', name)
        self._openstack.wait({name: 'ACTIVE'})
        return Outcome(True, self._held_by(name), during)
