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

"""The only place that speaks HTTP to Placement.

Answers are checked here and nowhere else: a call returns what was asked for
or raises a ``PlacementError`` whose type says whether trying again can help.
Reads are repeated on a lost connection, a time-out or a 5xx. Writes are not:
whether one stands is only known by observing again.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import logging
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
import tenacity

from hv_sched import exception
from hv_sched.placement import consumers as consumer_values
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Listed

LOG = logging.getLogger(__name__)

# The newest microversion of Placement 9 (2023.1) and of 16 (2026.2) alike.
MICROVERSION = '1.39'
# The newest one whose POST /allocations leaves the consumers' types alone.
_UNTYPED_MICROVERSION = '1.37'
READ_ATTEMPTS = 4
DEFAULT_TIMEOUT = 60.0  # seconds
_SHOWN = 100  # characters of a URL in messages

# errors[0].code of answers that a new look at Placement cures.
# duplicate_name also means a duplicate uuid: both say somebody was faster.
_CURED_BY_OBSERVING = frozenset((
    'placement.concurrent_update', 'placement.duplicate_name'))
_HTTP_CONFLICT = 409
_HTTP_NOT_FOUND = 404
_HTTP_NOT_ACCEPTABLE = 406
_DENIED = (401, 403)


def _first_error(response: Any) -> dict[str, Any]:
    """The first of Placement's errors; a proxy's HTML has none."""
    try:
        return dict(response.json()['errors'][0])
    except (ValueError, KeyError, IndexError, TypeError):
        return {}


def _too_old(error: Mapping[str, Any], status: int) -> Exception:
    return exception.MicroversionTooOld(
        f'hv_sched needs Placement microversion {MICROVERSION} (Placement 9, '
        f'2023.1, or newer); this one offers at most '
        f'{error.get("max_version", "an unknown version")}', status)


def error_of(response: Any, doing: str) -> Exception:
    """Turn a refusal into the exception to raise.

    keystoneauth's own exceptions omit ``errors[0].code``, which alone tells
    a lost race from a full volume: both are 409.

    :param doing: what was attempted, for the message
    """
    status = response.status_code
    error = _first_error(response)
    code = error.get('code')
    if status == _HTTP_NOT_ACCEPTABLE and 'max_version' in error:
        return _too_old(error, status)
    detail = ' '.join(
        str(error.get('detail') or response.reason or '').split())
    message = f'{doing}: Placement answered {status}: {detail}'
    kind: type[exception.PlacementError] = exception.PlacementRefused
    if status in _DENIED:
        kind = exception.PlacementDenied
        message += ' (the credentials need the admin or service role)'
    elif status >= 500:
        kind = exception.PlacementUnavailable
    elif status == _HTTP_NOT_FOUND:
        kind = exception.PlacementNotFound
    elif status == _HTTP_CONFLICT and code in _CURED_BY_OBSERVING:
        kind = exception.PlacementConflict
    return kind(message, status, code)


class Placement:
    """Placement's API in the terms hv_sched uses.

    :param adapter: a keystoneauth1 Adapter for service type placement
    :param timeout: seconds one request may take
    """

    def __init__(self, adapter: Any, timeout: float = DEFAULT_TIMEOUT) -> None:
        self._adapter = adapter
        self._timeout = timeout

    def _send(self, method: str, path: str, doing: str,
              microversion: str = MICROVERSION, **kwargs: Any) -> Any:
        headers = {'OpenStack-API-Version': f'placement {microversion}',
                   'Accept': 'application/json'}
        try:
            response = self._adapter.request(
                path, method, headers=headers, raise_exc=False,
                timeout=self._timeout, **kwargs)
        except ksa_exceptions.RetriableConnectionFailure as exc:
            raise exception.PlacementUnavailable(
                f'{doing}: Placement cannot be reached: {exc}') from exc
        except ksa_exceptions.HttpError as exc:
            # Keystone's answer, on the way to a token.
            kind = (exception.PlacementUnavailable if exc.http_status >= 500
                    else exception.PlacementDenied)
            raise kind(f'{doing}: {exc}', exc.http_status) from exc
        except ksa_exceptions.ClientException as exc:
            raise exception.PlacementDenied(f'{doing}: {exc}') from exc
        # A 4xx or 5xx Response is falsy: never test its truth.
        if response.status_code >= 400:
            raise error_of(response, doing)
        return response

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(
            exception.PlacementUnavailable),
        stop=tenacity.stop_after_attempt(READ_ATTEMPTS),
        wait=tenacity.wait_random_exponential(multiplier=0.25, max=4),
        before_sleep=tenacity.before_sleep_log(LOG, logging.WARNING),
        reraise=True)
    def _get(self, path: str, doing: str,
             params: Mapping[str, str] | None = None) -> dict[str, Any]:
        response = self._send('GET', path, doing, params=params or {})
        try:
            body = response.json()
        except ValueError as exc:
            raise exception.PlacementUnavailable(
                f'{doing}: the answer is not JSON', response.status_code
            ) from exc
        return dict(body)

    def _put(self, path: str, doing: str, body: Any = None) -> dict[str, Any]:
        response = self._send('PUT', path, doing, json=body)
        return dict(response.json()) if response.content else {}

    # -- reading

    def read(self, url: str) -> dict[str, Any]:
        """What a GET of a path with its query answers."""
        return self._get(url, f'read {url[:_SHOWN]}')

    def list_providers(self, **query: str) -> list[Listed]:
        """Providers, filtered by ``required``, ``member_of``, …"""
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

    def all_traits(self, associated: bool = False) -> frozenset[str]:
        """Names of all traits, or only those some provider has."""
        query = {'associated': 'true'} if associated else {}
        return frozenset(
            self._get('/traits', 'list traits', query)['traits'])

    def resource_classes(self) -> frozenset[str]:
        body = self._get('/resource_classes', 'list resource classes')
        return frozenset(rc['name'] for rc in body['resource_classes'])

    def allocation_candidates(self, **query: str) -> dict[str, Any]:
        """The raw answer: allocation_requests and provider_summaries."""
        return self._get('/allocation_candidates',
                         'ask for allocation candidates', query)

    # -- writing; each returns the provider's new generation

    def create_provider(self, uuid: str, name: str,
                        parent_uuid: str | None = None) -> int:
        body = {'uuid': uuid, 'name': name}
        if parent_uuid:
            body['parent_provider_uuid'] = parent_uuid
        response = self._send('POST', '/resource_providers',
                              f'create resource provider {name}', json=body)
        return int(response.json()['generation'])

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
            {'resource_provider_generation': generation,
             'inventories': {rc: inventory.body
                             for rc, inventory in inventories.items()}})
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
                   microversion, json=bodies)

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
            f'the allocations of {len(bodies)} consumers', microversion,
            json={'allocations': bodies, 'inventories': {
                uuid: {'resource_provider_generation': generation,
                       'inventories': {rc: inventory.body
                                       for rc, inventory in every.items()}}
                for uuid, (generation, every) in inventories.items()}})


def _bodies(consumers: Iterable[Consumer]) -> tuple[dict[str, Any], str]:
    """The JSON of consumers, and the microversion that has their types."""
    every = tuple(consumers)
    typed = all(consumer.consumer_type != consumer_values.UNTYPED
                for consumer in every)
    return ({consumer.uuid: consumer.body(typed) for consumer in every},
            MICROVERSION if typed else _UNTYPED_MICROVERSION)
