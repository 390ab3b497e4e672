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

"""Images and flavors of a cloud, through openstacksdk."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import json
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from openstack import exceptions as sdk_exceptions

from hv_sched import exception
from hv_sched.compatibility import stamp

_PATCH = {'Content-Type': 'application/openstack-images-v2.1-json-patch'}
_FLAVOR = {'vcpus': 'vcpus', 'ram_mb': 'ram', 'root_gb': 'disk',
           'ephemeral_gb': 'ephemeral', 'swap_mb': 'swap',
           'extra_specs': 'extra_specs'}

Properties = dict[str, Any]


class Cloud:
    """Glance and Nova as the user of a command sees them.

    :param connection: an openstack.connection.Connection
    """

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def image(self, name: str) -> Properties:
        """One image by name or id.

        :raises ServiceDenied: there is none, or several of the name
        """
        with _told('Glance'):
            found = self._connection.image.find_image(name)
        if found is None:
            raise exception.ServiceDenied(
                f'image {name} is not there, or not for this project to see')
        return _flat(found)

    def images(self) -> Iterator[Properties]:
        """All images the user may see."""
        with _told('Glance'):
            for found in self._connection.image.images(visibility='all'):
                yield _flat(found)

    def flavor(self, name: str) -> Properties:
        """One flavor by name or id, as hv_sched.requirements reads it.

        :raises ServiceDenied: there is none
        """
        with _told('Nova'):
            found = self._connection.compute.find_flavor(
                name, get_extra_specs=True)
        if found is None:
            raise exception.ServiceDenied(
                f'flavor {name} is not there, or not for this project to see')
        return _sizes(found)

    def flavors(self) -> Iterator[Properties]:
        """All flavors the user may see, private ones if they are an admin."""
        with _told('Nova'):
            for found in self._connection.compute.flavors(
                    get_extra_specs=True, is_public='None'):
                yield _sizes(found)

    def change(self, image: Mapping[str, Any],
               changes: Iterable[stamp.Change]) -> None:
        """Change properties of an image, all or none.

        :raises ServiceDenied: Glance lets the user not
        """
        patch = json.dumps([change.patch for change in changes])
        with _told('Glance'):
            response = self._connection.image.patch(
                f'/images/{image["id"]}', data=patch, headers=_PATCH,
                raise_exc=False)
            if response.status_code in (403, 404, 409):
                raise exception.ServiceDenied(self._why(image, response))
            sdk_exceptions.raise_from_response(response)

    def _why(self, image: Mapping[str, Any], response: Any) -> str:
        named = f'image {image.get("name") or ""} ({image["id"]})'
        told = _words(response)
        owner = image.get('owner')
        project = self._connection.session.get_project_id()
        if response.status_code == 409:
            return f'{named} is being changed by somebody else: {told}'
        if owner and project and owner != project:
            return (f'{named} belongs to project {owner}, this is {project}: '
                    f'its owner or an admin may change it ({told})')
        return (f'{named}: Glance protects a property or the image; ask who '
                f'may write it ({told})')


@contextlib.contextmanager
def _told(service: str) -> Iterator[None]:
    """openstacksdk's errors as ours."""
    try:
        yield
    except (sdk_exceptions.ForbiddenException,
            sdk_exceptions.DuplicateResource) as exc:
        raise exception.ServiceDenied(f'{service}: {exc}') from exc
    except (sdk_exceptions.SDKException,
            ksa_exceptions.ClientException) as exc:
        raise exception.ServiceUnavailable(
            f'{service} does not answer what was asked: {exc}') from exc


def _flat(image: Any) -> Properties:
    """An image as Glance shows it: properties beside its own fields."""
    shown = image.to_dict(computed=False, original_names=True)
    own = shown.pop('properties', None) or {}
    return {key: value for key, value in {**shown, **own}.items()
            if value is not None}


def _sizes(flavor: Any) -> Properties:
    return {'name': flavor.name, 'id': flavor.id,
            **{ours: getattr(flavor, theirs) or (
                {} if theirs == 'extra_specs' else 0)
               for ours, theirs in _FLAVOR.items()}}


def _words(response: Any) -> str:
    """Glance answers some refusals in HTML."""
    text = str(sdk_exceptions.HttpException(
        response=response).details or response.text or response.reason)
    return ' '.join(text.split())[:300]
