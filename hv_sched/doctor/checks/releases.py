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

"""Releases hv_sched does not work with, or works worse with."""

from collections.abc import Iterator

from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity

# Newest microversion: what has it. From Nova's
# api/openstack/compute/rest_api_version_history.rst.
NOVA = {(2, 95): '27 or 28', (2, 96): '29 or 30', (2, 100): '31 or 32',
        (2, 103): '33', (2, 104): '34'}
PLACEMENT = (1, 39)


def _text(version: tuple[int, int]) -> str:
    return '.'.join(map(str, version))


def nova(evidence: DoctorEvidence) -> Iterator[Symptom]:
    assert evidence.nova is not None
    version = evidence.nova.version
    if version < min(NOVA):
        yield Symptom('Nova', f'its newest microversion is {_text(version)}, '
                      f'that of nova 27 is {_text(min(NOVA))}')
    elif version > max(NOVA):
        yield Symptom('Nova', f'its newest microversion {_text(version)} is '
                      f'newer than that of nova 34, the newest tested',
                      Severity.WARNING)


def placement(evidence: DoctorEvidence) -> Iterator[Symptom]:
    version = evidence.placement.version
    if version < PLACEMENT:
        yield Symptom('Placement', f'its newest microversion is '
                      f'{_text(version)}, needed is {_text(PLACEMENT)}')
    elif version > PLACEMENT:
        yield Symptom('Placement', f'its newest microversion {_text(version)} '
                      'is newer than that of Placement 16, the newest tested',
                      Severity.WARNING)


def placement_rewrites(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """Placement 9 to 16 speak the same microversions: Nova's tells more."""
    assert evidence.nova is not None
    version = evidence.nova.version
    if min(NOVA) <= version <= (2, 100):
        release = NOVA[max(oldest for oldest in NOVA if oldest <= version)]
        yield Symptom('Placement', f'Nova\'s microversion {_text(version)} is '
                      f'that of nova {release}: Placement of the same release '
                      'may be older than 14')


CHECKS = (
    Check('nova-release', Severity.ERROR,
          'hv_sched works with nova 27 (2023.1) to 34 (2026.2).',
          'Upgrade Nova, or look for a newer hv_sched.', nova, ('nova',)),
    Check('placement-release', Severity.ERROR,
          'hv_sched works with Placement 9 (2023.1) to 16 (2026.2).',
          'Upgrade Placement, or look for a newer hv_sched.', placement),
    Check('placement-rewrites', Severity.INFO,
          'Placement before 14 (2025.2) refuses to write the same amount '
          'onto a provider that is over its capacity (bug 2104040): moves '
          'break there, so shares are adopted before nodes are closed.',
          'Upgrade Placement to 14 or newer, which works with older Novas.',
          placement_rewrites, ('nova',)),
)
