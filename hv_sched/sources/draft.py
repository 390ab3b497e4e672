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

"""A cluster on its way from a file to the model, as its faults shrink it."""

from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
from typing import Any

from hv_sched import model
from hv_sched.sources import schema
from hv_sched.sources.fault import Cost
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path

Raw = dict[str, Any]

ITEMS = {'nodes': model.ItemKind.NODE, 'volumes': model.ItemKind.VOLUME,
         'vms': model.ItemKind.VM}
# Of these each entry counts by itself: one that cannot be read does not make
# the others untrue.
_LISTS_OF_ENTRIES = ('cut_off_nodes', 'redirected_nodes', 'silent_nodes')
# Missing only because a fault took it out is no second fault.
_ABSENCES = ('field-missing', 'home-not-told')
# A thing whose identity cannot be read must not be taken for another one.
_IDENTITY = 'identity'
# How disks behave must not be guessed.
_DRIVER = 'driver'
_VM_NAMES = ('instance_uuid', 'instance_name')
# Windows states no GUID of a volume in one of these states.
NOT_ONLINE = tuple(state.value for state in model.CsvState
                   if state is not model.CsvState.ONLINE)


@dataclasses.dataclass(frozen=True)
class _Aside:
    item: Any
    fault: Fault


class Draft:
    """What is left of a cluster's description.

    :ivar raw: the description, in which an item that was set aside is None;
        it is changed
    :ivar faults: all there are, each with whether it freezes the cluster
    """

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.faults: list[tuple[Fault, bool]] = []
        # There may be a hundred thousand of them.
        self._faulty: set[Path] = set()
        self._sizeless: set[Path] = set()
        self.is_frozen = False
        self._aside: dict[tuple[str, int], _Aside] = {}
        self._incomplete: set[Path] = set()

    def apply(self, faults: Iterable[Fault]) -> None:
        """Take out what faults cost."""
        for fault in list(faults):
            if self._is_said(fault):
                continue
            was_frozen, self.is_frozen = self.is_frozen, False
            self._apply(fault)
            self.faults.append((fault, self.is_frozen))
            self._faulty.add(fault.path)
            if fault.code == 'size-not-believed':
                self._sizeless.add(fault.path[:-1])
            self.is_frozen |= was_frozen

    def items(self, kind: str) -> Iterator[tuple[int, Raw]]:
        """The nodes, volumes or vms in force, each with its place."""
        return ((i, item) for i, item in enumerate(self.raw.get(kind, ()))
                if item is not None)

    def aside(self, kind: str) -> Iterator[tuple[Any, Fault]]:
        """The items of a kind that were set aside, and why."""
        return ((aside.item, aside.fault) for (of_kind, _place), aside
                in sorted(self._aside.items(), key=lambda pair: pair[0])
                if of_kind == kind)

    def is_incomplete(self, path: Path) -> bool:
        """Whether a list may lack entries."""
        return path in self._incomplete

    def _is_said(self, fault: Fault) -> bool:
        """Whether something is missing only because a fault removed it."""
        if fault.cost is not Cost.NOTHING or fault.code not in _ABSENCES:
            return False
        return fault.path in self._faulty or fault.path in self._sizeless

    def _apply(self, fault: Fault) -> None:
        if fault.cost is Cost.CLUSTER:
            self.is_frozen = True
        elif fault.cost is Cost.ITEM:
            self._set_aside(fault.path, fault)
        elif fault.cost is Cost.VALUE:
            for path in fault.costs:
                self._remove(path, fault)

    def _remove(self, path: Path, fault: Fault) -> None:
        """Take out a value, or the smallest thing that needs it."""
        if not path:
            self.is_frozen = True
        elif 'sections' in path:
            self._fail_sections(path, fault)
        elif len(path) == 2 and path[0] in ITEMS:
            self._set_aside(path, fault)
        elif isinstance(path[-1], int):
            self._remove_entry(path, fault)
        elif self._is_needed(path):
            self._remove(path[:-1], fault)
        elif isinstance(holder := self._at(path[:-1]), dict):
            holder.pop(path[-1], None)

    def _remove_entry(self, path: Path, fault: Fault) -> None:
        if len(path) < 2 or path[-2] not in _LISTS_OF_ENTRIES:
            self._remove(path[:-1], fault)
            return
        self._incomplete.add(path[:-1])
        holder = self._at(path[:-1])
        if isinstance(holder, list):
            holder[int(path[-1])] = None

    def _is_needed(self, path: Path) -> bool:
        """Whether what has the field makes no sense without it."""
        *parents, name = path
        if name == 'guid' and len(path) == 3:
            volume = self._at(tuple(parents)) or {}
            return volume.get('state') not in NOT_ONLINE
        if name in _VM_NAMES and len(path) == 3:
            vm = self._at(tuple(parents)) or {}
            return not any(other in vm for other in _VM_NAMES
                           if other != name)
        return name in (_IDENTITY, _DRIVER) or name in schema.needed(
            tuple(parents))

    def _fail_sections(self, path: Path, fault: Fault) -> None:
        """Of which part the report cannot be read, is taken to have failed."""
        place = path.index('sections')
        holder = self._at(path[:place])
        if not isinstance(holder, dict):
            return
        names = schema.section_names(path[:place])
        failed = {'error': f'its report cannot be read: {fault.message}'}
        is_part = bool(path[place + 1:]) and isinstance(
            holder.get('sections'), dict)
        if is_part and path[place + 1] not in names:
            holder['sections'].pop(path[place + 1], None)
        elif is_part:
            holder['sections'][path[place + 1]] = failed
        else:
            holder['sections'] = dict.fromkeys(names, failed)

    def _set_aside(self, path: Path, fault: Fault) -> None:
        kind, place = str(path[0]), int(path[1])
        items = self.raw[kind]
        # The first fault is the one that says why.
        self._aside.setdefault((kind, place), _Aside(items[place], fault))
        items[place] = None

    def _at(self, path: Path) -> Any:
        """The value at a path; None when an earlier fault took it."""
        value = self.raw
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value
