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

"""What is short, in the few words a table has room for. Pure."""

import os_resource_classes as orc
import os_traits

from hv_sched.explain.constraints import Constraint
from hv_sched.placement import names
from hv_sched.query import candidates_query as requests

_CLASSES = {orc.VCPU: 'vCPU', orc.MEMORY_MB: 'memory', names.DISK_GB: 'disk',
            names.REMOTEFX_ADAPTER: 'GPU adapter',
            names.REMOTEFX_VRAM_MB: 'GPU memory'}
_FORBIDDEN = {names.PAUSED: 'paused or draining',
              names.NO_NEW_DISKS: 'volume closed to new disks',
              os_traits.COMPUTE_STATUS_DISABLED: 'compute service disabled',
              names.HYPERV: 'it is a Hyper-V node'}


def of_class(resource_class: str) -> str:
    """A resource class as people call it."""
    return _CLASSES.get(resource_class, resource_class)


def of_constraint(constraint: Constraint) -> str:
    """The condition that a node does not meet."""
    if len(constraint.atoms) > 1:
        return f'not {constraint.text}'
    atom, = constraint.atoms
    if atom.kind == requests.RESOURCE:
        return of_class(atom.name)
    if atom.kind == requests.FORBIDDEN and atom.name in _FORBIDDEN:
        return _FORBIDDEN[atom.name]
    if atom.kind == requests.REQUIRED:
        return f'no {constraint.text}'
    if atom.kind == requests.FORBIDDEN:
        return constraint.text.removeprefix('no ')
    return f'not {constraint.text}'
