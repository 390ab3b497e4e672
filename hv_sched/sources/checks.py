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

"""What the schema cannot say about a cluster whose parts can be told apart.

Each check yields what is wrong; it neither changes nor keeps anything.
"""

from collections.abc import Callable
from collections.abc import Iterator
import functools

import os_traits

from hv_sched import drivers
from hv_sched import model
from hv_sched.placement import names
from hv_sched.sources import identity_checks
from hv_sched.sources import missing_lists
from hv_sched.sources import naming
from hv_sched.sources import references
from hv_sched.sources import vm_checks
from hv_sched.sources import volume_checks
from hv_sched.sources.draft import Draft
from hv_sched.sources.draft import Raw
from hv_sched.sources.fault import Cost
from hv_sched.sources.fault import Fault
from hv_sched.sources.fault import Path

Faults = Iterator[Fault]

# Builds before the oldest one compute-hyperv supports.
_TOO_OLD = (
    (9200, 'Windows Server 2012'),
    (7600, 'Windows Server 2008 R2'),
    (6001, 'Windows Server 2008'),
)


def check(draft: Draft) -> Faults:
    """Everything wrong with what a cluster's parts say of each other."""
    refs = references.References(draft)
    for check_part in _CHECKS:
        yield from check_part(draft, refs)


def _builds(draft: Draft, refs: references.References) -> Faults:
    for i, node in draft.items('nodes'):
        build = node.get('build', model.OLDEST_BUILD)
        if build < model.OLDEST_BUILD:
            yield Fault(
                ('nodes', i, 'build'),
                f'node {node["name"]!r} runs build {build}, '
                f'{_product(build)}; build {model.OLDEST_BUILD} (Windows '
                'Server 2012 R2) or later is needed: upgrade the node',
                'build-not-supported')


def _product(build: int) -> str:
    products = (name for oldest, name in _TOO_OLD if build >= oldest)
    return next(products, 'which is no build of Windows Server')


def _homes(draft: Draft, refs: references.References) -> Faults:
    for i, node in draft.items('nodes'):
        path = ('nodes', i, 'home')
        fault = (_home(draft, node, path, refs) if 'home' in node
                 else _no_home(draft, node, path))
        if fault:
            yield fault


def _home(draft: Draft, node: Raw, path: Path,
          refs: references.References) -> Fault | None:
    home = node['home']
    if refs.home(home) is not None:
        return None
    if refs.is_aside(home):
        return Fault(path, f'home {home!r} of node {node["name"]!r} is on a '
                     'volume that is set aside: the node stays with the home '
                     'it has', 'home-set-aside', is_note=True)
    if refs.is_elsewhere(home):
        return Fault(
            path, f'home {home!r} of node {node["name"]!r} is on no volume '
            f'of cluster {draft.raw["name"]!r}: not clustered storage. The '
            'node joins nothing and keeps what it has',
            'not-clustered-storage', Cost.ITEM, is_note=True)
    reason = missing_lists.failure(draft.raw, missing_lists.VOLUMES)
    if reason:
        return Fault(path, f'home {home!r} of node {node["name"]!r} may be a '
                     f'volume that could not be collected ({reason}): the '
                     'node stays with the home it has', 'home-not-collected',
                     is_note=True)
    return Fault(
        path, f'home {home!r} of node {node["name"]!r} is no volume of '
        f'cluster {draft.raw["name"]!r}; ', 'home-not-a-volume',
        remedy=functools.partial(refs.why_no_volume, home))


def _no_home(draft: Draft, node: Raw, path: Path) -> Fault | None:
    """Not known: of a node that has one in Placement it stays."""
    others = [fault for _item, fault in draft.aside('volumes')
              if fault.code not in identity_checks.NOBODYS_CODES]
    number = len(list(draft.items('volumes'))) + len(others)
    if number < 2 or draft.raw.get('placement_chooses_volume'):
        return None
    return Fault(
        path, f'node {node["name"]!r} has no home, and cluster '
        f'{draft.raw["name"]!r} has {number} volumes; name the one its '
        f'{drivers.of(draft.raw.get("driver")).home_option} is on',
        'home-not-told', Cost.NOTHING)


def _cpu_features(draft: Draft, refs: references.References) -> Faults:
    prefix = names.HW_CPU_PREFIX
    features = {trait.removeprefix(prefix)
                for trait in os_traits.get_traits(prefix)}
    for i, node in draft.items('nodes'):
        for j, feature in enumerate(node.get('cpu', {}).get('features', ())):
            if feature.upper() not in features:
                yield Fault(
                    ('nodes', i, 'cpu', 'features', j),
                    f'os-traits knows no {prefix}{feature.upper()}, which '
                    f'node {node["name"]!r} lists; ', 'feature-unknown',
                    remedy=functools.partial(
                        naming.suggestion, feature, sorted(features),
                        'features'))


def _gpus(draft: Draft, refs: references.References) -> Faults:
    for i, node in draft.items('nodes'):
        for j, gpu in enumerate(node.get('gpus', ())):
            total = gpu['total_vram_mb']
            available = gpu.get('available_vram_mb', 0)
            if available > total:
                path = ('nodes', i, 'gpus', j)
                yield Fault(
                    (*path, 'available_vram_mb'),
                    f'GPU {gpu["name"]!r} of node {node["name"]!r} has '
                    f'{available} MiB available of {total} MiB; give both '
                    'in MiB', 'size-not-believed', removes=(path,))


_CHECKS: tuple[Callable[[Draft, references.References], Faults], ...] = (
    _builds,
    _homes,
    _cpu_features,
    _gpus,
    volume_checks.check,
    vm_checks.check,
)
