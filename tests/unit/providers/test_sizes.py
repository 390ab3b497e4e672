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


import pytest

from hv_sched.drivers import Reported
from hv_sched.providers import sizes


@pytest.mark.parametrize(('reported', 'fitting_gb', 'wrong_gb'), [
    (Reported.VOLUME, (150, 300, 600), (149, 601)),
    # A pool among others may be small; raw bytes are never its size.
    (Reported.RAW_CLUSTER, (1, 100, 150), (151, 300))])
def test_a_size_is_compared_with_what_the_nodes_report(
        reported, fitting_gb, wrong_gb):
    for volume_gb in fitting_gb:
        assert sizes.agree(volume_gb, 300, reported)
    for volume_gb in wrong_gb:
        assert not sizes.agree(volume_gb, 300, reported)
