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

"""Which volume an ``instances_path`` is on. Pure.

A Cluster Shared Volume is a folder ``<drive>:\\ClusterStorage\\<name>`` on
every node. Paths are compared by component, as Windows compares names:
Volume1 is never the beginning of Volume10.
"""

from collections.abc import Iterable
import enum
import re

from hv_sched import model
from hv_sched import windows_names
from hv_sched.sources import naming

CLUSTER_STORAGE = 'ClusterStorage'
_SEPARATORS = re.compile(r'[\\/]+')
_DRIVE = re.compile(r'[A-Za-z]:')
# \\?\C:\… is the same path without the limit of 260 characters.
_LONG = re.compile(r'[\\/]{2}\?[\\/](?=[A-Za-z]:)')
_GUID_PATH = re.compile(
    r'[\\/]{2}\?[\\/]volume(\{[^{}]*\})(?:[\\/].*)?', re.IGNORECASE)
# C:, ClusterStorage, Volume1
_ROOT_LENGTH = 3


class Missing(enum.Enum):
    """Why a text leads to no volume.

    ELSEWHERE: it is a path on none of the volumes.
    UNCLEAR: a path that cannot be followed without the node's file system.
    UNKNOWN: it leads to a volume that is not among them.
    TWO: the name of one volume and the GUID of another.
    """

    ELSEWHERE = 'elsewhere'
    UNCLEAR = 'unclear'
    UNKNOWN = 'unknown'
    TWO = 'two'


def volume_of(text: str, volumes: Iterable[model.Volume]
              ) -> model.Volume | Missing:
    """The volume a text means.

    :param text: the name or GUID of a volume, its path, or a path on it,
        such as an ``instances_path``
    :param volumes: of one cluster
    """
    by_guid = _GUID_PATH.fullmatch(text)
    guid = naming.normal_guid(by_guid[1] if by_guid else text)
    candidates = {id(volume): volume for volume in volumes
                  if _is_called(volume, text, guid)
                  or is_on(text, volume)}
    if len(candidates) == 1:
        return next(iter(candidates.values()))
    if candidates:
        return Missing.TWO
    return Missing.UNKNOWN if by_guid else _missing(text)


def is_on(path: str, volume: model.Volume) -> bool:
    """Whether a path is the volume's own or one on it."""
    parts = components(path)
    root = components(volume.path) if volume.path else ()
    if len(root) > 1:
        return parts[:len(root)] == root
    return (_is_clustered(parts)
            and parts[_ROOT_LENGTH - 1] == windows_names.key(volume.name))


def _is_clustered(parts: tuple[str, ...]) -> bool:
    return (len(parts) >= _ROOT_LENGTH
            and parts[1] == windows_names.key(CLUSTER_STORAGE))


def components(path: str) -> tuple[str, ...]:
    """The parts of an absolute path with a drive; empty where it is none.

    :param path: with slashes or backslashes, in any case
    """
    parts = [part for part in _SEPARATORS.split(_LONG.sub('', path, count=1))
             if part]
    if not parts or not _DRIVE.fullmatch(parts[0]) or _climbs(parts):
        return ()
    return tuple(map(windows_names.key, parts))


def _is_called(volume: model.Volume, text: str, guid: str | None) -> bool:
    return (guid is not None and volume.guid == guid
            or windows_names.key(volume.name) == windows_names.key(text))


def _missing(text: str) -> Missing:
    parts = components(text)
    if parts:
        return Missing.UNKNOWN if _is_clustered(parts) else Missing.ELSEWHERE
    if _SEPARATORS.search(text) or _DRIVE.match(text):
        return Missing.UNCLEAR
    return Missing.UNKNOWN


def _climbs(parts: list[str]) -> bool:
    return any(part in ('.', '..') for part in parts)
