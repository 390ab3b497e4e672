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

"""What doc/moves.json says is what this Nova and hv_sched do.

``python -m tests.nova.measured_moves`` writes it anew.
"""

import json

import nova.version
import pytest

from doc import moves_page
from tests.nova import measured_moves


def recorded():
    return json.loads(moves_page.RECORD.read_text())


@pytest.mark.wide
def test_hv_sched_charges_what_the_page_says():
    assert measured_moves.measure('hv_sched') == recorded()['hv_sched']


@pytest.mark.long
@pytest.mark.parametrize('side', ['own disks', 'published by hand'])
def test_stock_nova_charges_what_the_page_says(side):
    found = nova.version.version_string()
    if found.partition('.')[0] != recorded()['nova'].partition('.')[0]:
        pytest.skip(f'the page is of Nova {recorded()["nova"]}')
    assert measured_moves.measure(side) == recorded()[side]
