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
"""

import collections
from collections.abc import Callable
from typing import Any

from hv_sched import drivers
from hv_sched import model
from hv_sched import windows_names
from hv_sched.sources import naming
from hv_sched.sources import volume_paths
from hv_sched.sources.draft import Draft
from hv_sched.sources.draft import Raw

_MOST_COMPARED = 100


class References:
    """Looks up nodes by name, volumes by name or GUID.

    What was set aside is there, too: a reference to it is not a wrong one.
    """

    def __init__(self, draft: Draft) -> None:
        driver = drivers.of(draft.raw.get('driver'))
        self._key = windows_names.key if driver.ignores_case else str
        # Of Windows; other volumes go by their name or GUID.
        self._has_paths = driver.ignores_case
        aside = [name for item, _fault in draft.aside('nodes')
                 if (name := _text(item, 'name'))]
        self.nodes: list[str] = [node['name'] for _i, node
                                 in draft.items('nodes')]
        self.volumes: list[str] = [volume['name'] for _i, volume
                                   in draft.items('volumes')]
        self._like_a_node: dict[str, bool] = {}
        self._nodes = {windows_names.key(name): name
                       for name in (*aside, *self.nodes)}
        self._volumes: dict[str, set[str]] = collections.defaultdict(set)
        self._paths: list[model.Volume] = []
        for _i, volume in draft.items('volumes'):
            self._add(volume)
        self._aside = {text for item, _fault in draft.aside('volumes')
                       for text in _keys(item, self._key)}
        self._aside_paths = [
            model.Volume(None, _text(item, 'name') or '',
                         path=_text(item, 'path'))
            for item, _fault in draft.aside('volumes')]

    def _add(self, volume: Raw) -> None:
        guid = volume_guid(volume)
        self._paths.append(model.Volume(
            guid, volume['name'], path=_text(volume, 'path')))
        if guid is not None:
            for text in _keys(volume, self._key):
                self._volumes[text].add(guid)

    def node(self, name: str) -> str | None:
        """The node's name as the cluster's list of nodes writes it.

        A fully qualified name also stands for the node of its short name,
        unless there is one of the whole name.
        """
        key = windows_names.key(name)
        return self._nodes.get(key) or self._nodes.get(
            key.partition('.')[0])

    def is_like_a_node(self, name: str) -> bool:
        """Whether an unknown name may be a node's, misspelt.

        To compare names takes its time: of very many unknown ones the first
        that are different are looked at.
        """
        if len(self._like_a_node) < _MOST_COMPARED:
            self._like_a_node.setdefault(
                name, naming.nearest(name, self.nodes) is not None)
        return self._like_a_node.get(name, False)

    def volume(self, reference: str) -> str | None:
        """The GUID of the volume; None when there is none, or two."""
        guids = self._candidates(reference)
        return next(iter(guids)) if len(guids) == 1 else None

    def home(self, text: str) -> str | None:
        """The GUID of the volume an ``instances_path`` is on.

        A name or GUID means the volume itself. None when it is on none.
        """
        volume = (volume_paths.volume_of(text, self._paths)
                  if self._has_paths else None)
        return (volume.guid if isinstance(volume, model.Volume)
                else self.volume(text))

    def is_elsewhere(self, text: str) -> bool:
        """Whether an ``instances_path`` is on no volume of the cluster."""
        return volume_paths.volume_of(
            text, self._paths) is volume_paths.Missing.ELSEWHERE

    def is_aside(self, reference: str) -> bool:
        """Whether a volume that was set aside may be meant.

        :param reference: its name or GUID, its path or a path on it
        """
        return not self._aside.isdisjoint(self._forms(reference)) or any(
            volume_paths.is_on(reference, volume)
            for volume in self._aside_paths)

    def why_no_volume(self, reference: str) -> str:
        """What to tell when ``volume`` found nothing."""
        if self._candidates(reference):
            return ('one volume has this name and another this GUID: '
                    'rename the volume')
        return naming.suggestion(reference, self.volumes, 'volumes')

    def _candidates(self, reference: str) -> set[str]:
        return {guid for text in self._forms(reference)
                for guid in self._volumes.get(text, ())}

    def _forms(self, reference: str) -> set[str]:
        """A name or GUID in the forms in which they are compared."""
        guid = naming.normal_guid(reference)
        return {self._key(reference), *((guid,) if guid else ())}


def volume_guid(volume: Raw) -> str | None:
    """The GUID a volume is known by: its own, or the one it had before."""
    return _guid(volume, 'identity') or _guid(volume, 'guid')


def _keys(volume: Any, key: Callable[[str], str]) -> set[str]:
    """All a volume may be called by.

    :param key: the form in which names are compared
    """
    guids = {guid for field in ('guid', 'identity')
             if (guid := _guid(volume, field))}
    name = _text(volume, 'name')
    return guids | {key(name)} if name else guids


def _guid(volume: Any, field: str) -> str | None:
    text = _text(volume, field)
    return naming.normal_guid(text) if text else None


def _text(item: Any, field: str) -> str | None:
    value = item.get(field) if isinstance(item, dict) else None
    return value if isinstance(value, str) else None
