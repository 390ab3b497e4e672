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

"""Images and flavors of a cloud as the user of a command sees them."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from hv_sched import exception
from hv_sched.compatibility import stamp
from hv_sched.compute import flavors
from hv_sched.compute import lookups

_CONFLICT = 409
Properties = dict[str, Any]


class Catalog:
    """Glance's images and Nova's flavors, each by name or id."""

    def __init__(self, nova: lookups.Nova, glance: lookups.Glance) -> None:
        self._nova = nova
        self._glance = glance

    def image(self, name: str) -> Properties:
        """One image.

        :raises ServiceDenied: there is none
        :raises InvalidConfig: several have the name
        """
        return _present('image', name, self._glance.image(name))

    def images(self) -> Iterator[Properties]:
        """All images the user may see."""
        return self._glance.images()

    def flavor(self, name: str) -> Properties:
        """One flavor, as hv_sched.requirements reads it.

        :raises ServiceDenied: there is none
        """
        return _sizes(_present('flavor', name, self._nova.flavor(name)))

    def flavors(self) -> Iterator[Properties]:
        """All flavors the user may see, private ones if they are an admin."""
        return map(_sizes, self._nova.flavors())

    def change(self, image: Mapping[str, Any],
               changes: Iterable[stamp.PropertyChange]) -> None:
        """Change properties of an image, all or none.

        :raises ServiceDenied: Glance denies it to the user
        """
        try:
            self._glance.patch(image['id'],
                               [change.patch for change in changes])
        except exception.ServiceDenied as exc:
            raise exception.ServiceDenied(
                self._refusal(image, exc), exc.status) from exc

    def _refusal(self, image: Mapping[str, Any],
                 error: exception.ServiceDenied) -> str:
        subject = f'image {image.get("name") or ""} ({image["id"]})'
        owner, project = image.get('owner'), self._glance.project
        if error.status == _CONFLICT:
            return f'{subject} is being changed by somebody else: {error}'
        if owner and project and owner != project:
            return (f'{subject} belongs to project {owner}, this is '
                    f'{project}: its owner or an admin may change it '
                    f'({error})')
        return (f'{subject}: Glance protects a property or the image; ask '
                f'who may write it ({error})')


def _present(kind: str, name: str, properties: Properties | None
             ) -> Properties:
    if properties is None:
        raise exception.ServiceDenied(
            f'{kind} {name} does not exist, or is not visible to this project')
    return properties


def _sizes(flavor: Mapping[str, Any]) -> Properties:
    return {'name': flavor['name'], 'id': flavor['id'],
            **flavors.sizes(flavor)}
