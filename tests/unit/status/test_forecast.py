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

"""Days until full are said of six hours of real growth, and else never."""

import random

from hypothesis import given
from hypothesis import strategies
import pytest

from hv_sched.status import forecast

HOUR = 3600.0


def samples(*free_gb, hours=6.0, physical=True):
    step = hours * HOUR / (len(free_gb) - 1)
    return [forecast.SpaceSample(number * step, free if physical else None,
                                 1000.0 if physical else free)
            for number, free in enumerate(free_gb)]


def line(start, per_hour, hours, count=25):
    return samples(*(start - per_hour * hours * number / (count - 1)
                     for number in range(count)), hours=hours)


@pytest.mark.parametrize('hours', [6, 7, 24])
def test_steady_growth_is_drawn_on(hours):
    end = forecast.forecast(line(1000, 10, hours), 2000)
    assert end.of == 'disk'
    assert end.days == pytest.approx((1000 - 10 * hours) / 240)


def test_less_than_six_hours_say_nothing():
    assert forecast.forecast(line(1000, 10, 5.99), 2000) is None


def test_few_samples_say_nothing():
    assert forecast.forecast(line(1000, 10, 24, count=5), 2000) is None


def test_no_samples_say_nothing():
    assert forecast.forecast((), 2000) is None


@pytest.mark.parametrize('per_hour', [0, -10, 0.01])
def test_no_growth_is_no_end(per_hour):
    assert forecast.forecast(line(1000, per_hour, 24), 2000) is None


def test_up_and_down_is_no_growth():
    rng = random.Random(22)
    noise = samples(*(1000 + rng.uniform(-50, 50) for _ in range(96)),
                    hours=24)
    assert forecast.forecast(noise, 2000) is None


@pytest.mark.parametrize('at', [1, 12, 13, 24])
def test_one_step_is_no_growth(at):
    """Such as one large disk, whenever it came."""
    step = samples(*(1000 - 300 * (number >= at) for number in range(25)),
                   hours=24)
    assert forecast.forecast(step, 2000) is None


def test_several_disks_are_growth():
    steps = samples(*(1000 - 100 * (number // 8) for number in range(25)),
                    hours=24)
    assert forecast.forecast(steps, 2000) is not None


def test_growth_under_noise_is_seen():
    rng = random.Random(22)
    values = [1000 - 2.5 * number + rng.uniform(-5, 5)
              for number in range(96)]
    end = forecast.forecast(samples(*values, hours=24), 2000)
    assert end.days == pytest.approx(values[-1] / 240, rel=0.1)


def test_the_earlier_end_is_told_with_what_runs_out():
    both = [forecast.SpaceSample(number * HOUR, 1000 - number,
                                 200 - 10 * number)
            for number in range(8)]
    end = forecast.forecast(both, 2000)
    assert (end.of, round(end.days * 24)) == ('allocation', 13)


def test_allocation_alone_where_physical_space_is_not_told():
    falling = samples(*(500 - 10 * number for number in range(8)),
                      hours=24, physical=False)
    assert forecast.forecast(falling, 2000).of == 'allocation'


def test_a_full_volume_is_full_now():
    assert forecast.forecast(line(120, 10, 12.5), 2000).days == 0


@given(strategies.lists(strategies.tuples(
    strategies.floats(0, 1e6), strategies.floats(-1e5, 1e5)), max_size=40))
def test_whatever_is_sampled_the_end_is_not_in_the_past(points):
    end = forecast.forecast([
        forecast.SpaceSample(seconds, free, free)
        for seconds, free in sorted(points)], 2000)
    assert end is None or end.days >= 0
