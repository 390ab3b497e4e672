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


"""Wall clocks are set back or forward between two passes of an agent."""

import datetime

import pytest

from hv_sched.notices import Kind
from hv_sched.placement import names
from tests.functional import cloud as clouds

NOON = datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.timezone.utc)


class Site:
    """A running reconcile, Placement's clock, and that of Windows."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.minutes = 0
        self.running = cloud.reconciler(clock=lambda: at(self.minutes))
        self.one_pass(0)
        self.state = cloud.state()

    def one_pass(self, minutes, full=False, **volume):
        """:param minutes: after noon, when the facts were collected"""
        result = self.running.sync(clouds.facts(clouds.cluster(
            collected_at=at(minutes),
            volumes=(clouds.volume(1, **volume),))), full)
        assert not result.failures
        return [finding.kind for finding in result.plan.all_findings]

    @property
    def is_closed(self):
        return names.NO_NEW_DISKS in self.cloud.api.traits(clouds.VOLUME)[1]


def at(minutes):
    return NOON + datetime.timedelta(minutes=minutes)


@pytest.fixture
def site(cloud):
    return Site(cloud)


@pytest.mark.parametrize('full', [True, False])
def test_all_clocks_go_forward_and_are_set_back(site, full):
    """What the wrong clock dated freezes nothing once it is known wrong."""
    site.minutes = 60
    assert site.one_pass(60, full) == []
    site.minutes = 1
    assert site.one_pass(1, full, maintenance=True) == []
    assert site.is_closed
    site.minutes = 2
    # Of before that: the agent does not go back.
    assert site.one_pass(0, full) == [Kind.FROZEN]
    assert site.is_closed
    site.one_pass(2, full, maintenance=False)
    assert site.is_closed, 'it opens by two answers, as ever'
    site.one_pass(3, full, maintenance=False)
    assert site.cloud.state() == site.state


@pytest.mark.parametrize('full', [True, False])
def test_only_placements_clock_goes_forward_and_is_set_back(site, full):
    """The facts are old by it, and what they tell opens nothing."""
    site.minutes = 24 * 60
    assert site.one_pass(1, full) == [Kind.FROZEN]
    assert site.is_closed
    site.minutes = 2
    site.one_pass(2, full)
    assert site.is_closed
    site.one_pass(3, full)
    assert site.cloud.state() == site.state


@pytest.mark.parametrize('full', [True, False])
def test_only_placements_clock_is_set_back(site, full):
    site.minutes = -60
    assert site.one_pass(1, full, free_bytes=0) == [Kind.FROZEN]
    assert site.cloud.state() == site.state
    site.minutes = 2
    assert site.one_pass(2, full) == []
    assert site.cloud.state() == site.state
