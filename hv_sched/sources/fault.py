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

"""What is wrong at one place of a source, and what that costs.

One fault costs what it touches. A wrong field is not known, and what it was
a part of stays in force; an item that cannot be told from others is set
aside; only where it is in doubt what the cluster is, is all of it left alone.
"""

from collections.abc import Callable
import dataclasses
import enum
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]


class Cost(enum.Enum):
    """What a fault takes out of the facts.

    NOTHING: it is only said.
    VALUE: the value at its path, and what makes no sense without that.
    ITEM: the node, volume or VM.
    CLUSTER: everything.
    """

    NOTHING = 'nothing'
    VALUE = 'value'
    ITEM = 'item'
    CLUSTER = 'cluster'


@dataclasses.dataclass(frozen=True)
class Fault:
    """What is wrong at one place of a cluster's description.

    :param code: what kind of fault it is, the same in every release
    :param removes: the places it costs, where that is not its path
    :param is_note: for information: nothing is left undone that anybody
        could mend
    :param remedy: the end of the message where finding it takes its time:
        of many faults only some are shown
    """

    path: Path
    message: str
    code: str = 'value-not-understood'
    cost: Cost = Cost.VALUE
    removes: tuple[Path, ...] | None = None
    is_note: bool = False
    remedy: Callable[[], str] | None = None

    @property
    def text(self) -> str:
        """The whole message."""
        return self.message + (self.remedy() if self.remedy else '')

    @property
    def costs(self) -> tuple[Path, ...]:
        """The places that are not believed."""
        return (self.path,) if self.removes is None else self.removes
