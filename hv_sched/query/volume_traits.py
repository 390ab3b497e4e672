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

"""Traits that describe the provider of the disk. Pure.

In a request without groups Placement looks for a trait anywhere among host
and volume. Once the disk has a group of its own such a trait would be asked
of the host, so it goes along with the disk.
"""

from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterable

from hv_sched.placement import names
from hv_sched.query import candidates_query
from hv_sched.snapshot import volumes

_PREFIXES = (names.MEDIUM_PREFIX, names.CSV_PREFIX)
_OF_NODES = (names.REDIRECTED, names.FORMER_RATIO_PREFIX,
             names.CUT_OFF_PREFIX)


def is_of_volume(trait: str, own_traits: Container[str]) -> bool:
    """Whether a trait is one of volumes, by its name.

    :param own_traits: the operator's, ``[hv_sched]volume_traits``
    """
    if trait in own_traits or trait == names.VOLUME:
        return True
    return trait.startswith(_PREFIXES) and not trait.startswith(_OF_NODES)


def unmet(demands: Iterable[candidates_query.Group],
          on: Collection[volumes.VolumeState]) -> str | None:
    """What volumes that hold a disk lack, None when they are as asked.

    A group's disk is on one of them; which of several is not known.

    :param demands: groups that ask of the disk's provider
    :param on: the volumes, at least one
    """
    for group in demands:
        lacking = [_lacking(group, volume) for volume in on]
        if lacking and all(lacking):
            return min(lacking, key=len)
    return None


def stays(lacking: str, on: Iterable[volumes.VolumeState]) -> str:
    """The refusal of a disk whose volumes are not as asked."""
    titles = ', '.join(sorted(volume.name for volume in on))
    return (f'its disk stays on volume {titles}, and the flavor or image '
            f'asks for a volume {lacking}')


def _lacking(group: candidates_query.Group, volume: volumes.VolumeState
             ) -> str:
    return ' and '.join((
        *(f'with {trait}' for trait in sorted(group.required - volume.traits)),
        *(f'without {trait}'
          for trait in sorted(group.forbidden & volume.traits))))
