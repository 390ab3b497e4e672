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

"""Whose clock is wrong."""

from unittest import mock

import pytest

from hv_sched.doctor.checks import clocks
from hv_sched.doctor.evidence import DoctorEvidence


def blamed(**ahead):
    """Subjects by what services are ahead of this machine, in seconds."""
    evidence = DoctorEvidence(placement=mock.sentinel.unread, clocks=ahead)
    return {symptom.subject: symptom.evidence
            for symptom in clocks.skewed(evidence)}


@pytest.mark.parametrize('ahead', [
    {}, {'Nova': 0}, {'Nova': 5, 'Placement': -5, 'Glance': 0}])
def test_a_few_seconds_are_no_skew(ahead):
    assert blamed(**ahead) == {}


def test_one_service_that_differs_is_named():
    assert blamed(Nova=60, Placement=0) == {
        'Nova': 'its clock is 60 s ahead of this machine\'s'}
    assert set(blamed(Nova=60)) == {'Nova'}, 'one alone proves nothing'


def test_services_that_agree_prove_that_this_machine_is_wrong():
    assert blamed(Nova=60, Placement=62) == {
        'this machine': 'its clock is 61 s behind Nova, Placement, which '
        'agree'}


def test_services_that_disagree_with_us_and_each_other_are_each_named():
    assert blamed(Nova=60, Placement=-60) == {
        'Nova': 'its clock is 60 s ahead of this machine\'s',
        'Placement': 'its clock is 60 s behind this machine\'s'}
    assert set(blamed(Nova=60, Placement=66)) == {'Nova', 'Placement'}
