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


"""Many clusters that hang hold a stop up no longer than one."""

import types

from hv_sched.agent import syncing


class Clock:
    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(syncing.time, 'monotonic', lambda: self.now)


def test_a_stop_waits_for_all_clusters_together(monkeypatch):
    waits = []
    clock = Clock(monkeypatch)

    class Cluster:
        def stop(self):
            pass

        def join(self, seconds):
            waits.append(seconds)
            clock.now += seconds

    made = syncing.Syncing(
        None, types.SimpleNamespace(ignore_findings=[]), None, 60)
    made._clusters = {str(number): Cluster() for number in range(20)}
    made.stop(30)
    assert sum(waits) == 30
