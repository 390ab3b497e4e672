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

from nova import context as nova_context
from nova import exception
from nova import objects
import nova.conf
from oslo_log import log as logging

from hv_sched import asks
from hv_sched import conf
from hv_sched import features
from hv_sched import snapshot
from hv_sched.providers import names
from hv_sched.request_filters import built_with
from hv_sched.request_filters import cpu_features
from hv_sched.request_filters import specs

CONF = nova.conf.CONF
LOG = logging.getLogger(__name__)
conf.register_opts(CONF)

GPU_SUFFIX = '_HV_SCHED_GPU'
_ATTRIBUTE = '_hv_sched_wish'
# Those of Nova's image fields the rules read; Nova may have changed them
# after it recorded the server, to a newer name or another case.
_FIELDS = ('hw_machine_type', 'os_secure_boot', 'os_type', 'img_hv_type')


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a request asks for, and whether the query says so.

    :param runs_already: the server was built with it: faults of flavor and
        image are no reason to refuse a move
    """

    asked: asks.Asks
    runs_already: bool = False
    in_query: bool = False


def ask_features(context: nova_context.RequestContext,
                 request_spec: objects.RequestSpec) -> bool:
    """Request filter: traits and GPU group for what is asked.

    :returns: whether anything is asked
    :raises RequestFilterFailed: no host can run the server, or no node has
        shown what it needs
    """
    wish = _remember(request_spec, read(request_spec))
    refuse_contradictions(wish)
    cpu_features.keep(request_spec)
    found = snapshot.get()
    if found is None or names.HYPERV not in found.traits:
        return False  # Placement is away, or no node is published
    asked = _bearable(wish)
    _refuse_unknown(asked, found.traits)
    request_spec.root_required.update(asked.required)
    request_spec.root_forbidden.update(asked.forbidden_among(found.traits))
    _ask_gpu(request_spec, asked.gpu)
    _remember(request_spec, dataclasses.replace(wish, in_query=True))
    return bool(asked.required or asked.forbidden or asked.refused_releases)


def wish_of(request_spec: objects.RequestSpec) -> Wish:
    """What was read for this request, or is read now."""
    found: Wish | None = getattr(request_spec, _ATTRIBUTE, None)
    return found or _remember(request_spec, read(request_spec))


def read(request_spec: objects.RequestSpec) -> Wish:
    """Read what a request asks for.

    :raises RequestFilterFailed: the server's record cannot be read
    """
    record = built_with.of(request_spec)
    flavor = request_spec.flavor
    asked = asks.of(
        _flavor(request_spec), {**record.image, **_image(request_spec)},
        asks.Rules(
            unmarked=asks.Hypervisor(CONF.hv_sched.unmarked_images),
            survivable=CONF.hv_sched.survivable_features,
            vhd_is_vhd=CONF.hv_sched.disk_format_vhd_is_vhd),
        boots_from_volume=bool('is_bfv' in request_spec
                               and request_spec.is_bfv),
        disks=record.disks)
    return Wish(asked, runs_already=record.flavor_id == (
        flavor.flavorid if 'flavorid' in flavor else ''))


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


def _bearable(wish: Wish) -> asks.Asks:
    """A server that runs on Hyper-V against the rules may go on there."""
    asked = wish.asked
    if wish.runs_already and asked.hypervisor is asks.Hypervisor.ANY:
        return dataclasses.replace(asked, forbidden=frozenset())
    return asked


def _refuse_unknown(asked: asks.Asks, known: frozenset[str]) -> None:
    """Placement answers 400 to a trait it does not know."""
    wanted = asked.required | (
        {features.REMOTEFX.trait} if asked.gpu else frozenset())
    missing = sorted(wanted - known)
    if missing:
        raise exception.RequestFilterFailed(
            reason='No node has ever shown ' + ', '.join(
                f'{trait} (asked by '
                f'{asked.asked_by(trait) or "flavor os:resolution"})'
                for trait in missing))


def _ask_gpu(request_spec: objects.RequestSpec,
             group: asks.GpuGroup | None) -> None:
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


def _image(request_spec: objects.RequestSpec) -> dict[str, str]:
    """What the request itself says of the image."""
    image = request_spec.image if 'image' in request_spec else None
    if not image:
        return {}
    found = {}
    if 'disk_format' in image and image.disk_format:
        found['disk_format'] = image.disk_format
    properties = image.properties if 'properties' in image else None
    for field in _FIELDS if properties else ():
        value = properties.get(field)
        if value is not None:
            found[field] = str(value)
    return found
