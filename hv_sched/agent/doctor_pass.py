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

"""The checks of ``csv doctor`` that need no file, for the agent's status."""

from typing import Any

from hv_sched import exit_codes
from hv_sched import ignored_findings
from hv_sched.agent import due
from hv_sched.doctor import checks
from hv_sched.doctor import gather
from hv_sched.doctor import runner
from hv_sched.notices import Severity
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.status import doctor_findings
from hv_sched.status.model import FindingStatus
from hv_sched.status.recorder import Recorder

NOT_CHECKED = 'not-checked'


class DoctorPass:
    """:param options: those of group hv_sched
    :param clients: see gather.Clients
    """

    def __init__(self, options: Any, clients: gather.Clients,
                 publishing: settings.Settings, recorder: Recorder) -> None:
        self._options = options
        self._clients = clients
        self._settings = publishing
        self._recorder = recorder
        self._due = due.Due()
        self._ignored = ignored_findings.IgnoredFindings(
            tuple(options.ignore_findings))

    def run(self, number: int) -> int:
        """Every so many passes; what a sync says, it says itself.

        :raises PlacementError: without Placement nothing can be checked
        """
        every = self._options.doctor_every
        if not every or not self._due.is_due('doctor', number % every == 0):
            return exit_codes.OK
        # A gatherer remembers what it could not read: each pass has its own.
        gatherer = gather.Gatherer(
            self._clients, reconcile.Reconciler(
                self._clients.placement, self._settings),
            self._options.workers)
        diagnoses, skipped = runner.run(
            checks.CHECKS, gatherer.gather(gather.DoctorInputs()))
        remaining, _left_out = runner.split(diagnoses, self._ignored)
        self._recorder.told('doctor', (
            *doctor_findings.of_doctor(remaining),
            *(_not_checked(skip) for skip in skipped if skip.failed)))
        self._due.done('doctor')
        return exit_codes.OK


def _not_checked(skip: runner.Skipped) -> FindingStatus:
    """For information: a user of the agent's rights may not see all."""
    return FindingStatus(
        'doctor', Severity.INFO, NOT_CHECKED, ', '.join(skip.codes),
        f'not checked: {skip.reason}',
        'Fix what it names, or run "csv doctor" as a user that may see more.')
