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

"""Three nodes with one volume of 500 GB, as stock Nova counts them.

Each node reports what Nova's driver really reports: the raw bytes of all of
Ceph, or the whole shared directory.
"""

from typing import Any
import unittest

from hv_sched.placement import ids
from hv_sched.placement import names
from tests.nova import adopting
from tests.nova import publish
from tests.nova.kvm import case

NODES = ('n1', 'n2', 'n3')
SIZE_GB = 500


class Stock(adopting.Adopting, case.KvmCase):
    """:cvar DRIVER: what ``driver`` of the cluster says"""

    STOCK = True
    CLUSTERS = ()
    DRIVER = 'hyperv'

    def setUp(self) -> None:
        super().setUp()
        self.connect(publish.cluster(  # type: ignore[no-untyped-call]
            'c1', {'A': NODES}, SIZE_GB, driver=self.DRIVER))
        self.volumes['A'] = ids.volume_uuid(
            self.cluster.guid, self.cluster.volumes[0].guid)

    def offered_gb(self) -> int:
        """What new disks may have together, as Placement adds it up."""
        found = (self.own.inventories(listed.uuid)[1].get(names.DISK_GB)
                 for listed in self.own.list_providers())
        return sum(disk.capacity for disk in found if disk)


class OfHyperV(Stock):
    HOSTS = NODES


class OfDirectory(Stock):
    DRIVER = 'libvirt-file'
    SHARES = {'A': SIZE_GB}
    KVM = dict.fromkeys(NODES, 'A')


class OfPool(Stock):
    """Beside a pool of 100 GB for images."""

    DRIVER = 'libvirt-rbd'
    POOLS = {'A': SIZE_GB}
    SHARES: dict[str, int] = {}
    KVM = dict.fromkeys(NODES, 'A')


def measure() -> dict[str, Any]:
    """By driver, what stock Nova offers and what is offered once adopted."""
    offered: dict[str, Any] = {}

    def case_of(base: Any) -> Any:
        class Case(base):  # type: ignore[misc]
            def runTest(self) -> None:
                stock_gb = self.offered_gb()
                self.adopt()
                offered[self.DRIVER] = [stock_gb, self.offered_gb()]
        return Case()

    result = unittest.TestResult()
    for base in (OfHyperV, OfDirectory, OfPool):
        case_of(base).run(result)
    for _, trace in (*result.errors, *result.failures):
        raise AssertionError(trace)
    return offered
