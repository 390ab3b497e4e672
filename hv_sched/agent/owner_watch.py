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

"""How long a cluster has said that a server is where Nova has it not. Pure.

A failover is in Nova a moment after it is in the cluster, and facts are of
the past: only what facts of several minutes' distance agree on is reported.
"""

from collections.abc import Callable
from collections.abc import Iterable
import datetime

from hv_sched.audit import owners
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding

_Key = tuple[str, str]


class OwnerWatch:
    """:param after_seconds: how long it has to last
    :param now: tells the time of facts that have none
    """

    def __init__(self, after_seconds: float,
                 now: Callable[[], datetime.datetime]) -> None:
        self._after_seconds = after_seconds
        self._now = now
        self._since: dict[_Key, datetime.datetime] = {}

    def lasting(self, findings: Iterable[Finding], of: owners.Owners
                ) -> list[Finding]:
        """Findings without those of owners that differ since a moment only.

        :param findings: all of one audit: what is not among them is over
        :param of: the owners they were judged by
        """
        findings = list(findings)
        stated = {(finding.consumer, finding.evidence):
                  self._stated_at(finding, of) for finding in findings
                  if finding.code is Code.OWNER_DIFFERS}
        self._since = {key: min(self._since.get(key, at), at)
                       for key, at in stated.items()}
        return [finding for finding in findings
                if finding.code is not Code.OWNER_DIFFERS
                or self._lasts(finding, stated)]

    def _lasts(self, finding: Finding,
               stated: dict[_Key, datetime.datetime]) -> bool:
        key = (finding.consumer, finding.evidence)
        return (stated[key] - self._since[key]
                ).total_seconds() >= self._after_seconds

    def _stated_at(self, finding: Finding, of: owners.Owners
                   ) -> datetime.datetime:
        owner = of.get(finding.consumer)
        return (owner and owner.stated_at) or self._now()
