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

"""When a volume is full if it goes on as it did. Pure.

A forecast is made of at least six hours and of growth that is more than the
usual up and down: else nothing is said.
"""

from collections.abc import Sequence
import dataclasses
import math
import statistics

from hv_sched.status.model import Forecast

_DAY_SECONDS = 24 * 60 * 60
SHORTEST_SECONDS = 6 * 60 * 60
_FEWEST = 6
# Growth below both is none.
_LEAST_GB = 1.0
_LEAST_PART = 0.001
# One step that is more of it than this, such as one large disk, is none.
_STEP_PART = 0.5
# Times the slope's standard error that the slope has to be.
_CERTAIN = 3.0
# Beyond that nobody plans, and the past says nothing.
_FARTHEST_DAYS = 3650


@dataclasses.dataclass(frozen=True)
class SpaceSample:
    """What a volume had left at one moment.

    :param seconds: of a clock that never goes back
    :param physical_free_gb: None where it was not stated
    :param free_gb: what new disks might have, before what is held
    """

    seconds: float
    physical_free_gb: float | None
    free_gb: float


def forecast(samples: Sequence[SpaceSample], total_gb: float
             ) -> Forecast | None:
    """The earlier of the two ends, None where none is in sight.

    :param samples: of one volume, the oldest first
    :param total_gb: its size
    """
    physical = [(sample.seconds, sample.physical_free_gb)
                for sample in samples if sample.physical_free_gb is not None]
    ends = {'disk': _days_left(physical, total_gb),
            'allocation': _days_left(
                [(sample.seconds, sample.free_gb) for sample in samples],
                total_gb)}
    return min((Forecast(days, of) for of, days in ends.items()
                if days is not None),
               key=lambda end: end.days, default=None)


def _days_left(points: Sequence[tuple[float, float]], total_gb: float
               ) -> float | None:
    if len(points) < _FEWEST or (
            points[-1][0] - points[0][0] < SHORTEST_SECONDS):
        return None
    start = points[0][0]
    times = [seconds - start for seconds, _free in points]
    free = [free for _seconds, free in points]
    slope, intercept = statistics.linear_regression(times, free)
    shrunk_gb = -slope * times[-1]
    if shrunk_gb < max(_LEAST_GB, total_gb * _LEAST_PART) or (
            _largest_step(free) > shrunk_gb * _STEP_PART) or (
            -slope < _CERTAIN * _standard_error(
                times, free, slope, intercept)):
        return None
    days = max(0.0, free[-1]) / -slope / _DAY_SECONDS
    return days if days <= _FARTHEST_DAYS else None


def _largest_step(free: Sequence[float]) -> float:
    """The most that was taken between two samples."""
    return max(before - after for before, after
               in zip(free, free[1:], strict=False))


def _standard_error(times: Sequence[float], free: Sequence[float],
                    slope: float, intercept: float) -> float:
    """Of the slope of a least-squares line."""
    mean = statistics.fmean(times)
    residuals = sum((value - intercept - slope * time) ** 2
                    for time, value in zip(times, free, strict=True))
    spread = sum((time - mean) ** 2 for time in times)
    return math.sqrt(residuals / (len(times) - 2) / spread)
