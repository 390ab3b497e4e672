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

from collections.abc import Collection
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


def space(output: Any, pool: str, limit_bytes: int = 0,
          published: Collection[str] = ()) -> Space:
    """The space of a pool.

    :param output: of ``ceph df --format json``, with or without ``detail``
    :param limit_bytes: the pool's quota; 0: only what ``ceph df detail``
        says of it counts
    :param published: the pools whose space is offered to servers
    :raises InvalidFacts: the pool is not there, or the output not whole
    """
    stats, place = _stats(output, pool)
    stored = fields.size_bytes(stats, 'stored', place)
    available = fields.size_bytes(stats, 'max_avail', place)
    # Zero is Ceph's way to say that there is none.
    limit = min(filter(None, (limit_bytes, _quota_of_df(stats, place))),
                default=0)
    if limit:
        size = min(stored + available, limit)
    else:
        size = stored + available // _sharers(output, available, published)
    return Space(size, max(0, size - stored))


def _sharers(output: Any, available: int, published: Collection[str]) -> int:
    """How many pools offer the same free space, this one among them.

    Pools on the same OSDs with as many copies have the same ``max_avail`` to
    the byte. Each offers a part of it: what is free would be counted twice.
    """
    return sum(entry.get('name') in published
               and isinstance(stats := entry.get('stats'), dict)
               and stats.get('max_avail') == available
               for entry in output['pools']) or 1


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


def quota_bytes(output: Any, pool: str) -> int:
    """The quota of a pool; 0 if it has none.

    :param output: of ``ceph osd pool get-quota <pool> --format json``
    :raises InvalidFacts: it is another pool's, or the output not whole
    """
    name = fields.of(output, 'pool_name', str, '')
    if name != pool:
        raise exception.InvalidFacts(
            f'the quota is that of pool {name!r}, not of {pool!r}')
    return fields.size_bytes(output, 'quota_max_bytes', '')


def _quota_of_df(stats: Any, place: str) -> int:
    if 'quota_bytes' not in stats:
        return 0
    return fields.size_bytes(stats, 'quota_bytes', place)
