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

"""Reads of Nova and Glance, for those who only look.

What may not be read, or does not answer, is an error with a type; the caller
goes on with what the others say.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import logging
from typing import Any
from urllib import parse

import tenacity

from hv_sched import exception
from hv_sched.compute import reader

LOG = logging.getLogger(__name__)
_ATTEMPTS = 3
_PAGE = 200


class Service:
    """:param adapter: a keystoneauth1 Adapter
    :param name: what people call the service
    """

    def __init__(self, adapter: Any, name: str) -> None:
        self.name = name
        self._reader = reader.Reader(
            adapter, name, exception.ServiceUnavailable,
            exception.ServiceDenied, _detail)

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(exception.ServiceUnavailable),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=0.25, max=2),
        before_sleep=tenacity.before_sleep_log(LOG, logging.WARNING),
        reraise=True)
    def get(self, path: str, microversion: str | None = None
            ) -> dict[str, Any] | None:
        """The answer, None for 404.

        :raises ServiceUnavailable:
        :raises ServiceDenied:
        """
        response = self._reader.response(path, microversion)
        if not self._reader.found(path, response):
            return None
        try:
            return dict(response.json())
        except (ValueError, TypeError) as exc:
            raise exception.ServiceUnavailable(
                f'{self.name}: the answer to GET {path} is not JSON'
            ) from exc

    def needed(self, path: str, microversion: str | None = None
               ) -> dict[str, Any]:
        """An answer that must be there; 404 is an error."""
        found = self.get(path, microversion)
        if found is None:
            raise exception.ServiceDenied(
                f'{self.name} knows no {path.partition("?")[0]}')
        return found

    @property
    def endpoint(self) -> str:
        return str(self._reader.adapter.get_endpoint() or '')


def _detail(response: Any) -> str:
    """What the service says of its refusal; a proxy's HTML says nothing."""
    try:
        body = response.json()
        first = next(iter(body.values()))
        return f': {first["message"]}'
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return ''


class Nova(Service):
    """What doctor and explain read of Nova."""

    # 2.61 puts extra specs into flavors.
    _FLAVORS = '2.61'
    # 2.41 gives aggregates their uuid.
    _AGGREGATES = '2.41'
    # 2.69 answers for cells that are down; 2.98 shows image properties.
    _SERVERS = (69, 96, 98)

    def __init__(self, adapter: Any) -> None:
        super().__init__(adapter, 'Nova')
        self._newest: tuple[int, int] | None = None

    def newest(self) -> tuple[int, int]:
        """The newest microversion it speaks."""
        if self._newest is None:
            body = self.needed('/')
            versions = ([body['version']] if 'version' in body
                        else body.get('versions', ()))
            self._newest = max((_pair(each['version']) for each in versions
                                if each.get('version')), default=(2, 1))
        return self._newest

    def flavor(self, wanted: str) -> dict[str, Any] | None:
        """By id or name."""
        found = self.get(f'/flavors/{parse.quote(wanted, safe="")}',
                         self._FLAVORS)
        if found is not None:
            return dict(found['flavor'])
        return next((flavor for flavor in self.flavors()
                     if flavor['name'] == wanted), None)

    def flavors(self) -> Iterator[dict[str, Any]]:
        """All, also private ones where the credentials may see them."""
        return self._pages('/flavors/detail', 'flavors', self._FLAVORS,
                           is_public='None')

    def server(self, wanted: str) -> dict[str, Any] | None:
        """By uuid or name."""
        version = self._newest_of(self._SERVERS)
        path = f'/servers/{parse.quote(wanted, safe="")}'
        found = self.get(path, version)
        if found is not None:
            return dict(found['server'])
        named = [server['id'] for server in self._pages(
            '/servers', 'servers', version, all_tenants='1',
            name=f'^{wanted}$') if server.get('name') == wanted]
        if len(named) > 1:
            raise exception.InvalidConfig(
                f'{len(named)} servers are named {wanted}: give the uuid')
        return dict(self.needed(f'/servers/{named[0]}', version)['server']
                    ) if named else None

    def _newest_of(self, minors: Iterable[int]) -> str:
        newest = self.newest()
        return f'2.{max(m for m in (1, *minors) if (2, m) <= newest)}'

    def aggregates(self) -> list[dict[str, Any]]:
        return list(self.needed('/os-aggregates',
                                self._AGGREGATES)['aggregates'])

    def compute_services(self) -> list[dict[str, Any]]:
        return list(self.needed('/os-services?binary=nova-compute',
                                '2.53')['services'])

    def nodes_of_host(self, host: str) -> list[str]:
        """Provider uuids of a host's compute nodes."""
        return [record['id'] for record in self._pages(
            '/os-hypervisors/detail', 'hypervisors', '2.53')
            if record['service']['host'] == host]

    def open_migrations(self, statuses: Iterable[str]) -> set[str]:
        """Uuids of the migrations in these states."""
        return {record['uuid'] for status in statuses
                for record in self._pages('/os-migrations', 'migrations',
                                          '2.80', 'uuid', status=status)}

    def _pages(self, path: str, key: str, microversion: str,
               marker_key: str = 'id', **query: str
               ) -> Iterator[dict[str, Any]]:
        asked = {**query, 'limit': str(_PAGE)}
        while True:
            body = self.needed(f'{path}?{parse.urlencode(asked)}',
                               microversion)
            yield from body[key]
            if not any(link['rel'] == 'next'
                       for link in body.get(f'{key}_links', ())):
                return
            asked['marker'] = body[key][-1][marker_key]


def _pair(version: str) -> tuple[int, int]:
    major, _dot, minor = version.partition('.')
    return int(major), int(minor or 0)


class Glance(Service):
    """What doctor and explain read of Glance."""

    def __init__(self, adapter: Any) -> None:
        super().__init__(adapter, 'Glance')

    def image(self, wanted: str) -> Mapping[str, Any] | None:
        """By id or name."""
        found = self.get(self._path(
            f'/images/{parse.quote(wanted, safe="")}'))
        if found is not None:
            return found
        named = list(self._images(name=wanted))
        if len(named) > 1:
            raise exception.InvalidConfig(
                f'{len(named)} images are named {wanted}: give the id')
        return named[0] if named else None

    def images(self) -> Iterator[Mapping[str, Any]]:
        """All that the credentials may see, page by page."""
        return self._images()

    def _images(self, **query: str) -> Iterator[Mapping[str, Any]]:
        following: str | None = '/images?' + parse.urlencode(
            {**query, 'limit': str(_PAGE)})
        while following:
            body = self.needed(self._path(following))
            yield from body['images']
            following = str(body.get('next') or '').removeprefix('/v2')

    def _path(self, path: str) -> str:
        """Catalogues name the service with its version and without."""
        return path if self.endpoint.rstrip('/').endswith('/v2') else (
            f'/v2{path}')
