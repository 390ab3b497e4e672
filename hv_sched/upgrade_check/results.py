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


"""What the doctor found, as the results of an upgrade check.

An error stops an upgrade and a warning does not; what could not be read is a
warning, for nobody knows what it would have shown.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses

from oslo_upgradecheck import upgradecheck

from hv_sched import printable
from hv_sched.doctor import evidence
from hv_sched.doctor.checks import agents
from hv_sched.doctor.checks import capacity
from hv_sched.doctor.checks import clocks
from hv_sched.doctor.checks import configuration
from hv_sched.doctor.checks import node_disks
from hv_sched.doctor.checks import releases
from hv_sched.doctor.checks import scheduler
from hv_sched.doctor.checks import source
from hv_sched.doctor.checks import traits
from hv_sched.doctor.checks import vocabulary
from hv_sched.doctor.checks import volumes
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Diagnosis
from hv_sched.doctor.runner import Skipped
from hv_sched.notices import Severity

_CODES = {Severity.ERROR: upgradecheck.Code.FAILURE,
          Severity.WARNING: upgradecheck.Code.WARNING,
          Severity.INFO: upgradecheck.Code.SUCCESS}


@dataclasses.dataclass(frozen=True)
class Topic:
    """Checks of the doctor that are one check of an upgrade."""

    title: str
    checks: tuple[Check, ...]


TOPICS = (
    Topic('Releases of Nova and Placement', releases.CHECKS),
    Topic('Configuration of nova-scheduler', scheduler.CHECKS),
    Topic('Volumes', (*volumes.CHECKS, *capacity.CHECKS)),
    Topic('Disks of the nodes', node_disks.CHECKS),
    Topic('Traits', traits.CHECKS),
    Topic('Flavors and images', vocabulary.CHECKS),
    Topic('Source', source.CHECKS),
    Topic('Agents and clocks', (*agents.CHECKS, *clocks.CHECKS)),
    Topic('Configuration of hv_sched', configuration.CHECKS))


# hv-sched-status looks once.
_REASONS = {evidence.INPUTS['samples']: 'run "csv doctor --watch"'}


def of_topic(topic: Topic, diagnoses: Iterable[Diagnosis],
             skipped: Iterable[Skipped]) -> upgradecheck.Result:
    """The result of one topic.

    :param diagnoses: of all checks
    :param skipped: of all checks
    """
    codes = {check.code for check in topic.checks}
    mine = [diagnosis for diagnosis in diagnoses
            if diagnosis.check.code in codes]
    unread = [skip for skip in skipped if codes & set(skip.codes)]
    results = [_CODES[diagnosis.severity] for diagnosis in mine]
    results += [upgradecheck.Code.WARNING for skip in unread if skip.failed]
    details = printable.text(' '.join((*map(_sentence, mine),
                                       *_unread(unread, codes))))
    return upgradecheck.Result(
        max(results, default=upgradecheck.Code.SUCCESS), details or None)


def _sentence(diagnosis: Diagnosis) -> str:
    symptom = diagnosis.symptom
    return (f'{diagnosis.check.code}: {symptom.subject}: {symptom.evidence}. '
            f'{diagnosis.check.remedy}')


def _unread(skipped: Iterable[Skipped], codes: set[str]) -> Iterator[str]:
    for skip in skipped:
        left_out = ', '.join(code for code in skip.codes if code in codes)
        reason = _REASONS.get(skip.reason, skip.reason)
        yield f'Not checked: {left_out} ({reason}).'
