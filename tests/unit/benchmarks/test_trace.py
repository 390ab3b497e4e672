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

"""The trace is what its sources say, and the same for the same seed."""

import random
import statistics

import pytest

from benchmarks import trace

PLAN = trace.Plan(seed=1, capacity_gb=64_000)


@pytest.fixture(scope='module')
def drawn():
    source = trace._Source(random.Random(7))
    return [source.deployment(0.0) for _ in range(20_000)]


def test_a_seed_is_one_trace():
    assert trace.deployments(PLAN) == trace.deployments(PLAN)
    assert trace.deployments(PLAN) != trace.deployments(
        trace.Plan(seed=2, capacity_gb=64_000))


def test_two_of_three_servers_live_for_an_hour_at_most(drawn):
    short = sum(each.lifetime_hours <= 1.0 for each in drawn) / len(drawn)
    assert short == pytest.approx(0.679, abs=0.015)


def test_the_mean_lifetime_is_that_of_the_published_trace(drawn):
    mean = statistics.mean(each.lifetime_hours for each in drawn)
    assert mean == pytest.approx(162_465_708 / 2_695_548, rel=0.2)


def test_most_servers_have_two_cores_and_half_of_deployments_are_single(
        drawn):
    two = sum(each.size.vcpus == 2 for each in drawn) / len(drawn)
    single = sum(each.servers == 1 for each in drawn) / len(drawn)
    assert two == pytest.approx(0.581, abs=0.015)
    assert single == pytest.approx(0.505, abs=0.015)


def test_the_mean_disk_is_what_the_arrival_rate_counts_with(drawn):
    mean = statistics.mean(each.size.disk_gb for each in drawn)
    assert mean == pytest.approx(trace.mean_disk_gb(), rel=0.05)


def test_the_mean_deployment_is_what_the_arrival_rate_counts_with(drawn):
    mean = statistics.mean(each.servers for each in drawn)
    assert mean == pytest.approx(trace._mean(trace.DEPLOYMENT_SERVERS),
                                 rel=0.05)


def test_what_stands_first_asks_for_its_share():
    standing = [each for each in trace.deployments(PLAN)
                if each.at_hours == 0.0]
    wanted_gb = sum(each.disk_gb for each in standing)
    largest_gb = 10 * 32 * trace.DISK_GB_A_CORE
    assert 0 <= wanted_gb - 0.8 * PLAN.capacity_gb < largest_gb


def test_arrivals_want_more_than_there_is():
    """Over many seeds; a single one differs by its few large deployments."""
    wanted = [sum(each.disk_gb for each in trace.deployments(
        trace.Plan(seed, PLAN.capacity_gb, standing=0.0))
        if each.end_hours > PLAN.hours) for seed in range(60)]
    assert statistics.mean(wanted) / PLAN.capacity_gb == pytest.approx(
        PLAN.peak, rel=0.2)
