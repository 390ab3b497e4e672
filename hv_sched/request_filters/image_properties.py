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

"""Image properties from Glance, for the cases Nova's record cannot tell.

Those are: a property longer than the 255 characters Nova keeps, a server
whose rebuild found no host (its record is of the image that was refused), and
several servers created at once of which the first was deleted meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
import threading
import time

import cachetools
from keystoneauth1 import exceptions as ks_exc
from nova import context as nova_context
from nova import exception
import nova.conf
from nova.image import glance

from hv_sched import conf
from hv_sched import printable
from hv_sched.request_filters import refusal
from hv_sched.requirements import keys

CONF = nova.conf.CONF
LOG = printable.logger(__name__)
conf.register_opts(CONF)

_CPU_FEATURES = 'hw_cpu_features'
# Nova keeps so many bytes, and whole characters of up to four.
_KEPT = 255
_SHORTEST_CUT = _KEPT - 3
_MAX_IMAGES = 512


class Images:
    """Properties by image id, each read once in ``[hv_sched]image_ttl``.

    :param clock: seconds that never go back
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._cache: cachetools.TTLCache[str, dict[str, str]] | None = None

    def of(self, context: nova_context.RequestContext,
           image_id: str) -> dict[str, str]:
        """What an image says, ``disk_format`` with it.

        :raises RequestFilterFailed: Glance does not answer
        """
        with self._lock:
            if self._cache is None:
                self._cache = cachetools.TTLCache(
                    _MAX_IMAGES, CONF.hv_sched.image_ttl, self._clock)
            properties = self._cache.get(image_id)
        if properties is None:
            properties = _read(context, image_id)
            with self._lock:
                self._cache[image_id] = properties
        return properties


_IMAGES = Images()


def of(context: nova_context.RequestContext, image_id: str,
       reason: str) -> dict[str, str]:
    """What an image says; asks Glance at most once in a while.

    :param context: of the request, whose token Glance takes
    :param reason: why Nova's record is not enough, for the refusal
    :raises RequestFilterFailed: Glance does not answer, or is not to be asked
    """
    if not CONF.hv_sched.read_images:
        raise refusal.Refused(
            _unreadable(image_id),
            f'{reason}, and [hv_sched]read_images is off')
    try:
        return _IMAGES.of(context, image_id)
    except (exception.NovaException, ks_exc.ClientException) as exc:
        raise refusal.Refused(
            _unreadable(image_id), f'{reason}, and the properties of image '
            f'{image_id} cannot be read from Glance: {exc}') from exc


def _unreadable(image_id: str) -> str:
    return (f'The properties of image {image_id} cannot be read; try again '
            'later or use another image')


def may_be_cut(properties: dict[str, str]) -> bool:
    """Whether vmx may stand where Nova cut the list of CPU features.

    Its last word may be the beginning of a longer one.
    """
    listed = properties.get(_CPU_FEATURES, '')
    return len(listed.encode()) >= _SHORTEST_CUT and (
        'vmx' not in keys.cpu_features(listed)[:-1])


def _read(context: nova_context.RequestContext,
          image_id: str) -> dict[str, str]:
    LOG.debug('Reading image %s', image_id)
    image = glance.API().get(context, image_id)
    stored = image.get('properties') or {}
    properties = {key: _short(key, str(stored[key]))
                  for key in keys.image_properties()
                  if stored.get(key) is not None}
    if image.get('disk_format'):
        properties['disk_format'] = str(image['disk_format'])
    return properties


def _short(key: str, value: str) -> str:
    """As much as is needed of a value, which may have 64 kB."""
    if len(value) > _KEPT and key == _CPU_FEATURES:
        return 'vmx' if 'vmx' in keys.cpu_features(value) else ''
    return value[:_KEPT]
