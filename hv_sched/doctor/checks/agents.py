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

"""Two that write against each other."""

from collections.abc import Iterator
from collections.abc import Sequence

from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity


def fighting(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """Something of ours took a value it had before, having had another."""
    samples = evidence.samples or ()
    keys = {key for sample in samples for key in sample.values}
    for subject, property_ in sorted(keys):
        values = [sample.values.get((subject, property_), 'absent')
                  for sample in samples]
        changes = _distinct_runs(values)
        if len(changes) > len(set(changes)):
            yield Symptom(subject, f'{property_} went '
                          f'{" -> ".join(changes)} while it was watched')


def _distinct_runs(values: Sequence[str]) -> list[str]:
    return [value for number, value in enumerate(values)
            if number == 0 or value != values[number - 1]]


CHECKS = (
    Check('agents-fight', Severity.ERROR,
          'A value of hv_sched goes back and forth: two agents or commands '
          'with different sources or options write against each other, or '
          'the source itself flaps.',
          'Run one hv-sched-agent for a cloud, or give all the same source '
          'and options; --pause-cluster keeps an agent off a cluster.',
          fighting, ('samples',)),
)
