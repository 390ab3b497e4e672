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

"""What Nova's driver does with the disks of a cluster's servers. Pure.

One table: whoever has to know how disks behave asks a row of it and never
compares a driver's name, so that a driver more is a row more. What
nova-scheduler has to know stands on the volume, as traits; see
``hv_sched.placement.names``.
"""

import dataclasses
import enum


class Reach(enum.Enum):
    """Where a server may go while its disk stays where it is.

    CLUSTER: to every node of the cluster. HOME: to nodes whose home the
    volume is.
    """

    CLUSTER = 'cluster'
    HOME = 'home'


class Leftover(enum.Enum):
    """What becomes of the old files after an evacuation to another home.

    CLEANED: the source deletes them when it is back. KEPT: nobody does.
    """

    CLEANED = 'cleaned'
    KEPT = 'kept'


class CrossCell(enum.Enum):
    """A resize to another cell with both homes on one volume.

    COPIED: the new disk is made from an image, beside the old one. REFUSED:
    both have the same name, and Nova's confirm deletes it.
    """

    COPIED = 'copied'
    REFUSED = 'refused'


class Reported(enum.Enum):
    """What a node reports as its own disk.

    VOLUME: the volume that is its home. RAW_CLUSTER: the whole storage
    cluster, with each replica, whatever the pool can store.
    """

    VOLUME = 'volume'
    RAW_CLUSTER = 'raw cluster'


class Numbers(enum.Enum):
    """Where the sizes of a volume are read, unless they are stated.

    WINDOWS: from its nodes. STATVFS: from what the nodes' ``statvfs`` says.
    POOL: from the output of ceph.
    """

    WINDOWS = 'windows'
    STATVFS = 'statvfs'
    POOL = 'pool'


@dataclasses.dataclass(frozen=True)
class Driver:
    """How one driver keeps the disks of servers on a shared volume.

    :param name: what ``driver`` of a cluster says in a source
    :param storage: what the volume is, for people
    :param cold_move_keeps_disk: a cold migration or resize leaves one copy
        on disk; False: two until it is confirmed; None: two unless
        ``[hv_sched]cold_move_keeps_disk`` says otherwise
    :param cold_move_detail: what is on disk besides, for people
    :param cold_move_reach: where such a disk can be used
    :param live_move_reach: as far as this a live migration moves no disk;
        beyond, it is copied along
    :param evacuation: to a node with another home
    :param cross_cell_resize: on one volume
    :param reported: by each node as its own disk
    :param numbers: where the sizes of a volume are read
    :param guid_remedy: how a volume gets a GUID of its own, for people
    :param home_option: what tells Nova's driver the volume, for people
    :param has_windows_features: the nodes run Hyper-V: its traits are
        published, and its rules decide what starts on them
    :param largest_disk_gb: of one server; None: nothing but the volume
        bounds it
    :param ignores_case: names of volumes that differ in case only are one
    """

    name: str
    storage: str
    cold_move_keeps_disk: bool | None
    cold_move_detail: str
    cold_move_reach: Reach
    live_move_reach: Reach
    evacuation: Leftover
    cross_cell_resize: CrossCell
    reported: Reported
    numbers: Numbers
    guid_remedy: str
    home_option: str
    has_windows_features: bool
    largest_disk_gb: int | None
    ignores_case: bool

    @property
    def cold_move_copies(self) -> int:
        """Copies of a disk until a cold move is confirmed, by default."""
        return 1 if self.cold_move_keeps_disk else 2


# Sources: compute-hyperv, nova/virt/hyperv/migrationops.py (_revert) and
# compute_hyperv; the largest VHDX is Microsoft's limit.
DEFAULT = Driver(
    name='hyperv', storage='Cluster Shared Volume',
    cold_move_keeps_disk=None,
    cold_move_detail='the old files stay in <instance>_revert',
    cold_move_reach=Reach.CLUSTER, live_move_reach=Reach.CLUSTER,
    evacuation=Leftover.CLEANED, cross_cell_resize=CrossCell.COPIED,
    reported=Reported.VOLUME, numbers=Numbers.WINDOWS,
    guid_remedy='take the GUID from Partition.Name',
    home_option='instances_path',
    has_windows_features=True, largest_disk_gb=64 * 1024, ignores_case=True)

# Source: nova/virt/libvirt/driver.py. migrate_disk_and_power_off() renames
# the folder to <instance>_resize and copies the disks out of it, on shared
# storage, too; check_can_live_migrate_destination() takes storage that is
# not shared for a block migration. For Ceph it clones a snapshot
# (nova-resize) for the revert, and check_instance_shared_storage_local()
# says nothing about an RBD disk, which destroy() then leaves alone; and
# nova/storage/rbd_utils.py, get_pool_info(), reports total_bytes of ceph df.
_LIBVIRT = (
    Driver(
        name='libvirt-file', storage='shared directory (NFS, CephFS, GPFS)',
        cold_move_keeps_disk=False,
        cold_move_detail='the old files stay in <instance>_resize',
        cold_move_reach=Reach.CLUSTER, live_move_reach=Reach.HOME,
        evacuation=Leftover.CLEANED, cross_cell_resize=CrossCell.COPIED,
        reported=Reported.VOLUME, numbers=Numbers.STATVFS,
        guid_remedy='give each directory a GUID of its own (uuidgen)',
        home_option='instances_path',
        has_windows_features=False, largest_disk_gb=None,
        ignores_case=False),
    Driver(
        name='libvirt-rbd', storage='Ceph RBD pool',
        cold_move_keeps_disk=True,
        cold_move_detail='beside it a snapshot of it, nova-resize',
        cold_move_reach=Reach.HOME, live_move_reach=Reach.CLUSTER,
        evacuation=Leftover.KEPT, cross_cell_resize=CrossCell.REFUSED,
        reported=Reported.RAW_CLUSTER, numbers=Numbers.POOL,
        guid_remedy='give each pool a GUID of its own (uuidgen; a source of '
                    'type ceph makes it of fsid and pool)',
        home_option='images_rbd_pool',
        has_windows_features=False, largest_disk_gb=None,
        ignores_case=False),
)

DRIVERS = (DEFAULT, *_LIBVIRT)
_BY_NAME = {driver.name: driver for driver in DRIVERS}


def of(name: str | None) -> Driver:
    """The row of a cluster's ``driver``.

    :param name: None where the source names none
    :raises KeyError: there is no such driver; a source is refused before
    """
    return DEFAULT if name is None else _BY_NAME[name]


def stated(name: object) -> Driver | None:
    """The row of what a source says; None where there is no such driver."""
    if name is None:
        return DEFAULT
    return _BY_NAME.get(name) if isinstance(name, str) else None


def with_numbers(numbers: Numbers) -> tuple[str, ...]:
    """The names of the drivers whose volumes' sizes are read there."""
    return tuple(driver.name for driver in DRIVERS
                 if driver.numbers is numbers)
