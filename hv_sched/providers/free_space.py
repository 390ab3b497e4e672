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

"""Physically free space of a volume against its two thresholds. Pure.

The other ledger, what is promised, is Placement's: capacity is total x
allocation_ratio less reserved. With a ratio above 1, thin disks or foreign
files the disk itself may fill up first. Below ``low_space_*`` the volume is
said to be low and weighed down, below ``floor_*`` it takes no new disks; an
operator may decide the floor of one volume (overrides).
"""

from hv_sched import model
from hv_sched.placement import names
from hv_sched.providers.settings import Settings


def floor_bytes(volume: model.Volume, traits: frozenset[str],
                settings: Settings, is_below: bool) -> int:
    """What has to be free so that the volume takes new disks.

    :param traits: what it has now: they remember the operator's floor of this
        volume for as long as the overrides cannot be read
    :param is_below: whether it was below before: it comes back a little
        above, not at it
    """
    percent = _decided(volume.floor_percent, names.floor_percent(traits),
                       settings.floor_percent)
    gb = _decided(volume.floor_gb, names.floor_gb(traits), settings.floor_gb)
    return _threshold_bytes(volume, percent, gb, settings, is_below)


def _decided(stated: int | None, remembered: int | None, option: int) -> int:
    """One volume's threshold: the operator's for it, else the option."""
    threshold = remembered if stated is None else stated
    if threshold is None or threshold == model.AS_CONFIGURED:
        return option
    return threshold


def low_bytes(volume: model.Volume, traits: frozenset[str],
              settings: Settings, is_below: bool) -> int:
    """What has to be free so that the volume is not low; 0 for never.

    :param traits: see ``floor_bytes``
    :param is_below: see ``floor_bytes``
    """
    low = _threshold_bytes(volume, settings.low_space_percent,
                           settings.low_space_gb, settings, is_below)
    # What closes a volume is always low.
    floor = floor_bytes(volume, traits, settings, is_below)
    return max(low, floor) if low else 0


def is_low(volume: model.Volume, traits: frozenset[str], settings: Settings
           ) -> bool:
    """Whether a volume is low; as before where its free space is unknown.

    :param traits: what it has now
    """
    was_low = names.LOW_SPACE in traits
    if volume.free_bytes is None or volume.size_bytes is None:
        return was_low
    return volume.free_bytes < low_bytes(volume, traits, settings, was_low)


def _threshold_bytes(volume: model.Volume, percent: int, gb: int,
                     settings: Settings, is_below: bool) -> int:
    size_bytes = volume.size_bytes or 0  # then unknown, and not decided by
    threshold = max(size_bytes * percent // 100, gb * model.GIB)
    if is_below and threshold:
        threshold += size_bytes * settings.floor_hysteresis_percent // 100
    return threshold
