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

"""The page of the doctor's checks, from its registry."""

from collections.abc import Iterable
import pathlib

from hv_sched.doctor import checks
from hv_sched.doctor.evidence import INPUTS
from hv_sched.doctor.runner import Check
from hv_sched.notices import Severity

PAGE = pathlib.Path(__file__).parent / 'source/reference/checks.rst'
INTRODUCTION = """\
====================
Checks of the doctor
====================

.. This page is written by python -m doc.generate.

What ``openstack resource provider csv doctor`` checks. The severity is the
usual one. A finding may be more severe if the evidence shows it, and is only
information if an input that would decide was not given. See :doc:`../doctor`.

"""
SEVERITIES = {
    Severity.ERROR: 'servers are misplaced, refused or lost because of it',
    Severity.WARNING: 'they will be when something else happens',
    Severity.INFO: 'to be known; does not bear on the exit code'}


def page() -> str:
    return '\n'.join((INTRODUCTION, *_severities(),
                      *(line for check in checks.CHECKS
                        for line in _check(check))))


def _severities() -> Iterable[str]:
    for severity, meaning in SEVERITIES.items():
        yield f'* **{severity.value}**: {meaning}'
    yield ''


def _check(check: Check) -> Iterable[str]:
    needs = '; '.join(INPUTS[name] for name in check.needs)
    return (check.code, '-' * len(check.code), '',
            f':Severity: {check.severity.value}',
            f':Trap: {_plain(check.trap)}',
            f':Remedy: {_plain(check.remedy)}',
            *((f':Needs: {needs}',) if needs else ()), '')


def _plain(text: str) -> str:
    return text.replace('*', r'\*')

