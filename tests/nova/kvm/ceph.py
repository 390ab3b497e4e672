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

"""A Ceph cluster in memory: librados and librbd, as far as Nova uses them.

Every image counts as written in full, so that stored bytes are its size.
"""

import dataclasses
import json
from typing import Any

GIB = 1024 ** 3
# Of each object, as ``ceph osd pool create`` makes pools.
REPLICAS = 3
_FSID = 'f5d1c0de-0000-4000-8000-000000000001'
RESIZE_SNAPSHOT = 'nova-resize'


class Error(Exception):
    """What librados and librbd raise; their names are classes of it."""


class ImageNotFound(Error):
    pass


class ImageHasSnapshots(Error):
    pass


class ImageBusy(Error):
    pass


class PermissionError(Error):
    pass


@dataclasses.dataclass
class Stored:
    """An image.

    :param snapshots: its size when each was taken
    :param parent: pool, image and snapshot it is a clone of
    """

    size: int
    snapshots: dict[str, int] = dataclasses.field(default_factory=dict)
    parent: tuple[str, str, str] | None = None


@dataclasses.dataclass
class Pool:
    """:param size_gb: what clients can store in it"""

    name: str
    size_gb: int
    images: dict[str, Stored] = dataclasses.field(default_factory=dict)

    def copies_gb(self, server: str) -> list[int]:
        """The sizes of a server's disks."""
        return [image.size // GIB for name, image in self.images.items()
                if name.startswith(f'{server}_disk')]

    def has_snapshot(self, server: str) -> bool:
        """Whether a resize can be taken back."""
        image = self.images.get(f'{server}_disk')
        return image is not None and RESIZE_SNAPSHOT in image.snapshots

    def stored(self) -> int:
        return sum(image.size for image in self.images.values())


class Ceph:
    """A cluster: what Nova's modules ``rados`` and ``rbd`` find.

    It stands for both, and for a connection to itself.
    """

    Error = Error
    ImageNotFound = ImageNotFound
    ImageHasSnapshots = ImageHasSnapshots
    ImageBusy = ImageBusy
    PermissionError = PermissionError
    RBD_FEATURE_LAYERING = 1

    def __init__(self, *pools: Pool) -> None:
        self.pools = {pool.name: pool for pool in pools}

    def df(self) -> dict[str, Any]:
        """What ``ceph df --format json`` says."""
        raw = sum(pool.size_gb for pool in self.pools.values())
        return {
            'stats': {'total_bytes': REPLICAS * raw * GIB},
            'pools': [{'name': pool.name, 'id': number, 'stats': {
                'stored': pool.stored(),
                'bytes_used': REPLICAS * pool.stored(),
                'max_avail': max(0, pool.size_gb * GIB - pool.stored())}}
                for number, pool in enumerate(self.pools.values(), 1)]}

    def command(self, *arguments: str) -> str:
        """The output of ``ceph``."""
        if arguments[:1] == ('df',):
            return json.dumps(self.df())
        return json.dumps({'mons': [{'addr': '192.0.2.1:6789/0'}]})

    # -- rados

    def Rados(self, **_kwargs: Any) -> 'Ceph':  # noqa: N802
        return self

    def connect(self, timeout: int) -> None:
        """It is always there."""

    shutdown = close = staticmethod(lambda: None)

    def open_ioctx(self, pool: str) -> 'Context':
        return Context(self, self.pools[pool])

    def conf_get(self, _name: str) -> str:
        return '0'

    def get_fsid(self) -> str:
        return _FSID

    # -- rbd

    def RBD(self) -> 'Ceph':  # noqa: N802
        return self

    def Image(self, context: 'Context', name: str,  # noqa: N802
              snapshot: str | None = None, read_only: bool = False
              ) -> 'Opened':
        image = context.pool.images.get(name)
        if image is None or (snapshot and snapshot not in image.snapshots):
            raise ImageNotFound(name)
        return Opened(image)

    def list(self, context: 'Context') -> list[str]:
        return [*context.pool.images]

    def remove(self, context: 'Context', name: str) -> None:
        image = context.pool.images.get(name)
        if image is None:
            raise ImageNotFound(name)
        if image.snapshots:
            raise ImageHasSnapshots(name)
        del context.pool.images[name]

    def clone(self, source: 'Context', image: str, snapshot: str,
              target: 'Context', name: str, features: int) -> None:
        size = source.pool.images[image].snapshots[snapshot]
        target.pool.images[name] = Stored(
            size, parent=(source.pool.name, image, snapshot))

    # -- images

    def add_image(self, pool: str, name: str, size: int) -> str:
        """An image of Glance; returns its location."""
        self.pools[pool].images[name] = Stored(size, {'snap': size})
        return f'rbd://{_FSID}/{pool}/{name}/snap'


@dataclasses.dataclass(frozen=True)
class Context:
    """librados' connection to a pool."""

    ceph: Ceph
    pool: Pool

    def close(self) -> None:
        """Nothing is open."""


class Opened:
    """librbd's Image."""

    def __init__(self, image: Stored) -> None:
        self._image = image

    def close(self) -> None:
        """Nothing is open."""

    def size(self) -> int:
        return self._image.size

    def resize(self, size: int) -> None:
        self._image.size = size

    def create_snap(self, name: str) -> None:
        self._image.snapshots[name] = self._image.size

    def remove_snap(self, name: str) -> None:
        del self._image.snapshots[name]

    def rollback_to_snap(self, name: str) -> None:
        self._image.size = self._image.snapshots[name]

    def list_snaps(self) -> list[dict[str, str]]:
        return [{'name': name} for name in self._image.snapshots]

    def is_protected_snap(self, _name: str) -> bool:
        return False

    protect_snap = unprotect_snap = staticmethod(lambda name: None)

    def parent_info(self) -> tuple[str, str, str]:
        if self._image.parent is None:
            raise ImageNotFound
        return self._image.parent

    def flatten(self) -> None:
        self._image.parent = None


