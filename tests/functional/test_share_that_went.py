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

"""A share that goes while its files stay, as Nova leaves them.

It deletes a server whose node is down from its database: the allocation goes,
and the files stay until the node is back. Deleting raises no generation.
"""

import pytest

from hv_sched import model
from tests.functional import cloud as clouds

GIB = clouds.GIB


def facts(server):
    """One server's file of 20 GB lies on the volume, beside nothing."""
    return clouds.facts(clouds.cluster(
        volumes=(clouds.volume(1, free_bytes=480 * GIB),),
        vms=(model.Vm(server, owner_node='hv01', disks=(model.VmDisk(
            clouds.guid(1), actual_bytes=20 * GIB,
            provisioned_bytes=50 * GIB),)),)))


@pytest.mark.parametrize('created_gb', [0, 50, 70])
def test_files_whose_share_went_are_reserved_for_by_the_next_quick_look(
        cloud, created_gb):
    """Whatever else was created meanwhile."""
    cloud.sync(clouds.facts())
    server = cloud.create(50, 'hv01')
    reconciler = cloud.reconciler()
    assert not reconciler.sync(facts(server), full=True).failures
    assert reserved(cloud) == 0
    cloud.admin.delete(f'/allocations/{server}', microversion='1.39')
    if created_gb:
        cloud.create(created_gb, 'hv02')
    reconciler.sync(facts(server), full=False)
    assert reserved(cloud) == 24, '20 GB, in steps of 8'


def reserved(cloud):
    return cloud.state()['csv:hvc1/Volume1'][1]['DISK_GB'].reserved
