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

"""A cluster's thread ends as it is told to, whatever its last pass did."""

import threading

from hv_sched import exception
from hv_sched.agent import backoff
from hv_sched.agent import cluster_sync
from hv_sched.providers import look


def test_a_pass_that_fails_while_it_stops_ends_the_thread_in_order(
        monkeypatch):
    raised = []
    monkeypatch.setattr(threading, 'excepthook', raised.append)
    is_begun = threading.Event()

    class Reconciler:
        def sync_cluster(self, given, name):
            is_begun.set()
            cluster._condition.acquire()
            cluster._is_stopping = True
            cluster._condition.release()
            raise exception.PlacementUnavailable('it is away')

    cluster = cluster_sync.ClusterSync(
        'c1', Reconciler(), None, backoff.Backoff(1))
    cluster.start()
    cluster.offer(look.Look(None, None, None, None))
    assert is_begun.wait(60)
    cluster.join(60)
    assert not cluster._thread.is_alive()
    assert not raised
