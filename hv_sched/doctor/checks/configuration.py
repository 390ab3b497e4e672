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

"""The configuration of hv_sched itself."""

from collections.abc import Iterator

from hv_sched.conf import exposed_secrets
from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity


def readable_secrets(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """Files of this machine that were read for this run."""
    for path, options in sorted(evidence.readable_options.items()):
        yield Symptom(path, f'it holds {", ".join(options)}, and its mode '
                      'lets everybody read it')


_REMEDY = exposed_secrets.REMEDY
CHECKS = (
    Check('secrets-readable', Severity.WARNING,
          'A configuration file of hv_sched holds a password, and every user '
          'of the machine can read it.',
          f'{_REMEDY[0].upper()}{_REMEDY[1:]}. Then change the password.',
          readable_secrets),
)
