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


"""Notices as the agent's log tells them: each once, while it stands."""

from collections.abc import Iterable
import logging

from hv_sched import causes
from hv_sched import ignored_findings
from hv_sched.notices import Notice


class NoticeLog:
    """The notices of one part; for one thread.

    :param ignored: those that are not reported
    """

    def __init__(self, log: logging.Logger,
                 ignored: ignored_findings.IgnoredFindings) -> None:
        self._ignored = ignored
        self._standing = causes.Causes(log)
        self._left_out = causes.Causes(log)

    def update(self, findings: Iterable[Notice]) -> list[Notice]:
        """These stand now; returns those that are reported."""
        notices, left_out = self._ignored.notices(findings)
        self._standing.update({
            (notice.cluster, notice.subject, notice.code,
             causes.without_numbers(notice.message)): str(notice)
            for notice in notices})
        self._left_out.update({
            'ignored': ignored_findings.left_out_text(left_out)}
            if left_out else {}, logging.INFO)
        return notices
