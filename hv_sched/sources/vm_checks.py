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

"""What the schema cannot say about the virtual machines."""

from collections.abc import Iterator
import functools

from hv_sched.sources import naming
from hv_sched.sources.draft import Draft
from hv_sched.sources.draft import Raw
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path
from hv_sched.sources.references import References


def check(draft: Draft, refs: References) -> Iterator[Fault]:
    """Everything wrong with the virtual machines of a cluster."""
    for i, vm in draft.items('vms'):
        yield from _owner(vm, ('vms', i, 'owner_node'), refs)
        yield from _disks(vm, ('vms', i, 'disks'), refs)


def name_of(vm: Raw) -> str:
    """What a message calls a virtual machine."""
    return str(vm.get('instance_uuid') or vm.get('instance_name'))


def _owner(vm: Raw, path: Path, refs: References) -> Iterator[Fault]:
    owner = vm.get('owner_node')
    if owner is not None and refs.node(owner) is None:
        yield Fault(
            path, f'vm {name_of(vm)} is on {owner!r}, which is no node of '
            'the cluster; ', 'node-unknown', is_note=True,
            remedy=functools.partial(
                naming.suggestion, owner, refs.nodes, 'nodes'))


def _disks(vm: Raw, path: Path, refs: References) -> Iterator[Fault]:
    guids = set()
    for j, disk in enumerate(vm.get('disks', ())):
        name = disk['volume']
        guid = refs.volume(name)
        if guid is None:
            yield _no_volume(vm, name, (*path, j, 'volume'), refs)
        elif guid in guids:
            yield Fault(
                (*path, j, 'volume'),
                f'vm {name_of(vm)} has volume {name!r} twice; give the sum '
                'of its disks there once', 'guid-not-unique')
        guids.add(guid)


def _no_volume(vm: Raw, name: str, path: Path, refs: References) -> Fault:
    if refs.is_aside(name):
        return Fault(path, f'vm {name_of(vm)} has a disk on {name!r}, which '
                     'is set aside: its disks are not known',
                     'volume-set-aside', is_note=True)
    return Fault(
        path, f'vm {name_of(vm)} has a disk on {name!r}, which is no volume '
        'of the cluster; ', 'volume-unknown',
        remedy=functools.partial(refs.why_no_volume, name))
