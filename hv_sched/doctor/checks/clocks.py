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

"""Clocks that do not agree."""

from collections.abc import Iterator

from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity

# A Date header has whole seconds, and the answer was under way.
TOLERATED_SECONDS = 5


def skewed(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """Services that agree with one another tell that ours is wrong."""
    clocks = evidence.clocks
    off = {name: ahead for name, ahead in clocks.items()
           if abs(ahead) > TOLERATED_SECONDS}
    apart = max(clocks.values(), default=0) - min(clocks.values(), default=0)
    if len(clocks) > 1 and len(off) == len(clocks) and (
            apart <= TOLERATED_SECONDS):
        offset = -sum(clocks.values()) / len(clocks)
        yield Symptom('this machine', f'its clock is {_comparison(offset)} '
                      f'{", ".join(sorted(clocks))}, which agree')
        return
    for name, ahead in sorted(off.items()):
        yield Symptom(
            name, f'its clock is {_comparison(ahead)} this machine\'s')


def _comparison(ahead: float) -> str:
    return f'{abs(ahead):.0f} s {"ahead of" if ahead > 0 else "behind"}'


CHECKS = (
    Check('clock-skew', Severity.WARNING,
          'Clocks differ: facts look older or younger than they are, tokens '
          'expire early, logs cannot be compared.',
          'Run NTP on every host.', skewed),
)
