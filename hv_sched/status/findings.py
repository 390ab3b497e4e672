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

"""Findings of audits and syncs in one form. Pure."""

from collections.abc import Iterable

from hv_sched.audit.findings import Finding
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.notices import Severity
from hv_sched.status.model import FindingStatus

_ORDER = {severity: number for number, severity in enumerate(Severity)}


def of_audit(findings: Iterable[Finding]) -> tuple[FindingStatus, ...]:
    return tuple(FindingStatus(
        'audit', Severity.WARNING, finding.code.value,
        ' on '.join(filter(None, (finding.consumer, finding.location))),
        f'{finding.gb} GB: {finding.evidence}', finding.remedy)
        for finding in findings)


def of_notices(origin: str, notices: Iterable[Notice]
               ) -> tuple[FindingStatus, ...]:
    """What a plan says; the remedy stands in its message.

    :param origin: ``sync`` or ``restore``
    """
    return tuple(FindingStatus(
        origin, Severity.INFO if notice.kind is Kind.NOTE
        else Severity.WARNING, notice.code, notice.subject, notice.message)
        for notice in notices)


def ordered(findings: Iterable[FindingStatus]) -> tuple[FindingStatus, ...]:
    """The gravest first; each once, whoever else says the same."""
    return tuple(sorted(
        dict.fromkeys(findings),
        key=lambda finding: (_ORDER[finding.severity], finding.code,
                             finding.subject, finding.origin)))
