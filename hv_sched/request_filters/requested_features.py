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

"""What flavor and image of a request ask of the host.

Read once a request and remembered in its ``request_state``.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import functools

from nova import context as nova_context
from nova import objects
import nova.conf
from nova.scheduler import utils

from hv_sched import conf
from hv_sched import exception as hv_exception
from hv_sched import printable
from hv_sched import requirements
from hv_sched.placement import names
from hv_sched.query import rules
from hv_sched.request_filters import holdings
from hv_sched.request_filters import image_properties
from hv_sched.request_filters import instance_record
from hv_sched.request_filters import refusal
from hv_sched.request_filters import request_state
from hv_sched.request_filters import specs
from hv_sched.request_filters.request_state import RequestedFeatures
from hv_sched.requirements import keys
from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_transport
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
LOG = printable.logger(__name__)
conf.register_opts(CONF)


def of(request_spec: objects.RequestSpec) -> RequestedFeatures:
    """What was read for this request, or is read now.

    :raises RequestFilterFailed: the server's record cannot be read
    """
    state = request_state.of(request_spec)
    if state.features is None:
        state.features = read(request_spec)
    return state.features


def read(request_spec: objects.RequestSpec,
         context: nova_context.RequestContext | None = None
         ) -> RequestedFeatures:
    """Read what a request asks for.

    :param context: of the request; what the spec came with by default
    :raises RequestFilterFailed: the server's record cannot be read
    """
    record = instance_record.of(request_spec)
    flavor = request_spec.flavor
    demands = requirements.of(
        _flavor(request_spec),
        _image(request_spec, record, context or request_spec._context),
        _rules(request_spec, record),
        boots_from_volume=bool('is_bfv' in request_spec
                               and request_spec.is_bfv),
        disks=record.disks)
    for text in demands.ignored:
        _log_once(text)
    fault = requirements.keeps_vram(record.extra_specs,
                                    specs.extra_specs(request_spec))
    if fault:
        demands = dataclasses.replace(
            demands, contradictions=(*demands.contradictions, fault))
    return RequestedFeatures(demands, runs_already=record.flavor_id == (
        flavor.flavorid if 'flavorid' in flavor else ''))


def _rules(request_spec: objects.RequestSpec,
           record: instance_record.Record) -> requirements.Rules:
    """The operator's rules, for a server that may be on a node already."""
    options = requirements.Rules.from_options(CONF.hv_sched)
    snapshot = snapshot_with_hyperv()
    if record.node is None or snapshot is None:
        return options
    return rules.for_server(
        options, record.node, snapshot,
        on_volume=record.node not in snapshot.nodes.values()
        and _on_volume(request_spec, snapshot))


def _on_volume(request_spec: objects.RequestSpec,
               snapshot: volumes.Snapshot) -> bool:
    """Whether a server is on a cluster's volume, though on no node of one.

    :raises RequestFilterFailed: what it holds cannot be read
    """
    try:
        if utils.request_is_rebuild(request_spec):
            return holdings.on_volume((nova_transport.placement().consumer(
                request_spec.instance_uuid),), snapshot)
        held = holdings.of(request_spec)
    except hv_exception.PlacementError as exc:
        raise refusal.Refused(
            refusal.TRY_LATER, 'the allocations of the server cannot be '
            f'read: {exc}') from exc
    return held is not None and holdings.on_volume(held.consumers, snapshot)


def snapshot_with_hyperv() -> volumes.Snapshot | None:
    """The snapshot, None while it knows of no Hyper-V node."""
    snapshot = cache.get()
    return snapshot if snapshot and names.HYPERV in snapshot.traits else None


def refuse_contradictions(requested: RequestedFeatures) -> None:
    """Refuse what no host can run, unless it runs already."""
    contradictions = requested.requirements.contradictions
    text = '; '.join(contradictions)
    if text and not requested.runs_already:
        raise refusal.Refused(
            refusal.sentence('No Hyper-V host can run this server',
                             contradictions),
            f'no Hyper-V host can run it: {text}')
    if text:
        LOG.warning('A running server is moved although flavor and image '
                    'contradict each other: %s', text)


def _flavor(request_spec: objects.RequestSpec) -> Mapping[str, object]:
    flavor = request_spec.flavor
    sizes = {'vcpus': 'vcpus', 'ram_mb': 'memory_mb', 'root_gb': 'root_gb',
             'ephemeral_gb': 'ephemeral_gb'}
    return {
        **{size: getattr(flavor, field) for size, field in sizes.items()
           if field in flavor},
        'extra_specs': specs.extra_specs(request_spec)}


def _image(request_spec: objects.RequestSpec, record: instance_record.Record,
           context: nova_context.RequestContext) -> Mapping[str, str]:
    """What the image says, as the host will read it.

    Nova's record goes before the request, where Nova may have changed a
    value to a newer name or another case; the host sees what Glance has.
    """
    properties = {**_requested(request_spec), **record.image}
    marked = properties.get('img_hv_type', 'hyperv')
    if marked.lower() != 'hyperv' or snapshot_with_hyperv() is None:
        return properties
    if record.image_id:
        return image_properties.of(
            context, record.image_id, 'the last rebuild of the server failed')
    image_id = instance_record.image_id(request_spec)
    if record.lost and image_id:
        return image_properties.of(
            context, image_id, 'the first server of this request is gone')
    if image_properties.may_be_cut(record.image):
        return {**properties, **_whole(image_id, context)}
    return properties


def _whole(image_id: str | None,
           context: nova_context.RequestContext) -> Mapping[str, str]:
    reason = ('image hw_cpu_features is longer than the 255 characters Nova '
              'keeps: whether it asks for vmx is not known')
    if image_id is None:
        raise refusal.Refused(
            'Image property hw_cpu_features is too long; recreate the boot '
            'volume from an image with fewer CPU features',
            f'{reason}, and the server boots from a volume')
    return image_properties.of(context, image_id, reason)


def _requested(request_spec: objects.RequestSpec) -> dict[str, str]:
    """What the request itself says of the image."""
    image = request_spec.image if 'image' in request_spec else None
    if not image:
        return {}
    properties = {}
    if 'disk_format' in image and image.disk_format:
        properties['disk_format'] = image.disk_format
    if 'properties' not in image or not image.properties:
        return properties
    for field in keys.NOVA_IMAGE_FIELDS:
        value = image.properties.get(field)
        if value is not None:
            properties[field] = str(value)
    return properties


@functools.lru_cache(maxsize=1000)
def _log_once(text: str) -> None:
    LOG.info('Ignored: %s', text)
