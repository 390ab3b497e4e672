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

"""Flavors and images that contradict themselves, or that Nova cuts short."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from hv_sched import requirements
from hv_sched.compute import flavors as compute_flavors
from hv_sched.conf import plugins
from hv_sched.doctor.evidence import DoctorEvidence
from hv_sched.doctor.runner import Check
from hv_sched.doctor.runner import Symptom
from hv_sched.notices import Severity
from hv_sched.requirements.keys import dropped_by_nova

# Nova's API refuses them from microversion 2.86 on.
REFUSED = ('os:resolution', 'os:monitors', 'os:vram', 'hw:cpu_features')
_WINDOWS = {'hw_machine_type': 'hyperv-gen2', 'os_type': 'windows'}
# What may go with a flavor: each alone is without fault.
_IMAGES: tuple[Mapping[str, str], ...] = (
    {}, {'hw_machine_type': 'hyperv-gen1'}, _WINDOWS,
    {**_WINDOWS, 'os_type': 'linux'})
_FLAVORS: tuple[Mapping[str, Any], ...] = (
    {}, {'extra_specs': {'os:secure_boot': 'required'}})


def _faults(combinations: Iterable[requirements.Requirements]) -> str:
    """Why none of them can be; empty when one can."""
    fewest: tuple[str, ...] | None = None
    for required in combinations:
        if not required.contradictions:
            return ''
        if fewest is None or len(required.contradictions) < len(fewest):
            fewest = required.contradictions
    return '; '.join(fewest or ())


def flavors(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for flavor in evidence.flavors or ():
        sizes = compute_flavors.sizes(flavor)
        faults = _faults(requirements.of(sizes, image) for image in _IMAGES)
        if faults:
            yield Symptom(f'flavor {flavor["name"]}', faults)


def images(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for image in evidence.images or ():
        faults = _faults(requirements.of(flavor, image) for flavor in _FLAVORS)
        if faults:
            yield Symptom(f'image {_name(image)}', faults)


def dropped(evidence: DoctorEvidence) -> Iterator[Symptom]:
    """Only hv_sched's request filter reads them from the server's record."""
    unread = _unread(evidence)
    for image in evidence.images or ():
        keys = [key for key in dropped_by_nova() if image.get(key)]
        if keys:
            yield Symptom(f'image {_name(image)}', ', '.join(keys) + (
                f': {unread}' if unread else ''),
                Severity.ERROR if unread else None)


def _unread(evidence: DoctorEvidence) -> str:
    conf = evidence.nova_conf
    if conf is None:
        return ''
    enabled = set(conf.filter_scheduler.enabled_filters)
    if not enabled & {plugins.VOLUME_FILTER, plugins.FEATURE_FILTER}:
        return 'no filter of hv_sched is enabled, so they have no effect'
    if not conf.hv_sched.scheduler_enabled:
        return '[hv_sched]scheduler_enabled is off, so they have no effect'
    if not conf.hv_sched.request_filter_features and (
            plugins.FEATURE_FILTER not in enabled):
        return (f'request_filter_features is off and {plugins.FEATURE_FILTER} '
                'not enabled, so they have no effect')
    return ''


def refused(evidence: DoctorEvidence) -> Iterator[Symptom]:
    for flavor in evidence.flavors or ():
        keys = [key for key in REFUSED
                if key in (flavor.get('extra_specs') or {})]
        if keys:
            yield Symptom(f'flavor {flavor["name"]}', ', '.join(keys))


def _name(image: Mapping[str, Any]) -> str:
    return f'{image.get("name") or ""} ({image["id"]})'


CHECKS = (
    Check('flavor-contradicts', Severity.WARNING,
          'No Hyper-V host can run a server of this flavor, whatever its '
          'image.', 'Change the extra specs the evidence names.', flavors,
          ('flavors',)),
    Check('image-contradicts', Severity.WARNING,
          'No Hyper-V host can run a server of this image, whatever its '
          'flavor.', 'Change the properties the evidence names.', images,
          ('images',)),
    Check('keys-dropped', Severity.INFO,
          'Nova drops these image properties before its scheduler sees '
          'them; hv_sched reads them from the server\'s record.',
          'Keep request_filter_features on, or HyperVFeatureFilter enabled.',
          dropped, ('images',)),
    Check('keys-refused', Severity.INFO,
          'Nova\'s API refuses these extra specs from microversion 2.86 on.',
          'Set and change them with --os-compute-api-version 2.85.',
          refused, ('flavors',)),
)
