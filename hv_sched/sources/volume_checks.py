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

"""What the schema cannot say about the volumes: sizes, and their nodes."""

from collections.abc import Iterator
import functools

from hv_sched.sources import naming
from hv_sched.sources import volume_sizes
from hv_sched.sources.draft import Draft
from hv_sched.sources.draft import Raw
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path
from hv_sched.sources.references import References


def check(draft: Draft, refs: References) -> Iterator[Fault]:
    """Everything wrong with the volumes of a cluster."""
    for i, volume in draft.items('volumes'):
        path = ('volumes', i)
        yield from volume_sizes.check(volume, path)
        for field in ('cut_off_nodes', 'redirected_nodes', 'silent_nodes'):
            for j, name in enumerate(volume.get(field, ())):
                if name is not None:
                    yield from _node(volume, (*path, field, j), name, refs)
        if 'owner_node' in volume:
            yield from _node(volume, (*path, 'owner_node'),
                             volume['owner_node'], refs)


def _node(volume: Raw, path: Path, name: str, refs: References
          ) -> Iterator[Fault]:
    """A node that is none of the cluster's, as one that was evicted.

    It may also be a misspelt one, so what else stands of such a list stays.
    """
    if refs.node(name) is None:
        yield Fault(
            path, f'volume {volume["name"]!r} has {name!r} in {path[2]}, '
            'which is no node of the cluster; ', 'node-unknown',
            is_note=not refs.is_like_a_node(name),
            remedy=functools.partial(
                naming.suggestion, name, refs.nodes, 'nodes'))
