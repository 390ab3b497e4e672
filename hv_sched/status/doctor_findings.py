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

"""Findings of the doctor, in the form the status has."""

from collections.abc import Iterable

from hv_sched.doctor.runner import Diagnosis
from hv_sched.status.model import FindingStatus


def of_doctor(diagnoses: Iterable[Diagnosis]) -> tuple[FindingStatus, ...]:
    return tuple(FindingStatus(
        'doctor', diagnosis.severity, diagnosis.check.code,
        diagnosis.symptom.subject,
        f'{diagnosis.symptom.evidence}. {diagnosis.check.trap}',
        diagnosis.check.remedy) for diagnosis in diagnoses)
