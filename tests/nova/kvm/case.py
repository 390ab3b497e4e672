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

"""A cloud with nodes of Nova's real libvirt driver."""

from collections.abc import Callable
import pathlib
from typing import Any

import fixtures
from nova.tests import fixtures as nova_fixtures
from nova.tests.fixtures import libvirt as fakelibvirt

from tests.nova import base
from tests.nova import cold_moves
from tests.nova.kvm import nodes
from tests.nova.kvm.ceph import Ceph
from tests.nova.kvm.ceph import Pool
from tests.nova.kvm.share import Share

IMAGE_BYTES = 1024 ** 2


class KvmCase(cold_moves.ColdMoveCase):
    """Start libvirt nodes with ``start_kvm``.

    :cvar POOLS: of the Ceph cluster: name -> GB
    :cvar SHARES: exported directories: name -> GB
    :cvar KVM: host -> where its disks are: a pool, a share, or None for a
        directory of its own
    :cvar CELLS: host -> its cell, where it is not the first
    :cvar DISK_FORMAT: of disks in directories
    """

    POOLS: dict[str, int] = {}
    SHARES: dict[str, int] = {}
    KVM: dict[str, str | None] = {}
    CELLS: dict[str, str] = {}
    DISK_FORMAT = 'raw'
    HOSTS = ()
    OWN_GB = 128

    def setUp(self) -> None:
        self._folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.ceph = Ceph(*(Pool(name, size_gb) for name, size_gb
                           in {'images': 100, **self.POOLS}.items()))
        self.shares_by_name = {
            name: self._share(name, size_gb)
            for name, size_gb in self.SHARES.items()}
        self.during_migration: Callable[[], Any] = lambda: None
        self.useFixture(nova_fixtures.CGroupsFixture())
        self.useFixture(nova_fixtures.LibvirtFixture())
        self.useFixture(nova_fixtures.OSBrickFixture())
        self.site = self.useFixture(nodes.Site(self.ceph))
        self.useFixture(fixtures.MockPatch(
            'nova.privsep.utils.supports_direct_io', return_value=True))
        self.useFixture(fixtures.MockPatch(
            'nova.virt.libvirt.host.Host.get_online_cpus',
            return_value=set(range(4))))
        self.useFixture(fixtures.MonkeyPatch(
            'nova.tests.fixtures.libvirt.Domain.migrateToURI3',
            self._migrated))
        self.flags(disable_libvirt_livesnapshot=True, group='workarounds')
        self.flags(shutdown_timeout=0)
        self.flags(snapshot_image_format='raw', group='libvirt')
        super().setUp()

    def _share(self, name: str, size_gb: int) -> Share:
        path = self._folder / name
        path.mkdir()
        return Share(name, path, size_gb)

    def start_hosts(self, *hosts: str) -> None:
        """Also the libvirt nodes."""
        if hosts or self.HOSTS:
            super().start_hosts(*hosts)
        self._offer_image()
        self.flags(compute_driver='kvm_node.KvmNode')
        for host, storage in self.KVM.items():
            self.site.add(self._kvm(host, storage))
            self._start_compute(host, cell_name=self.CELLS.get(host))
        self.flags(compute_driver=self.compute_driver)

    def _kvm(self, host: str, storage: str | None) -> nodes.Node:
        pool = self.ceph.pools.get(storage or '')
        share = self.shares_by_name.get(storage or '') or self._share(
            f'own-{host}', self.OWN_GB)
        return nodes.Node(
            host, share, 'rbd' if pool else self.DISK_FORMAT,
            fakelibvirt.Connection(
                'qemu:///system', hostname=host,
                host_info=fakelibvirt.HostInfo(
                    cpu_nodes=1, cpu_sockets=1, cpu_cores=4, cpu_threads=1,
                    kB_mem=64 * 1024 ** 2)), pool)

    def _offer_image(self) -> None:
        """Glance keeps the image in Ceph, and what is uploaded, too."""
        location = self.ceph.add_image('images', base.IMAGE, IMAGE_BYTES)
        show = self.glance.show

        def with_locations(*args: Any, **kwargs: Any) -> dict[str, Any]:
            image = show(*args, **kwargs)
            url = image.get('location') or (
                location if image['id'] == base.IMAGE else None)
            return {**image, 'locations': [{'url': url}] if url else []}

        self.stub_out('nova.image.glance.API.get',
                      lambda _api, context, image, **kwargs: with_locations(
                          context, image))
        self.glance._imagedata[base.IMAGE] = bytes(IMAGE_BYTES)

    # -- what libvirt does

    def _migrated(self, domain: Any, uri: str, params: Any, flags: int
                  ) -> None:
        """Of a disk that moves along Nova has made the empty file."""
        self.during_migration()
        source = nodes.of(domain._connection.hostname)
        dest = nodes.of(uri.partition('://')[2].partition('/')[0])
        dest.connection.defineXML(params['destination_xml'].replace(
            str(source.share.path), str(dest.share.path))).create()
        domain.complete_job()

    # -- what is stored

    def copies_gb(self, server: Any) -> dict[str, list[int]]:
        """The sizes of a server's disks, by pool or directory."""
        storages = {**self.ceph.pools, **self.shares_by_name}
        return {name: copies for name, storage in storages.items()
                if (copies := storage.copies_gb(server['id']))}
