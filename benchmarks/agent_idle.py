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

"""Requests of an agent's pass with nothing to do, at two sizes of a cloud.

    python -m benchmarks.agent_idle [--nodes 100 1000]

In clusters of 16 nodes and 4 volumes, in a Placement of this process. The
first pass publishes everything, the second sees what the first has written,
the third is idle; the fourth follows a foreign write to one node. Prints JSON:
requests, writes and seconds of each.
"""

import argparse
import json

from benchmarks import reconcile
from hv_sched.agent import cmd
from hv_sched.agent import syncing
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.providers import reconcile as reconciling
from hv_sched.recovery import restore
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import nova_answers

CLUSTER_NODES = 16
VOLUMES = 4


def measured(nodes: int) -> dict:
    """The four passes of a cloud of so many nodes."""
    clusters = -(-nodes // CLUSTER_NODES)
    facts = reconcile.source(clusters, CLUSTER_NODES, VOLUMES, nodes)
    with base.running_placement() as placement:
        cloud = clouds.Cloud(placement)
        for cluster in facts.clusters:
            cloud.register(*(node.name for node in cluster.nodes),
                           disk_gb=4096)
        api = client.from_adapter(placement)
        options = cmd.configure([]).hv_sched
        made = syncing.Syncing(
            reconciling.Reconciler(api, reconcile.SETTINGS), options,
            reconcile.SETTINGS, 60)
        restorer = restore.Restorer(
            api, nova_answers.Answers(cloud.nodes),
            restore.RestoreOptions(workers=1, settle_seconds=0))

        def one_pass(facts_now) -> None:
            code = made.run(facts_now, full=False)
            assert code == 0, code
            restorer.restore(full=False)
        result = {name: reconcile.measure(one_pass, placement, facts)
                  for name in ('first', 'after our writes', 'idle')}
        name, uuid = next(iter(cloud.nodes.items()))
        generation, traits = cloud.api.traits(uuid)
        cloud.api.set_traits(uuid, generation, traits - {names.CLUSTERED})
        result['one foreign write'] = reconcile.measure(
            one_pass, placement, facts)
        return {'clusters': clusters, **result}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--nodes', type=int, nargs='+', default=[100, 1000])
    args = parser.parse_args()
    print(json.dumps({f'{nodes} nodes': measured(nodes)
                      for nodes in args.nodes}, indent=2))


if __name__ == '__main__':
    main()
