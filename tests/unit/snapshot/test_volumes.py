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

"""What the scheduler knows of volumes."""

import pytest

from hv_sched.snapshot import volumes


def cluster_of(name):
    return volumes.VolumeState('v', name, 500, 0).cluster


@pytest.mark.parametrize('name,other,are_one', [
    ('csv:c1/CSV1', 'csv:c1/CSV2', True),
    ('csv:c1/CSV1', 'csv:c10/CSV1', False),
    ('csv:c1/CSV1', 'csv:c1.example.com/CSV1', False),
    ('csv:c1/CSV1', 'csv:c1 /CSV1', False),
    ('csv:c1/a/b', 'csv:c1/c', True),
    ('csv:c1/c2/a', 'csv:c1/c3/a', True)])
def test_a_cluster_is_told_by_its_whole_name(name, other, are_one):
    assert (cluster_of(name) == cluster_of(other)) is are_one
