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

"""Placement's API in the terms hv_sched uses.

A call returns what was asked for or raises a ``PlacementError`` whose type
says whether trying again can help. Reads are repeated on a lost connection,
a time-out or a 5xx. Writes are not: whether one stands is only known by
observing again.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from urllib import parse

from hv_sched import exception
from hv_sched.placement import consumers as consumer_values
from hv_sched.placement import errors
from hv_sched.placement import retry
from hv_sched.placement import transport as transports
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Listed
from hv_sched.placement.transport import DEFAULT_TIMEOUT
from hv_sched.placement.transport import MICROVERSION
from hv_sched.placement.transport import Response
from hv_sched.placement.transport import Transport

# The newest one whose POST /allocations leaves the consumers' types alone.
_UNTYPED_MICROVERSION = '1.37'
_UNQUOTED = ':,!'  # in a query, as Placement's own documentation has them


def from_adapter(adapter: Any, timeout: float = DEFAULT_TIMEOUT
                 ) -> 'Placement':
    """Placement behind a keystoneauth1 Adapter.

    :param timeout: seconds one request may take
    """
    return Placement(transports.KeystoneTransport(adapter, timeout))


class Placement:
    """Placement's API in the terms hv_sched uses.

    :param transport: how a request gets there
    :param read_attempts: how often a read without an answer is tried
    """

    def __init__(self, transport: Transport,
                 read_attempts: int = retry.READ_ATTEMPTS) -> None:
        self._transport = transport
        self._read_attempts = read_attempts

    def _send(self, method: str, url: str, doing: str, body: Any = None,
              microversion: str = MICROVERSION) -> Response:
        try:
            answer = self._transport.send(method, url, body, microversion)
        except Exception as exc:
            raise errors.of_exception(exc, doing) from exc
        if answer.status >= 400:
            raise errors.of_response(answer, doing)
        return answer

    def _get(self, path: str, doing: str,
             params: Mapping[str, str] | Sequence[tuple[str, str]] = ()
             ) -> dict[str, Any]:
        url = path + (f'?{parse.urlencode(params, safe=_UNQUOTED)}'
                      if params else '')
        return retry.reads(self._read_attempts)(self._read, url, doing)

    def _read(self, url: str, doing: str) -> dict[str, Any]:
        answer = self._send('GET', url, doing)
        try:
            return dict(answer.json())
        except ValueError as exc:
            raise exception.PlacementUnavailable(
                f'{doing}: the answer is not JSON', answer.status) from exc

    def _put(self, path: str, doing: str, body: Any = None) -> dict[str, Any]:
        answer = self._send('PUT', path, doing, body)
        return dict(answer.json()) if answer.content else {}

    # -- reading

    def newest_version(self) -> tuple[int, int]:
        """The newest microversion this Placement speaks."""
        versions = self._get('/', 'read the versions')['versions']
        return max(_version(version.get('max_version') or '1.0')
                   for version in versions)

    def list_providers(self, **query: str) -> list[Listed]:
        """Providers, filtered by ``required``, ``member_of``, …"""
        return self.providers_with(list(query.items()))

    def providers_with(self, query: Sequence[tuple[str, str]]
                       ) -> list[Listed]:
        """Providers by a query that may name a parameter twice."""
        body = self._get('/resource_providers', 'list resource providers',
                         query)
        return [Listed(p['uuid'], p['name'], p['generation'],
                       p['parent_provider_uuid'])
                for p in body['resource_providers']]

    def provider(self, uuid: str) -> Listed:
        """One provider's name, generation and parent."""
        p = self._get(f'/resource_providers/{uuid}',
                      f'read resource provider {uuid}')
        return Listed(p['uuid'], p['name'], p['generation'],
                      p['parent_provider_uuid'])

    def inventories(self, uuid: str) -> tuple[int, dict[str, Inventory]]:
        """The generation and the inventories of a provider."""
        body = self._get(f'/resource_providers/{uuid}/inventories',
                         f'read the inventories of {uuid}')
        return body['resource_provider_generation'], {
            rc: Inventory(**fields)
            for rc, fields in body['inventories'].items()}

    def usages(self, uuid: str) -> tuple[int, dict[str, int]]:
        """The generation and what is allocated of each class."""
        body = self._get(f'/resource_providers/{uuid}/usages',
                         f'read the usages of {uuid}')
        return body['resource_provider_generation'], body['usages']

    def traits(self, uuid: str) -> tuple[int, frozenset[str]]:
        """The generation and the traits of a provider."""
        body = self._get(f'/resource_providers/{uuid}/traits',
                         f'read the traits of {uuid}')
        return (body['resource_provider_generation'],
                frozenset(body['traits']))

    def aggregates(self, uuid: str) -> tuple[int, frozenset[str]]:
        """The generation and the aggregates of a provider."""
        body = self._get(f'/resource_providers/{uuid}/aggregates',
                         f'read the aggregates of {uuid}')
        return (body['resource_provider_generation'],
                frozenset(body['aggregates']))

    def allocations_on(self, uuid: str) -> dict[str, dict[str, int]]:
        """Consumer uuid -> resources, for one provider."""
        body = self._get(f'/resource_providers/{uuid}/allocations',
                         f'read the allocations on {uuid}')
        return {consumer: allocation['resources']
                for consumer, allocation in body['allocations'].items()}

    def consumer(self, uuid: str) -> Consumer | None:
        """A consumer with all it holds, None when it holds nothing."""
        return consumer_values.from_answer(uuid, self._get(
            f'/allocations/{uuid}', f'read the allocations of {uuid}'))

    def all_traits(self, associated: bool = False,
                   name: str | None = None) -> frozenset[str]:
        """Names of traits.

        :param associated: only those some provider has
        :param name: ``in:A,B`` or ``startswith:A``
        """
        query = {'name': name} if name else {}
        if associated:
            query['associated'] = 'true'
        return frozenset(
            self._get('/traits', 'list traits', query)['traits'])

    def resource_classes(self) -> frozenset[str]:
        body = self._get('/resource_classes', 'list resource classes')
        return frozenset(rc['name'] for rc in body['resource_classes'])

    def allocation_candidates(self, **query: str) -> dict[str, Any]:
        """The raw answer: allocation_requests and provider_summaries."""
        return self._get('/allocation_candidates',
                         'ask for allocation candidates', query)

    def candidates_at(self, url: str) -> dict[str, Any]:
        """The same for a URL that was built from a request of Nova's."""
        return self._get(url, 'ask for allocation candidates')

    # -- writing; each returns the provider's new generation

    def create_provider(self, uuid: str, name: str,
                        parent_uuid: str | None = None) -> int:
        body = {'uuid': uuid, 'name': name}
        if parent_uuid:
            body['parent_provider_uuid'] = parent_uuid
        answer = self._send('POST', '/resource_providers',
                            f'create resource provider {name}', body)
        return int(answer.json()['generation'])

    def rename_provider(self, uuid: str, name: str) -> int:
        body = self._put(f'/resource_providers/{uuid}',
                         f'rename resource provider {uuid} to {name}',
                         {'name': name})
        return int(body['generation'])

    def delete_provider(self, uuid: str) -> None:
        self._send('DELETE', f'/resource_providers/{uuid}',
                   f'delete resource provider {uuid}')

    def set_inventories(self, uuid: str, generation: int,
                        inventories: Mapping[str, Inventory]) -> int:
        """Write the whole set.

        The whole set, because a DELETE of one class in use answers
        concurrent_update where this says plainly that it is in use.
        """
        body = self._put(
            f'/resource_providers/{uuid}/inventories',
            f'write the inventories of {uuid}',
            _inventories_body(generation, inventories))
        return int(body['resource_provider_generation'])

    def set_traits(self, uuid: str, generation: int,
                   traits: frozenset[str]) -> int:
        body = self._put(f'/resource_providers/{uuid}/traits',
                         f'write the traits of {uuid}',
                         {'resource_provider_generation': generation,
                          'traits': sorted(traits)})
        return int(body['resource_provider_generation'])

    def set_aggregates(self, uuid: str, generation: int,
                       aggregates: frozenset[str]) -> int:
        body = self._put(f'/resource_providers/{uuid}/aggregates',
                         f'write the aggregates of {uuid}',
                         {'resource_provider_generation': generation,
                          'aggregates': sorted(aggregates)})
        return int(body['resource_provider_generation'])

    def ensure_trait(self, trait: str) -> None:
        self._send('PUT', f'/traits/{trait}', f'create trait {trait}')

    def delete_trait(self, trait: str) -> None:
        self._send('DELETE', f'/traits/{trait}', f'delete trait {trait}')

    def ensure_resource_class(self, name: str) -> None:
        self._send('PUT', f'/resource_classes/{name}',
                   f'create resource class {name}')

    def delete_resource_class(self, name: str) -> None:
        self._send('DELETE', f'/resource_classes/{name}',
                   f'delete resource class {name}')

    def write_consumers(self, consumers: Iterable[Consumer]) -> None:
        """Write all that several consumers hold: all of it or nothing.

        :raises PlacementConflict: somebody wrote one of them meanwhile
        :raises PlacementRefused: some provider has no room
        """
        bodies, microversion = _bodies(consumers)
        self._send('POST', '/allocations',
                   f'write the allocations of {len(bodies)} consumers',
                   bodies, microversion)

    def reshape(self, inventories: Mapping[
            str, tuple[int, Mapping[str, Inventory]]],
            consumers: Iterable[Consumer]) -> None:
        """Write inventories and consumers, all of it or nothing.

        Room is checked against the new inventories, once, at the end.
        Placement's newer default policy leaves this to the service role.

        :param inventories: generation and the whole set, by provider
        :raises PlacementConflict: somebody wrote one of them meanwhile
        :raises PlacementDenied: the credentials may write consumers only
        :raises PlacementRefused: some provider has no room
        """
        bodies, microversion = _bodies(consumers)
        self._send(
            'POST', '/reshaper', f'write {len(inventories)} inventories and '
            f'the allocations of {len(bodies)} consumers',
            {'allocations': bodies, 'inventories': {
                uuid: _inventories_body(generation, after)
                for uuid, (generation, after) in inventories.items()}},
            microversion)


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split('.')
    return int(major), int(minor)


def _bodies(consumers: Iterable[Consumer]) -> tuple[dict[str, Any], str]:
    """The JSON of consumers, and the microversion that has their types."""
    written = tuple(consumers)
    typed = all(consumer.consumer_type != consumer_values.UNTYPED
                for consumer in written)
    return ({consumer.uuid: consumer.body(typed) for consumer in written},
            MICROVERSION if typed else _UNTYPED_MICROVERSION)


def _inventories_body(generation: int,
                      inventories: Mapping[str, Inventory]) -> dict[str, Any]:
    return {'resource_provider_generation': generation,
            'inventories': {rc: inventory.body
                            for rc, inventory in inventories.items()}}
