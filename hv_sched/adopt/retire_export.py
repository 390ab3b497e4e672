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

"""Whether an export can be the one that retire should go by. Pure."""

from collections.abc import Collection
from collections.abc import Mapping

from hv_sched import exception
from hv_sched.adopt.retire_inputs import RetireInputs
from hv_sched.placement import disk_ratio
from hv_sched.placement import names

_OTHERWISE = ('name an export of this cluster, or leave --from out for the '
              'ratios that Placement remembers')


def check(inputs: RetireInputs, nodes: Collection[str],
          ratios: Mapping[str, float]) -> str:
    """What is to be said before nodes are opened; empty when nothing is.

    A node that joined after the export was written has the ratio that
    Placement remembers. A file that has none of the nodes is another
    cluster's, and a ratio that nobody knows is not guessed.

    :param nodes: uuids of those that are to be opened
    :param ratios: by the provider's uuid, those of the export
    :raises InvalidConfig: nothing may be opened by this export
    """
    missing = [uuid for uuid in _closed(inputs, nodes) if uuid not in ratios]
    if not missing:
        return ''
    cluster, shown = inputs.layout.cluster.name, _shown(inputs, missing)
    if ratios.keys().isdisjoint(inputs.nodes):
        raise exception.InvalidConfig(
            f'the export has no node of cluster {cluster}, such as {shown}: '
            f'nothing is changed; {_OTHERWISE}')
    unknown = [uuid for uuid in missing if not disk_ratio.remembers_former(
        inputs.observed.providers[uuid].traits)]
    if unknown:
        raise exception.InvalidConfig(
            'neither the export nor Placement has the allocation_ratio of '
            f'{_shown(inputs, unknown)}: nothing is changed; name an export '
            'that has it')
    return (f'Cluster {cluster}: the export does not have {shown}; the ratio '
            'that Placement remembers is taken. If the export should have '
            f'it, {_OTHERWISE}')


def _closed(inputs: RetireInputs, nodes: Collection[str]) -> list[str]:
    """Nodes whose own disk would be opened."""
    providers = inputs.observed.providers
    return [uuid for uuid in sorted(nodes, key=inputs.nodes.__getitem__)
            if uuid in providers
            and (disk := providers[uuid].inventories.get(names.DISK_GB))
            and (disk_ratio.remembers_former(providers[uuid].traits)
                 or not disk_ratio.is_open(disk))]


def _shown(inputs: RetireInputs, uuids: Collection[str]) -> str:
    return ', '.join(f'node {inputs.nodes[uuid]} ({uuid})' for uuid in uuids)
