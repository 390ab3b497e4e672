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

"""A pool: its size and free space, of ``ceph df --format json``. Pure.

``stored`` and ``max_avail`` are what clients see. ``bytes_used`` and the
totals of the cluster count each copy of an object, so they are not read.
"""

import dataclasses
from typing import Any

from hv_sched import exception
from hv_sched.sources import naming
from hv_sched.sources.ceph import fields


@dataclasses.dataclass(frozen=True)
class Space:
    """:param size_bytes: what is stored and what still may be"""

    size_bytes: int
    free_bytes: int


def space(output: Any, pool: str, quota: Any = None) -> Space:
    """The space of a pool.

    :param output: of ``ceph df --format json``, with or without ``detail``
    :param quota: of ``ceph osd pool get-quota <pool> --format json``; None:
        only what ``ceph df detail`` says of it counts
    :raises InvalidFacts: the pool is not there, or the output not whole
    """
    stats, place = _stats(output, pool)
    stored = fields.size_bytes(stats, 'stored', place)
    available = fields.size_bytes(stats, 'max_avail', place)
    size = stored + available
    for limit in (_quota(quota, pool), _quota_of_df(stats, place)):
        # Zero is Ceph's way to say that there is none.
        size = min(size, limit) if limit else size
    return Space(size, max(0, size - stored))


def _stats(output: Any, pool: str) -> tuple[Any, str]:
    pools = fields.of(output, 'pools', list, '')
    for i, entry in enumerate(pools):
        if fields.of(entry, 'name', str, f'pools[{i}]') == pool:
            place = f'pools[{i}]'
            return fields.of(entry, 'stats', dict, place), f'{place}.stats'
    names = [entry['name'] for entry in pools]
    raise exception.InvalidFacts(
        f'has no pool {pool!r}; {naming.suggestion(pool, names, "pools")} If '
        'it was renamed, write its new name as pool and the one it had as '
        'formerly')


def _quota(output: Any, pool: str) -> int:
    if output is None:
        return 0
    name = fields.of(output, 'pool_name', str, 'quota')
    if name != pool:
        raise exception.InvalidFacts(
            f'the quota is that of pool {name!r}, not of {pool!r}')
    return fields.size_bytes(output, 'quota_max_bytes', 'quota')


def _quota_of_df(stats: Any, place: str) -> int:
    if 'quota_bytes' not in stats:
        return 0
    return fields.size_bytes(stats, 'quota_bytes', place)
