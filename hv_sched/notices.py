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

"""The notices of a plan, beside its changes."""

import dataclasses
import enum

from hv_sched import model


class Kind(enum.Enum):
    """How a finding bears on the outcome.

    ADOPT: shares must be moved first; the exit code is 3.
    REFUSED, SKIPPED, FROZEN: something was left undone; the exit code is 4.
    NOTE: for information.
    """

    ADOPT = 'adopt'
    REFUSED = 'refused'
    SKIPPED = 'skipped'
    FROZEN = 'frozen'
    NOTE = 'note'


class Severity(enum.Enum):
    """ERROR: servers are misplaced, refused or lost because of it.

    WARNING: they will be when something else happens. INFO: to be known; no
    reason for an exit code.
    """

    ERROR = 'error'
    WARNING = 'warning'
    INFO = 'info'


@dataclasses.dataclass(frozen=True, order=True)
class Notice:
    """One sentence about one thing.

    :param subject: the cluster, node or volume it is about
    :param code: what kind of thing it says, the same in every release; see
        finding_codes
    """

    cluster: str
    subject: str
    kind: Kind = dataclasses.field(compare=False)
    message: str
    code: str = dataclasses.field(compare=False)

    def __str__(self) -> str:
        return f'{self.kind.value}: {self.subject}: {self.message}'


def of_problem(problem: model.Problem) -> Notice:
    """What a plan says of a problem in the source."""
    return Notice(problem.cluster or '', problem.cluster or 'source',
                  _kind(problem), str(problem), problem.code)


def _kind(problem: model.Problem) -> Kind:
    if problem.freezes:
        return Kind.FROZEN
    return Kind.NOTE if problem.is_note else Kind.SKIPPED
