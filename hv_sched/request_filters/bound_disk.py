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

"""The disk of a cold move that stays on its volume: where to, how large."""

from __future__ import annotations

from collections.abc import Collection

from nova import objects

from hv_sched.request_filters import operation
from hv_sched.request_filters import refusal
from hv_sched.request_filters import requested_disk
from hv_sched.request_filters import specs
from hv_sched.shares import escrow
from hv_sched.snapshot import volumes


def at_least_gb(request_spec: objects.RequestSpec, shares: escrow.Amounts,
                snapshot: volumes.Snapshot) -> int:
    """The size of the disk after a cold move, 0 where the shares do.

    :raises RequestFilterFailed: it cannot be determined which of several
        volumes a disk grows on
    """
    size_gb = requested_disk.size_gb(request_spec)
    if len(shares) == 1 or size_gb <= sum(shares.values()):
        return size_gb if len(shares) == 1 else 0
    raise refusal.Refused(
        'The disks of the server are on several volumes and cannot grow '
        f'to {size_gb} GB; use a flavor with at most '
        f'{sum(shares.values())} GB of disk',
        f'its disk of {sum(shares.values())} GB is on '
        f'{_titles(shares, snapshot)}: which of them grows when it has '
        f'{size_gb} GB is not known')


def check_leaving(request_spec: objects.RequestSpec,
                  move: operation.Operation, snapshot: volumes.Snapshot,
                  on: Collection[str], is_home: bool) -> None:
    """A disk that only its own nodes can use leaves them by an image only.

    That is to another cell, and to another volume: on the same one the copy
    has the name of the disk, and Nova's confirm deletes it.

    :param on: the volumes the disk is on
    :param is_home: they are the home of a host the request names
    :raises RequestFilterFailed: the disk would not be there, or be deleted
    """
    titles = _titles(on, snapshot)
    if is_home:
        raise refusal.Refused(
            'The server cannot be resized to another cell on its own volume; '
            'name a host of its cell, or one with another volume',
            f'its disk is on {titles}, which the named host uses from '
            'another cell: confirming would delete the disk in use')
    hosts = specs.named_hosts(request_spec)
    if specs.may_leave_cell(request_spec) and not operation.hosts_up(
            move, {uuid for uuid, name in snapshot.nodes.items()
                   if name in hosts}):
        return
    raise refusal.Refused(
        'The disk of the server stays on its volume, which this host does '
        'not use; choose another host',
        f'its disk stays on {titles}, which is not the home of '
        f'{", ".join(sorted(hosts))}')


def _titles(on: Collection[str], snapshot: volumes.Snapshot) -> str:
    return ', '.join(sorted(snapshot.volumes[uuid].name for uuid in on))
