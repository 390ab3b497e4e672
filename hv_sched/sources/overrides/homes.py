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

"""The home an operator gives a node, as a volume of its cluster. Pure."""

import dataclasses

from hv_sched import model
from hv_sched.sources import naming
from hv_sched.sources import volume_paths
from hv_sched.sources.overrides.targets import Word
from hv_sched.sources.volume_paths import Missing

HOME = 'home'
_NOT_CLUSTERED = 'not-clustered-storage'
_REASONS = {
    Missing.UNCLEAR: 'is a path that cannot be followed; write it as '
                     'C:\\ClusterStorage\\<volume>\\…',
    Missing.TWO: 'is the name of one volume and the GUID of another; rename '
                 'the volume'}


def resolve(word: Word, cluster: model.Cluster
            ) -> tuple[Word, model.Problem | None]:
    """The word with the GUID of the home.

    With a home that leads to no volume the node keeps the one it has.
    """
    text = word.values.get(HOME)
    if text is None:
        return word, None
    volume = volume_paths.volume_of(text, cluster.volumes)
    if isinstance(volume, model.Volume):
        return _with_home(word, volume.guid), None
    reason = _REASONS.get(volume) or 'is no volume of it; ' + (
        naming.suggestion(text, [volume.name for volume in cluster.volumes],
                          'volumes'))
    return _with_home(word, None), word.problem(
        cluster.name, 'override-home-unknown', f'home {naming.shown(text)} '
        f'{reason}. The node keeps the home it has')


def set_aside(node: model.Node, word: Word, cluster: model.Cluster
              ) -> tuple[model.SetAside, model.Problem] | None:
    """A node whose ``instances_path`` is on no volume; None for others.

    Its servers are not on clustered storage: it joins nothing.
    """
    text = word.values.get(HOME)
    if text is None or volume_paths.volume_of(
            text, cluster.volumes) is not Missing.ELSEWHERE:
        return None
    problem = word.problem(
        cluster.name, _NOT_CLUSTERED, f'home {naming.shown(text)} is on no '
        'volume of the cluster: not clustered storage. The node joins '
        'nothing and keeps what it has', is_note=True)
    state = word.values.get('state', node.state)
    return model.SetAside(
        model.ItemKind.NODE, node.name, None, problem.code, problem.message,
        node_state=None if state is model.NodeState.UP else state), problem


def _with_home(word: Word, guid: str | None) -> Word:
    return dataclasses.replace(word, values={**word.values, HOME: guid})
