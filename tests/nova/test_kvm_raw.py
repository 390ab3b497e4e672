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

"""The table of shares, with raw files in shared directories.

Nova's real libvirt driver; see tests/nova/kvm.
"""

import tests.nova  # noqa: F401  must be first: it patches

# isort: split

import pytest

from tests.nova.kvm import cells
from tests.nova.kvm import measured
from tests.nova.kvm import table
from tests.nova.releases import nova_34

pytestmark = [pytest.mark.wide, pytest.mark.skipif(
    not nova_34.HAS_COUNTED_STORAGE, reason='made for the driver of Nova 34')]


@pytest.mark.parametrize('state', table.STATES + table.COPIED)
def test_each_copy_has_a_share(state):
    assert measured.recorded()['raw'][state] == measured.record_of(
        table.measure('raw')[state])
    table.check('raw', state, cells.UNCOVERED_OF_FILES_GB)
