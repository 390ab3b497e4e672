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

"""A volume as two bars: what Placement counts, and the disk itself. Pure.

Positions are parts of a whole, from 0 to 100.
"""

import dataclasses

from hv_sched.status.model import VolumeStatus

_STEP = 'rounded up to a step'


@dataclasses.dataclass(frozen=True)
class Segment:
    """:param kind: names its colour
    :param label: for people
    :param start: in per cent of the bar
    """

    kind: str
    label: str
    gb: float
    start: float
    width: float


@dataclasses.dataclass(frozen=True)
class Bar:
    """:param mark: where the floor is, None where there is none"""

    segments: tuple[Segment, ...]
    mark: float | None = None


def placement(volume: VolumeStatus) -> Bar:
    """Allocated, held and reserved space, and what is free."""
    reserved = [(f'reserved-{min(number, 4)}', label, gb)
                for number, (label, gb) in enumerate(_reserved(volume), 1)]
    parts = [('allocated', 'allocated', float(volume.allocated_gb)),
             ('held', 'held', float(volume.held_gb)), *reserved]
    taken = sum(gb for _kind, _label, gb in parts)
    whole = max(volume.capacity_gb + volume.reserved_gb, taken)
    return Bar(_segments([*parts, ('free', 'free', whole - taken)], whole))


def disk(volume: VolumeStatus) -> Bar | None:
    """Used and free bytes; None where the source does not state them."""
    if not volume.size_gb or volume.physical_free_gb is None:
        return None
    whole = volume.size_gb
    used = max(0.0, whole - volume.physical_free_gb)
    mark = (100 * (whole - volume.floor_gb) / whole if volume.floor_gb
            else None)
    return Bar(_segments([
        ('used', 'used', used), ('free', 'free', whole - used)], whole), mark)


def _reserved(volume: VolumeStatus) -> list[tuple[str, float]]:
    """The reasons, scaled to what Placement has: it is rounded up."""
    parts = [(part.label, part.gb) for part in volume.reserved]
    known_gb = sum(gb for _label, gb in parts)
    if not parts:
        return [('reserved', volume.reserved_gb)] if volume.reserved_gb else []
    if volume.reserved_gb >= known_gb:
        return [*parts, (_STEP, volume.reserved_gb - known_gb)]
    # A pass has not written yet what the source says.
    return [(label, gb * volume.reserved_gb / known_gb)
            for label, gb in parts]


def _segments(parts: list[tuple[str, str, float]], whole: float
              ) -> tuple[Segment, ...]:
    segments = []
    start = 0.0
    for kind, label, gb in parts:
        if gb <= 0 or whole <= 0:
            continue
        width = min(100 * gb / whole, 100 - start)
        segments.append(Segment(kind, label, gb, start, width))
        start += width
    return tuple(segments)
