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

"""What a plan says of the problems in a source."""

import pytest

from hv_sched import model
from hv_sched import notices


@pytest.mark.parametrize(('problem', 'kind'), [
    (model.Problem('hvc1', 'a.yaml', 'no'), notices.Kind.FROZEN),
    (model.Problem('hvc1', 'a.yaml', 'no', freezes=False),
     notices.Kind.SKIPPED),
    (model.Problem('hvc1', 'a.yaml', 'no', freezes=False, is_note=True),
     notices.Kind.NOTE)])
def test_a_problem_freezes_its_cluster_or_leaves_one_thing_out_or_is_a_note(
        problem, kind):
    assert notices.of_problem(problem) == notices.Notice(
        'hvc1', 'hvc1', kind, 'a.yaml: no', 'invalid')


def test_a_problem_of_no_cluster_is_the_sources():
    notice = notices.of_problem(model.Problem(None, 'a.yaml', 'is empty'))
    assert (notice.cluster, notice.subject) == ('', 'source')


def test_what_is_said_of_a_problem_has_its_code():
    notice = notices.of_problem(model.Problem(
        'hvc1', 'a.yaml', 'no', 'guid-not-unique'))
    assert notice.code == 'guid-not-unique'
