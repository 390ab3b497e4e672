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

"""Exit codes a script can rely on; the first that applies is taken.

====  =====================================================================
code  meaning
====  =====================================================================
1     an error: it could not be read, or not everything could be written
3     a cluster's nodes still hold shares of their own disk: ``adopt`` first
4     partial: something was refused, skipped or frozen, see the ! lines
2     (plan, --dry-run) there is something to do; (audit) something is wrong
0     nothing to do, or all done
130   (adopt, retire) interrupted; the same command again finishes it
====  =====================================================================
"""

from collections.abc import Iterable

from hv_sched.notices import Kind
from hv_sched.notices import Notice

OK = 0
ERROR = 1
CHANGES = 2
ADOPT = 3
PARTIAL = 4
INTERRUPTED = 130  # as a shell says it: 128 and the signal's number

_UNDONE = frozenset((Kind.REFUSED, Kind.SKIPPED, Kind.FROZEN))


def of(findings: Iterable[Notice], failed: bool = False,
       pending: bool = False) -> int:
    """The code for an outcome.

    :param failed: some change could not be written
    :param pending: changes were planned and not written
    """
    kinds = {finding.kind for finding in findings}
    if failed:
        return ERROR
    if Kind.ADOPT in kinds:
        return ADOPT
    if kinds & _UNDONE:
        return PARTIAL
    return CHANGES if pending else OK
