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

from collections.abc import Container

from hv_sched.placement import names

_PREFIXES = (names.MEDIUM_PREFIX, names.CSV_PREFIX)
_OF_NODES = (names.REDIRECTED, names.FORMER_RATIO_PREFIX)


def is_of_volume(trait: str, own_traits: Container[str]) -> bool:
    """Whether a trait is one of volumes, by its name.

    :param own_traits: the operator's, ``[hv_sched]volume_traits``
    """
    if trait in own_traits or trait == names.VOLUME:
        return True
    return trait.startswith(_PREFIXES) and not trait.startswith(_OF_NODES)
