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

"""What the names inside one cluster stand for.

A name is compared as a whole: Volume1 is never found inside Volume10.
Built from a cluster that has passed the schema.
"""

import collections
from typing import Any

from hv_sched import windows_names
from hv_sched.sources import naming

Raw = dict[str, Any]


class References:
    """Looks up nodes by name, volumes by name or GUID."""

    def __init__(self, cluster: Raw) -> None:
        self.nodes: list[str] = [node['name'] for node in cluster['nodes']]
        self.volumes: list[str] = [volume['name']
                                   for volume in cluster['volumes']]
        self._nodes = {windows_names.key(name): name for name in self.nodes}
        self._volumes: dict[str, set[str]] = collections.defaultdict(set)
        for volume in cluster['volumes']:
            guid = volume_guid(volume)
            self._volumes[guid].add(guid)
            self._volumes[own_guid(volume)].add(guid)
            self._volumes[windows_names.key(volume['name'])].add(guid)

    def node(self, name: str) -> str | None:
        """The node's name as the cluster's list of nodes writes it."""
        return self._nodes.get(windows_names.key(name))

    def volume(self, reference: str) -> str | None:
        """The GUID of the volume; None when there is none, or two."""
        guids = self._candidates(reference)
        return next(iter(guids)) if len(guids) == 1 else None

    def why_no_volume(self, reference: str) -> str:
        """What to tell when ``volume`` found nothing."""
        if self._candidates(reference):
            return ('one volume has this name and another this GUID: '
                    'rename the volume')
        return naming.suggestion(reference, self.volumes, 'volumes')

    def _candidates(self, reference: str) -> set[str]:
        guid = naming.normal_guid(reference)
        by_guid = self._volumes.get(guid, set()) if guid else set()
        return by_guid | self._volumes.get(windows_names.key(reference), set())


def volume_guid(volume: Raw) -> str:
    """The GUID a volume is known by: its own, or the one it had before."""
    if 'identity' in volume:
        return own_guid({'guid': volume['identity']})
    return own_guid(volume)


def own_guid(volume: Raw) -> str:
    """The volume's GUID in its one form."""
    guid = naming.normal_guid(volume['guid'])
    if guid is None:
        raise ValueError(f'not a volume GUID: {volume["guid"]!r}')
    return guid
