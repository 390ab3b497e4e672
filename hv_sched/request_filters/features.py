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

"""What flavor and image ask of the host, asked of Placement.

A capable node is then found however few there are, and a server that no
host can run is refused before any host is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import functools

from nova import context as nova_context
from nova import exception
from nova import objects
import nova.conf
from oslo_log import log as logging

from hv_sched import conf
from hv_sched import requirements
from hv_sched.placement import names
from hv_sched.query import rules
from hv_sched.request_filters import cpu_features
from hv_sched.request_filters import image_properties
from hv_sched.request_filters import instance_record
from hv_sched.request_filters import specs
from hv_sched.snapshot import cache
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)
conf.register_opts(CONF)

GPU_SUFFIX = rules.GPU_SUFFIX
_ATTRIBUTE = '_hv_sched_wish'
# Those of Nova's image fields the rules read.
_FIELDS = ('hw_machine_type', 'os_secure_boot', 'os_type', 'img_hv_type')


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a request asks for, and whether the query says so.

    :param runs_already: the server was built with it: faults of flavor and
        image are no reason to refuse a move
    """

    asked: requirements.Requirements
    runs_already: bool = False
    in_query: bool = False


def ask_features(context: nova_context.RequestContext,
                 request_spec: objects.RequestSpec) -> bool:
    """Request filter: traits and GPU group for what is asked.

    :returns: whether anything is asked
    :raises RequestFilterFailed: no host can run the server, or no node has
        shown what it needs
    """
    wish = _remember(request_spec, read(request_spec, context))
    refuse_contradictions(wish)
    cpu_features.keep(request_spec)
    found = _published()
    if found is None:
        return False
    asked = wish.asked
    _refuse_unknown(asked, found.traits)
    request_spec.root_required.update(asked.required)
    request_spec.root_forbidden.update(asked.forbidden_among(found.traits))
    _ask_gpu(request_spec, asked.gpu)
    if names.HYPERV in asked.required:
        # Nova asks for COMPUTE_SECURITY_UEFI_SECURE_BOOT, which
        # compute-hyperv does not report (driver.py, capabilities): no node
        # would be found. Our own trait is asked instead.
        specs.forget_secure_boot(request_spec)
    _remember(request_spec, dataclasses.replace(wish, in_query=True))
    return bool(asked.required or asked.forbidden or asked.refused_releases)


def wish_of(request_spec: objects.RequestSpec) -> Wish:
    """What was read for this request, or is read now."""
    found: Wish | None = getattr(request_spec, _ATTRIBUTE, None)
    return found or _remember(request_spec, read(request_spec))


def read(request_spec: objects.RequestSpec,
         context: nova_context.RequestContext | None = None) -> Wish:
    """Read what a request asks for.

    :param context: of the request; what the spec came with by default
    :raises RequestFilterFailed: the server's record cannot be read
    """
    record = instance_record.of(request_spec)
    flavor = request_spec.flavor
    asked = requirements.of(
        _flavor(request_spec),
        _image(request_spec, record, context or request_spec._context),
        requirements.Rules(
            unmarked=rules.unmarked(
                record.node, _published(),
                requirements.Hypervisor(CONF.hv_sched.unmarked_images)),
            survivable=CONF.hv_sched.survivable_features,
            vhd_is_vhd=CONF.hv_sched.disk_format_vhd_is_vhd,
            disk_formats=tuple(CONF.hv_sched.hyperv_disk_formats)),
        boots_from_volume=bool('is_bfv' in request_spec
                               and request_spec.is_bfv),
        disks=record.disks)
    for words in asked.ignored:
        _say_once(words)
    kept = requirements.keeps_vram(record.extra_specs,
                           specs.extra_specs(request_spec))
    if kept:
        asked = dataclasses.replace(
            asked, contradictions=(*asked.contradictions, kept))
    return Wish(asked, runs_already=record.flavor_id == (
        flavor.flavorid if 'flavorid' in flavor else ''))


def _published() -> volumes.Snapshot | None:
    """What is known, None while no Hyper-V node is."""
    known = cache.get()
    return known if known and names.HYPERV in known.traits else None


def refuse_contradictions(wish: Wish) -> None:
    """Refuse what no host can run, unless it runs already."""
    words = '; '.join(wish.asked.contradictions)
    if words and not wish.runs_already:
        raise exception.RequestFilterFailed(
            reason=f'No Hyper-V host can run this server: {words}')
    if words:
        LOG.warning('A running server is moved although flavor and image '
                    'contradict each other: %s', words)


def _remember(request_spec: objects.RequestSpec, wish: Wish) -> Wish:
    setattr(request_spec, _ATTRIBUTE, wish)
    return wish


def _refuse_unknown(asked: requirements.Requirements, known: frozenset[str]
                    ) -> None:
    missing = rules.unknown(asked, known)
    if missing:
        raise exception.RequestFilterFailed(
            reason='No node has ever shown ' + ', '.join(missing))


def _ask_gpu(request_spec: objects.RequestSpec,
             group: requirements.GpuGroup | None) -> None:
    others = [one for one in specs.groups(request_spec)
              if one.requester_id != GPU_SUFFIX]
    if group is not None:
        others.append(objects.RequestGroup(
            requester_id=GPU_SUFFIX, use_same_provider=True,
            resources=dict(group.resources),
            required_traits=set(group.traits)))
    if others or specs.groups(request_spec):
        request_spec.requested_resources = others


def _flavor(request_spec: objects.RequestSpec) -> Mapping[str, object]:
    flavor = request_spec.flavor
    sizes = {'vcpus': 'vcpus', 'ram_mb': 'memory_mb', 'root_gb': 'root_gb',
             'ephemeral_gb': 'ephemeral_gb'}
    return {
        **{ours: getattr(flavor, theirs) for ours, theirs in sizes.items()
           if theirs in flavor},
        'extra_specs': specs.extra_specs(request_spec)}


def _image(request_spec: objects.RequestSpec, record: instance_record.Record,
           context: nova_context.RequestContext) -> Mapping[str, str]:
    """What the image says, as the host will read it.

    Nova's record goes before the request, where Nova may have changed a
    value to a newer name or another case; the host sees what Glance has.
    """
    said = {**_requested(request_spec), **record.image}
    marked = said.get('img_hv_type', 'hyperv')
    if marked.lower() != 'hyperv' or _published() is None:
        return said
    if record.image_id:
        return image_properties.of(
            context, record.image_id, 'the last rebuild of the server failed')
    image_id = instance_record.image_id(request_spec)
    if record.lost and image_id:
        return image_properties.of(
            context, image_id, 'the first server of this request is gone')
    if image_properties.may_be_cut(record.image):
        return {**said, **_whole(image_id, context)}
    return said


def _whole(image_id: str | None,
           context: nova_context.RequestContext) -> Mapping[str, str]:
    why = ('image hw_cpu_features is longer than the 255 characters Nova '
           'keeps: whether it asks for vmx is not known')
    if image_id is None:
        raise exception.RequestFilterFailed(
            reason=f'{why}, and the server boots from a volume')
    return image_properties.of(context, image_id, why)


def _requested(request_spec: objects.RequestSpec) -> dict[str, str]:
    """What the request itself says of the image."""
    image = request_spec.image if 'image' in request_spec else None
    if not image:
        return {}
    found = {}
    if 'disk_format' in image and image.disk_format:
        found['disk_format'] = image.disk_format
    if 'properties' not in image or not image.properties:
        return found
    for field in _FIELDS:
        value = image.properties.get(field)
        if value is not None:
            found[field] = str(value)
    return found


@functools.lru_cache(maxsize=1000)
def _say_once(words: str) -> None:
    LOG.info('Ignored: %s', words)
