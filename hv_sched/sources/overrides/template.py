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

"""An overrides file to start from: what is open, each as a comment. Pure.

Nothing is decided in it: as it is printed it says that every decision has its
default.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import json

from hv_sched import model

_HEAD = '''\
# What only an operator decides. To decide a line, take the "# " from it and
# from the "name", the "cluster" and the list above it. A line that is taken
# out again returns to its default.
version: 1
'''


def text(facts: model.Facts) -> str:
    """The file for the clusters of a source.

    :param facts: without overrides
    """
    return _HEAD + ''.join(f'{line}\n' for line in (
        *_list('nodes', _nodes(facts.clusters)),
        *_list('volumes', _volumes(facts.clusters))))


def _list(name: str, lines: Iterable[str]) -> Iterator[str]:
    yield f'# {name}:'
    yield from lines


def _nodes(clusters: Iterable[model.Cluster]) -> Iterator[str]:
    for cluster in clusters:
        volumes = ' or '.join(volume.name for volume in cluster.volumes)
        for node in cluster.nodes:
            yield from _item(node.name, cluster)
            if node.home is None and cluster.volumes:
                yield f'#   home: {_quoted(cluster.volumes[0].name)}' + (
                    f'  # not known; {_comment(volumes)}'
                    if len(cluster.volumes) > 1 else '')
            yield '#   remotefx_enabled: false'


def _volumes(clusters: Iterable[model.Cluster]) -> Iterator[str]:
    for cluster in clusters:
        for volume in cluster.volumes:
            yield from _item(volume.name, cluster)
            yield '#   reserve_gb: 0'
            yield '#   floor_percent: 5  # else [hv_sched]floor_percent'
            yield '#   floor_gb: 0  # else [hv_sched]floor_gb'
            yield '#   medium: ssd'
            yield '#   accepts_new_disks: true'


def _item(name: str, cluster: model.Cluster) -> Iterator[str]:
    yield f'# - name: {_quoted(name)}'
    yield f'#   cluster: {_quoted(cluster.name)}'


def _quoted(name: str) -> str:
    """A name as YAML reads it back, on one line whatever is in it."""
    return json.dumps(name)


def _comment(words: str) -> str:
    return json.dumps(words)[1:-1]
