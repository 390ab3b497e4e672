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

"""What each node has of its own: its configuration and its commands.

All nova-computes of the harness are in one process and read one
configuration. What a node's driver does is done ``at`` that node: options
and the commands it runs are then the node's.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import contextvars
import dataclasses
import functools
import os
import pathlib
import shutil
from typing import Any
import uuid

import fixtures
import nova.conf
from oslo_concurrency import processutils
from oslo_config import cfg

from tests.nova.kvm import share as shares
from tests.nova.kvm.ceph import Ceph
from tests.nova.kvm.ceph import Pool
from tests.nova.kvm.ceph import Stored
from tests.nova.kvm.share import Share

_Options = Mapping[tuple[str | None, str], Any]
_here: contextvars.ContextVar['Node | None'] = contextvars.ContextVar(
    'node', default=None)
_cloud: dict[str, 'Node'] = {}


@dataclasses.dataclass(frozen=True)
class Node:
    """A host with nova-compute and libvirt.

    :param share: where its ``instances_path`` is
    :param disk_format: raw, qcow2 or rbd, as ``images_type`` says
    :param pool: of its disks, for rbd
    :param connection: to its libvirt; it outlives nova-compute
    """

    name: str
    share: Share
    disk_format: str
    connection: Any
    pool: Pool | None = None
    uuid: str = dataclasses.field(
        default_factory=lambda: str(uuid.uuid4()))

    @property
    def storage(self) -> Share | Pool:
        """Where its disks are."""
        return self.pool or self.share

    @functools.cached_property
    def options(self) -> _Options:
        """What differs from node to node."""
        return {
            (None, 'host'): self.name,
            (None, 'instances_path'): str(self.share.path),
            (None, 'use_cow_images'): self.disk_format == 'qcow2',
            ('libvirt', 'images_type'): self.disk_format,
            ('libvirt', 'images_rbd_pool'): (
                self.pool.name if self.pool else None),
            ('libvirt', 'migration_inbound_addr'): self.name,
            ('libvirt', 'snapshots_directory'): str(
                self.share.path / 'snapshots')}


def of(host: str) -> Node:
    """The node with a name."""
    return _cloud[host]


@contextlib.contextmanager
def at(node: Node) -> Iterator[None]:
    """Whatever is done meanwhile is done on that node."""
    token = _here.set(node)
    try:
        yield
    finally:
        _here.reset(token)


def bound(node: Node, method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that is done on that node, whoever calls it."""
    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with at(node):
            return method(*args, **kwargs)
    return call


def here(path: str) -> str:
    """A path of another node as this one has it.

    On real nodes the paths are the same, and what is behind them differs.
    """
    node = _here.get()
    assert node
    for other in _cloud.values():
        if pathlib.Path(path).is_relative_to(other.share.path):
            return str(node.share.path / pathlib.Path(path).relative_to(
                other.share.path))
    return path


def _option(original: Callable[..., Any]) -> Callable[..., Any]:
    def get(conf: Any, name: str, group: Any = None, namespace: Any = None
            ) -> Any:
        node = _here.get()
        key = getattr(group, 'name', group), name
        if node is None or conf is not nova.conf.CONF or (
                key not in node.options):
            return original(conf, name, group, namespace)
        return node.options[key]
    return get


class Site(fixtures.Fixture):
    """The nodes, and what is under them.

    :ivar ceph: the Ceph cluster of all pools
    """

    def __init__(self, ceph: Ceph) -> None:
        super().__init__()
        self.ceph = ceph

    def _setUp(self) -> None:
        self.addCleanup(_cloud.clear)
        self._execute = processutils.execute
        for target, replacement in (
                ('oslo_config.cfg.ConfigOpts._get',
                 _option(cfg.ConfigOpts._get)),
                ('oslo_concurrency.processutils.execute', self.execute),
                ('nova.storage.rbd_utils.rados', self.ceph),
                ('nova.storage.rbd_utils.rbd', self.ceph),
                ('nova.privsep.path.utime', os.utime),
                ('nova.virt.node.get_local_node_uuid', self._uuid),
                ('nova.virt.libvirt.utils.get_fs_info', self._space)):
            self.useFixture(fixtures.MonkeyPatch(target, replacement))

    def add(self, node: Node) -> None:
        _cloud[node.name] = node

    @staticmethod
    def _uuid() -> str:
        node = _here.get()
        assert node
        return node.uuid

    @staticmethod
    def _space(_path: str) -> dict[str, int]:
        node = _here.get()
        assert node
        return node.share.info()

    # -- commands

    def execute(self, *command: Any, **kwargs: Any) -> tuple[str, str]:
        """What a node runs."""
        words = [str(word) for word in command]
        if words[0] == 'env':
            words = words[next(number for number, word in enumerate(
                words[1:], 1) if '=' not in word):]
        program, *arguments = words
        commands: dict[str, Callable[..., str]] = {
            'qemu-img': shares.qemu_img, 'ceph': self.ceph.command,
            'rbd': self._rbd, 'ssh': self._ssh, 'scp': self._scp}
        if program in commands:
            return commands[program](*arguments), ''
        return self._execute(*command, **kwargs)

    def _rbd(self, command: str, *arguments: str) -> str:
        assert command == 'import', command
        _flag, pool, path, name = arguments[:4]
        self.ceph.pools[pool].images[name] = Stored(
            shares.virtual_size(path))
        return ''

    @staticmethod
    def _elsewhere(host: str, path: str) -> str:
        """A path of this node's, on another one."""
        node = _here.get()
        assert node
        relative = pathlib.Path(path).relative_to(node.share.path)
        return str(of(host).share.path / relative)

    def _ssh(self, *arguments: str) -> str:
        _flag, _batch, host, program, *rest = arguments
        path = self._elsewhere(host, rest[-1])
        {'touch': lambda: pathlib.Path(path).touch(),
         'rm': lambda: (shutil.rmtree(path) if os.path.isdir(path)
                        else os.unlink(path)),
         'mkdir': lambda: os.makedirs(path, exist_ok=True)}[program]()
        return ''

    def _scp(self, *arguments: str) -> str:
        source, target = (
            self._elsewhere(*path.split(':', 1)) if ':' in path else path
            for path in arguments[-2:])
        self._execute('cp', '-r', source, target)
        return ''
