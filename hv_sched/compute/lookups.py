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

"""Reads of Nova and Glance through openstacksdk, for those who only look.

What may not be read, or does not answer, is an error with a type; the caller
goes on with what the others say.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import json
from typing import Any
from typing import TypeVar

from openstack import connection as sdk
from openstack import exceptions as sdk_exceptions
from openstack import resource
from oslo_utils import uuidutils

from hv_sched import exception
from hv_sched.compute import checked_session
from hv_sched.compute import paging
from hv_sched.compute import resources

_IMAGES_A_PAGE = 200  # Glance's own default is 25
_PATCH = {'Content-Type': 'application/openstack-images-v2.1-json-patch'}
_Resource = TypeVar('_Resource', bound=resource.Resource)
Properties = dict[str, Any]


class Lookup:
    """Resources of one service.

    :param connection: with checked answers, see ``checked_session.checked``
    """

    SERVICE: checked_session.Service
    _PROXY = ''
    _VERSION = ''
    _LIST = ''  # a call that only the proxy of that version has

    def __init__(self, connection: sdk.Connection) -> None:
        self._connection = connection

    @property
    def proxy(self) -> Any:
        """openstacksdk's calls of the service.

        Finding the service may fail, so it belongs to each request.

        :raises ServiceUnavailable: the endpoint does not show that it is
            the service; openstacksdk then knows none of its calls
        """
        proxy = getattr(self._connection, self._PROXY)
        if not hasattr(proxy, self._LIST):
            raise self.SERVICE.unavailable(
                f'{self.SERVICE.name}: the endpoint {proxy.get_endpoint()} '
                f'does not offer version {self._VERSION}')
        return proxy

    def translated(self) -> contextlib.AbstractContextManager[None]:
        """What calls of the proxy raise, as errors of ours.

        Those that Keystone is the reason of, on the way to a token, name it.
        """
        return checked_session.translated(
            self.SERVICE, self._connection.session)

    def _list(self, kind: type[_Resource], **query: Any
              ) -> Iterator[_Resource]:
        """All that the credentials may see, page by page."""
        with self.translated():
            yield from paging.ending(
                kind.list(self.proxy, **query), self.SERVICE.unavailable,
                f"{self.SERVICE.name}'s pages of {kind.base_path}")

    def _fetch(self, kind: type[_Resource], identifier: str
               ) -> _Resource | None:
        """The resource with this id, None when there is none."""
        if '/' in identifier:  # no id has one, a name may
            return None
        with self.translated():
            proxy = self.proxy
            resource_of_id: _Resource = kind.existing(
                id=identifier, connection=self._connection)
            try:
                resource_of_id.fetch(proxy)
            except sdk_exceptions.NotFoundException:
                return None
        return resource_of_id


class Nova(Lookup):
    """What doctor and explain read of Nova."""

    SERVICE = checked_session.NOVA
    _PROXY, _VERSION, _LIST = 'compute', '2.1', 'aggregates'

    def newest(self) -> tuple[int, int]:
        """The newest microversion it speaks.

        :raises NovaUnavailable: it does not list its versions
        """
        with self.translated():
            endpoint = self.proxy.get_endpoint_data()
        newest = endpoint and endpoint.max_microversion
        if not newest:
            raise self.SERVICE.unavailable(
                'Nova does not list its versions as Nova does: does the '
                'endpoint lead to it?')
        return int(newest[0]), int(newest[1])

    def flavor(self, name: str) -> Properties | None:
        """A flavor by id or name; see ``flavors``."""
        flavor = self._fetch(resources.FlavorResource, name)
        if flavor is not None:
            return _flavor(flavor)
        return next((flavor for flavor in self.flavors()
                     if flavor['name'] == name), None)

    def flavors(self) -> Iterator[Properties]:
        """All, also private ones where the credentials may see them.

        As Nova's API shows them; without ``extra_specs`` where these may
        not be seen.
        """
        for flavor in self._list(resources.FlavorResource, is_public='None'):
            yield _flavor(flavor)

    def server(self, name: str) -> Properties | None:
        """A server by uuid or name, as Nova's API shows it."""
        server = self._server_of_any_project(name)
        if server is None:
            namesake = _only([
                server for server in self._list(
                    resources.ServerResource, base_path='/servers',
                    all_projects=True, name=f'^{name}$')
                if server.name == name], 'servers', name, 'uuid')
            server = namesake and self._server_of_any_project(namesake.id)
        return None if server is None else _body(server)

    def _server_of_any_project(self, uuid: str
                               ) -> resources.ServerResource | None:
        """By its uuid Nova shows one to administrators and its project alone,
        whatever the policy allows; a list of all projects shows it.
        """
        server = self._fetch(resources.ServerResource, uuid)
        if server is not None or not uuidutils.is_uuid_like(uuid):
            return server
        return next((server for server in self._list(
            resources.ServerResource, base_path='/servers/detail',
            all_projects=True, uuid=uuid) if server.id == uuid), None)

    def aggregates(self) -> list[resources.Aggregate]:
        return list(self._list(resources.Aggregate))

    def compute_services(self) -> list[resources.ComputeService]:
        return list(self._list(resources.ComputeService,
                               binary='nova-compute'))

    def scheduler_hosts(self) -> list[str]:
        """The hosts of the nova-schedulers that are up."""
        return sorted(service.host for service in self._list(
            resources.ComputeService, binary='nova-scheduler')
            if service.state == 'up')

    def hypervisors(self) -> list[resources.HypervisorResource]:
        """All compute nodes, with their host and type."""
        return list(self._list(
            resources.HypervisorResource, base_path='/os-hypervisors/detail'))

    def hypervisor_types(self) -> Mapping[str, str]:
        """See ``hypervisors.HypervisorTypes``."""
        return {node.id: node.hypervisor_type or ''
                for node in self.hypervisors()}

    def nodes_of_host(self, host: str) -> list[str]:
        """Provider uuids of a host's compute nodes."""
        return [node.id for node in self.hypervisors()
                if node.service_details['host'] == host]

    def open_migrations(self, statuses: Iterable[str]) -> set[str]:
        """Uuids of the migrations in these states."""
        return {migration.uuid for status in statuses for migration
                in self._list(resources.Migration, status=status)}


class Glance(Lookup):
    """What doctor, explain and check read of Glance, and what a stamp writes.
    """

    SERVICE = checked_session.GLANCE
    _PROXY, _VERSION, _LIST = 'image', '2', 'images'

    def image(self, name: str) -> Properties | None:
        """An image by id or name: its own fields and its properties."""
        image = self._fetch(resources.Image, name)
        if image is None:
            image = _only(list(self._list(
                resources.Image, name=name, visibility='all')),
                'images', name, 'id')
        return None if image is None else _image(image)

    def images(self) -> Iterator[Properties]:
        """All that the credentials may see, page by page."""
        for image in self._list(resources.Image, visibility='all',
                                limit=_IMAGES_A_PAGE):
            yield _image(image)

    def patch(self, image: str, operations: Iterable[Mapping[str, str]]
              ) -> None:
        """Change properties of an image, all or none.

        :param image: its id
        :param operations: of a JSON patch
        :raises ServiceDenied: with Glance's status and words
        """
        with self.translated():
            self.proxy.patch(
                f'/images/{image}', data=json.dumps(list(operations)),
                headers=_PATCH)

    @property
    def project(self) -> str | None:
        """The project the credentials are for."""
        with self.translated():
            project: str | None = self._connection.session.get_project_id()
        return project


def _only(matches: list[_Resource], kind: str, name: str, key: str
          ) -> _Resource | None:
    """:raises InvalidConfig: several have the name"""
    if len(matches) > 1:
        raise exception.InvalidConfig(
            f'{len(matches)} {kind} are named {name}: give the {key}')
    return matches[0] if matches else None


def _body(resource_: resource.Resource) -> Properties:
    """As the service's API names it, without what it does not state."""
    return dict(resource_.to_dict(headers=False, computed=False,
                                  original_names=True, ignore_none=True))


def _flavor(flavor: resources.FlavorResource) -> Properties:
    return {**_body(flavor), 'id': flavor.id}


def _image(image: resources.Image) -> Properties:
    """As Glance shows it: properties beside its own fields."""
    fields = _body(image)
    properties = fields.pop('properties', None) or {}
    return {**fields, **properties}
