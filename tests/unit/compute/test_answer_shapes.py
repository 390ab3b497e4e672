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
"""What a call must answer depends on its method as well as on its path."""

import pytest

from hv_sched.compute import answer_shapes

AGGREGATE = {'id': 1, 'name': 'hv_sched'}
LISTED, MADE = {'aggregates': [AGGREGATE]}, {'aggregate': AGGREGATE}


@pytest.mark.parametrize('method, right, wrong', [
    ('GET', LISTED, MADE), ('POST', MADE, LISTED)])
def test_aggregates_are_listed_and_made_at_one_path(method, right, wrong):
    """A list taken for what was made has no id to add hosts to."""
    shape = answer_shapes.of(answer_shapes.NOVA, method, '/os-aggregates')
    assert not shape.fault(right)
    assert shape.fault(wrong)


def test_an_action_answers_the_aggregate():
    shape = answer_shapes.of(
        answer_shapes.NOVA, 'POST', '/v2.1/os-aggregates/1/action')
    assert not shape.fault(MADE)
    assert shape.fault(LISTED)


def test_what_is_not_listed_answers_an_object():
    shape = answer_shapes.of(answer_shapes.NOVA, 'GET', '/os-keypairs')
    assert not shape.fault({})
    assert shape.fault([])
