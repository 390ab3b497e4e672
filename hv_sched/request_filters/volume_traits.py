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

"""Traits of the disk's provider in a RequestSpec, and moving them along.

Which they are, and why, stands in hv_sched.query.volume_traits.
"""

from __future__ import annotations

from collections.abc import Iterator

from nova import objects
import nova.conf

from hv_sched import conf
from hv_sched.query import volume_traits
from hv_sched.request_filters import specs

CONF = nova.conf.CONF
conf.register_opts(CONF)

_PREFIX = 'trait:'


def is_of_volume(trait: str) -> bool:
    """Whether a trait is one of volumes, by its name."""
    return volume_traits.is_of_volume(trait, CONF.hv_sched.volume_traits)


def required(request_spec: objects.RequestSpec) -> set[str]:
    """Volume traits that the flavor or the image requires."""
    return {trait for trait, demand in _requested(request_spec)
            if demand == 'required'}


def move_to_group(request_spec: objects.RequestSpec,
                  group: objects.RequestGroup) -> None:
    """Ask volume traits of a group instead of the whole request."""
    for trait, demand in _requested(request_spec):
        group.add_trait(trait, demand)
    specs.set_extra_specs(request_spec, {
        key: value for key, value in specs.extra_specs(request_spec).items()
        if not _names_volume_trait(key)})
    specs.set_image_traits(request_spec, [
        trait for trait in specs.image_traits(request_spec)
        if not is_of_volume(trait)])


def _requested(request_spec: objects.RequestSpec) -> Iterator[tuple[str, str]]:
    for key, demand in specs.extra_specs(request_spec).items():
        if _names_volume_trait(key):
            yield key.removeprefix(_PREFIX), demand
    for trait in specs.image_traits(request_spec):
        if is_of_volume(trait):
            yield trait, 'required'


def _names_volume_trait(key: str) -> bool:
    return key.startswith(_PREFIX) and is_of_volume(key.removeprefix(_PREFIX))
