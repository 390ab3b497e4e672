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

"""Adopt and retire of one cluster at the same time, write by write.

No share is lost, nothing is offered twice, and the one that cannot go on
says that another command works on the same cluster.
"""

import contextlib

import pytest

from hv_sched import exception
from hv_sched.adopt import adopt
from hv_sched.placement import retry
from tests.chaos import placement_rows
from tests.functional import cloud as clouds
from tests.functional import unadopted_cloud

WRITES = ('PUT', 'POST', 'DELETE')
CLUSTER = clouds.cluster(1)
# Of the write before which the other command runs.
NUMBERS = [pytest.param(number, marks=() if number == 4 else (
    pytest.mark.faults,)) for number in range(1, 13)]


@pytest.fixture
def cloud(placement, monkeypatch):
    monkeypatch.setattr(retry.tenacity.nap, 'sleep', lambda seconds: None)
    made = unadopted_cloud.UnadoptedCloud(placement, ('hv01',))
    made.server('hv01', 100)
    return made


class Between:
    """Runs another command before some writes of the first.

    :param is_due: whether to, by the number of the write
    :ivar faults: what was wrong at any request of either
    """

    def __init__(self, cloud, command, is_due):
        self._cloud = cloud
        self._command = command
        self._is_due = is_due
        self._is_inside = False
        self.writes = 0
        self.faults = []
        cloud.placement.service.before = self

    def __call__(self, environ):
        self._judge()
        if self._is_inside or environ['REQUEST_METHOD'] not in WRITES:
            return
        self.writes += 1
        if self._is_due(self.writes):
            self._is_inside = True
            with contextlib.suppress(exception.HvSchedError):
                self._command()
            self._is_inside = False

    def _judge(self):
        state = placement_rows.read()
        shares_gb = sum(placement_rows.shares(state).values())
        twice_gb = placement_rows.offered_twice(state)
        if (shares_gb, twice_gb) != (100, 0):
            self.faults.append((self.writes, shares_gb, twice_gb))

    def end(self):
        self._cloud.placement.service.before = None
        self._judge()
        assert self.faults == []


@pytest.mark.parametrize('number', NUMBERS)
def test_a_node_is_not_opened_while_its_volume_is_published(cloud, number):
    """An adopt before each write of a retire."""
    cloud.adopt(CLUSTER)
    between = Between(cloud, lambda: cloud.adopt(CLUSTER),
                      lambda write: write == number)
    with contextlib.suppress(exception.Contended):
        cloud.retire(CLUSTER)
    between.end()
    assert cloud.retire(CLUSTER).failures == ()
    assert {name for name, _server in cloud.disk()} == {'hv01'}


@pytest.mark.parametrize('number', NUMBERS)
def test_adopt_goes_on_after_a_retire(cloud, number):
    """Whatever it wrote was taken back: it begins again by itself."""
    between = Between(cloud, lambda: cloud.retire(CLUSTER),
                      lambda write: write == number)
    cloud.adopt(CLUSTER)
    between.end()
    cloud.adopt(CLUSTER)
    assert {name for name, _server in cloud.disk()} == {'csv:hvc1/Volume1'}


def test_adopt_gives_up_beside_a_retire_that_never_ends(cloud):
    """Bounded, and it says why; the exit code of an error is 1."""
    between = Between(cloud, lambda: cloud.retire(CLUSTER),
                      lambda write: write % 2 == 0)
    with pytest.raises(exception.Contended) as raised:
        for _run in range(5):
            cloud.adopt(CLUSTER)
    between.end()
    assert str(raised.value).startswith(
        'another command writes to cluster hvc1 at the same time')
    assert between.writes < 30 * adopt.ATTEMPTS
    cloud.adopt(CLUSTER)
    assert {name for name, _server in cloud.disk()} == {'csv:hvc1/Volume1'}
