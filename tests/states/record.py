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

"""``python -m tests.states.record 0.1.0``: keeps what this release writes.

Run once, at the tag of a release. The cloud is that of
examples/production.yaml: a server on each node, the escrow of one that is
moved, and that of a move that failed.
"""

import json
import pathlib
import shutil
import sys

from hv_sched import sources
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from tests.functional import base
from tests.functional import cloud as clouds
from tests.repository import EXAMPLES
from tests.states import placement_dump

STATES = pathlib.Path(__file__).parent
SOURCE = EXAMPLES / 'production.yaml'
SERVER = '5e4a0000-0000-4000-8000-{:012d}'
MIGRATION = '316a0000-0000-4000-8000-{:012d}'
COMPUTE = {'VCPU': 1, 'MEMORY_MB': 512}


def build(placement: base.Placement) -> clouds.Cloud:
    """A cloud that hv_sched publishes, with servers."""
    facts = sources.load(str(SOURCE))
    cluster, = facts.clusters
    cloud = clouds.Cloud(placement)
    size_gb = {volume.guid: volume.size_bytes // clouds.GIB
               for volume in cluster.volumes}
    for node in cluster.nodes:
        cloud.register(node.name, disk_gb=size_gb[node.home])
    cloud.sync(facts)
    volume_of = {volume.guid: ids.volume_uuid(cluster.guid, volume.guid)
                 for volume in cluster.volumes}
    for number, node in enumerate(cluster.nodes):
        write(cloud, SERVER.format(number), 'INSTANCE', {
            cloud.nodes[node.name]: COMPUTE,
            volume_of[node.home]: {'DISK_GB': 20}})
    first, second = cluster.nodes[:2]
    home = volume_of[first.home]
    # A live migration: the share is the server's, escrow the migration's.
    write(cloud, MIGRATION.format(0), 'MIGRATION', {
        cloud.nodes[second.name]: COMPUTE,
        home: {names.HELD_DISK_GB: 20}})
    # One that failed: its escrow waits to be released.
    write(cloud, MIGRATION.format(1), 'MIGRATION', {
        home: {names.HELD_DISK_GB: 30}})
    cloud.sync(facts)
    return cloud


def write(cloud: clouds.Cloud, uuid: str, kind: str,
          held: dict[str, dict[str, int]]) -> None:
    """As nova and the plug-ins write consumers."""
    cloud.api.write_consumers([Consumer(uuid, None, 'p', 'u', held, kind)])


def main() -> int:
    """Record it; the argument is the release."""
    folder = STATES / sys.argv[1]
    folder.mkdir()
    shutil.copyfile(SOURCE, folder / 'clusters.yaml')
    with base.running_placement() as placement:
        state = placement_dump.dump(build(placement).admin)
    (folder / 'placement.json').write_text(
        json.dumps(state, indent=1, sort_keys=True) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
