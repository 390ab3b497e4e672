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
says whether trying again can help; nothing else leaves it. Reads are
repeated while no answer comes that is one. Writes are not: whether one
stands is only known by observing again.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import datetime
from typing import Any
from urllib import parse

from hv_sched import exception
from hv_sched.placement import bodies
from hv_sched.placement import consumers as consumer_values
from hv_sched.placement import retry
from hv_sched.placement.calls import Call
from hv_sched.placement.calls import Caller
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.keystone_transport import DEFAULT_TIMEOUT
from hv_sched.placement.keystone_transport import KeystoneTransport
from hv_sched.placement.observed import Listed
from hv_sched.placement.transport import MICROVERSION
from hv_sched.placement.transport import Transport

# The newest one whose POST /allocations leaves the consumers' types alone.
_UNTYPED_MICROVERSION = '1.37'
_UNQUOTED = ':,!'  # in a query, as Placement's own documentation has them
# One read ends after this many time-outs, whatever is tried in between.
_TIMEOUTS_A_READ = 2
# What Placement says of a name that is not there (400).
_NO_SUCH_NAME = ('No such trait', 'No such resource class')
# Placement's answers to a write without a body.
_WRITTEN = (204,)
_CREATED_OR_THERE = (201, 204)

Query = Sequence[tuple[str, str]]


def from_adapter(adapter: Any, timeout: float = DEFAULT_TIMEOUT
                 ) -> 'Placement':
    """Placement behind a keystoneauth1 Adapter.

    :param timeout: seconds one answer may take; a read, with all its
        attempts, ends after twice as long
    """
    return Placement(
        KeystoneTransport(adapter, timeout),
        retry.Patience(seconds=timeout * _TIMEOUTS_A_READ))


class Placement:
    """Placement's API in the terms hv_sched uses.

    :param transport: how a request gets there
    :param patience: how long a read without an answer is repeated
    """

    def __init__(self, transport: Transport,
                 patience: retry.Patience = retry.PATIENT) -> None:
        self._calls = Caller(transport, patience)
        self.interruption = self._calls.interruption

    @property
    def server_time(self) -> datetime.datetime | None:
        """The time by Placement's clock, as its last answer gave it."""
        return self._calls.server_time

    def _list(self, path: str, doing: str, form: bodies.Form,
              query: Query = ()) -> Any:
        """What a path without a uuid answers."""
        url = path + (f'?{parse.urlencode(query, safe=_UNQUOTED)}'
                      if query else '')
        return self._calls.read(Call('GET', url, doing, form))

    def _part(self, uuid: str, part: str, form: bodies.Form) -> Any:
        """What is said of one provider under a path."""
        return self._calls.read(Call(
            'GET', f'/resource_providers/{uuid}/{part}',
            f'read the {part} of {uuid}', form, subject=uuid))

    def _set_part(self, uuid: str, part: str, form: bodies.Form,
                  body: Mapping[str, Any]) -> int:
        """Write all of it; returns the provider's new generation."""
        return int(self._calls.write(Call(
            'PUT', f'/resource_providers/{uuid}/{part}',
            f'write the {part} of {uuid}', form, subject=uuid, body=body,
        ))['resource_provider_generation'])

    # -- reading

    def newest_version(self) -> tuple[int, int]:
        """The newest microversion this Placement speaks."""
        doing = 'read the versions'
        versions = self._list('/', doing, bodies.VERSIONS)['versions']
        try:
            return max(_version(version.get('max_version') or '1.0')
                       for version in versions)
        except (AttributeError, ValueError) as exc:
            raise exception.PlacementUnavailable(
                f'{doing}: Placement lists none it could have') from exc

    def list_providers(self, **query: str) -> list[Listed]:
        """Providers, filtered by ``required``, ``member_of``, …"""
        return self.providers_with(list(query.items()))

    def providers_with(self, query: Query) -> list[Listed]:
        """Providers by a query that may name a parameter twice."""
        body = self._list('/resource_providers', 'list resource providers',
                          bodies.PROVIDERS, query)
        return [_listed(provider) for provider in body['resource_providers']]

    def provider(self, uuid: str) -> Listed:
        """One provider's name, generation and parent."""
        return _listed(self._calls.read(Call(
            'GET', f'/resource_providers/{uuid}',
            f'read resource provider {uuid}', bodies.PROVIDER,
            subject=uuid)))

    def inventories(self, uuid: str) -> tuple[int, dict[str, Inventory]]:
        """The generation and the inventories of a provider."""
        body = self._part(uuid, 'inventories', bodies.INVENTORIES)
        return body['resource_provider_generation'], {
            rc: Inventory.of(fields)
            for rc, fields in body['inventories'].items()}

    def usages(self, uuid: str) -> tuple[int, dict[str, int]]:
        """The generation and what is allocated of each class."""
        body = self._part(uuid, 'usages', bodies.USAGES)
        return body['resource_provider_generation'], body['usages']

    def traits(self, uuid: str) -> tuple[int, frozenset[str]]:
        """The generation and the traits of a provider."""
        body = self._part(uuid, 'traits', bodies.PROVIDER_TRAITS)
        return (body['resource_provider_generation'],
                frozenset(body['traits']))

    def aggregates(self, uuid: str) -> tuple[int, frozenset[str]]:
        """The generation and the aggregates of a provider."""
        body = self._part(uuid, 'aggregates', bodies.AGGREGATES)
        return (body['resource_provider_generation'],
                frozenset(body['aggregates']))

    def allocations_on(self, uuid: str) -> dict[str, dict[str, int]]:
        """Consumer uuid -> resources, for one provider."""
        body = self._part(uuid, 'allocations', bodies.ALLOCATIONS_ON)
        return {consumer: allocation['resources']
                for consumer, allocation in body['allocations'].items()}

    def consumer(self, uuid: str) -> Consumer | None:
        """A consumer with all it holds, None when it holds nothing."""
        return consumer_values.from_answer(uuid, self._calls.read(Call(
            'GET', f'/allocations/{uuid}', f'read the allocations of {uuid}',
            bodies.consumer)))

    def all_traits(self, associated: bool = False,
                   name: str | None = None) -> frozenset[str]:
        """Names of traits.

        :param associated: only those some provider has
        :param name: ``in:A,B`` or ``startswith:A``
        """
        query = [('name', name)] if name else []
        if associated:
            query.append(('associated', 'true'))
        return frozenset(self._list('/traits', 'list traits', bodies.TRAITS,
                                    query)['traits'])

    def resource_classes(self) -> frozenset[str]:
        body = self._list('/resource_classes', 'list resource classes',
                          bodies.CLASSES)
        return frozenset(rc['name'] for rc in body['resource_classes'])

    def allocation_candidates(self, **query: str) -> dict[str, Any]:
        """The raw answer: allocation_requests and provider_summaries."""
        return dict(self._list(
            '/allocation_candidates', 'ask for allocation candidates',
            bodies.candidates, list(query.items())))

    def candidates_at(self, url: str) -> dict[str, Any]:
        """The same for a URL that was built from a request of Nova's."""
        return dict(self._list(url, 'ask for allocation candidates',
                               bodies.candidates))

    # -- writing; each returns the provider's new generation

    def create_provider(self, uuid: str, name: str,
                        parent_uuid: str | None = None) -> int:
        body = {'uuid': uuid, 'name': name}
        if parent_uuid:
            body['parent_provider_uuid'] = parent_uuid
        return int(self._calls.write(Call(
            'POST', '/resource_providers', f'create resource provider {name}',
            bodies.PROVIDER, body=body))['generation'])

    def rename_provider(self, uuid: str, name: str) -> int:
        return int(self._calls.write(Call(
            'PUT', f'/resource_providers/{uuid}',
            f'rename resource provider {uuid} to {name}', bodies.PROVIDER,
            subject=uuid, body={'name': name}))['generation'])

    def delete_provider(self, uuid: str) -> None:
        """The request alone; see removal.delete()."""
        self._calls.write(Call(
            'DELETE', f'/resource_providers/{uuid}',
            f'delete resource provider {uuid}', statuses=_WRITTEN,
            subject=uuid))

    def set_inventories(self, uuid: str, generation: int,
                        inventories: Mapping[str, Inventory]) -> int:
        """Write the whole set.

        The whole set, because a DELETE of one class in use answers
        concurrent_update where this says plainly that it is in use.

        :raises PlacementConflict: the provider changed, or somebody deleted
            a class that nobody used until now
        """
        with _names_stand():
            return self._set_part(uuid, 'inventories', bodies.INVENTORIES,
                                  _inventories_body(generation, inventories))

    def set_traits(self, uuid: str, generation: int,
                   traits: frozenset[str]) -> int:
        """All of a provider's traits; returns its new generation.

        :raises PlacementConflict: the provider changed, or somebody deleted
            a name that nobody used until now
        """
        with _names_stand():
            return self._set_part(uuid, 'traits', bodies.PROVIDER_TRAITS, {
                'resource_provider_generation': generation,
                'traits': sorted(traits)})

    def set_aggregates(self, uuid: str, generation: int,
                       aggregates: frozenset[str]) -> int:
        return self._set_part(uuid, 'aggregates', bodies.AGGREGATES, {
            'resource_provider_generation': generation,
            'aggregates': sorted(aggregates)})

    def ensure_trait(self, trait: str) -> None:
        self._name('PUT', 'traits', trait, f'create trait {trait}')

    def delete_trait(self, trait: str) -> None:
        self._name('DELETE', 'traits', trait, f'delete trait {trait}')

    def ensure_resource_class(self, name: str) -> None:
        self._name('PUT', 'resource_classes', name,
                   f'create resource class {name}')

    def delete_resource_class(self, name: str) -> None:
        self._name('DELETE', 'resource_classes', name,
                   f'delete resource class {name}')

    def _name(self, method: str, kind: str, name: str, doing: str) -> None:
        """Make or unmake a name."""
        self._calls.write(Call(
            method, f'/{kind}/{name}', doing, subject=name,
            statuses=_WRITTEN if method == 'DELETE' else _CREATED_OR_THERE))

    def write_consumers(self, consumers: Iterable[Consumer]) -> None:
        """Write all that several consumers hold: all of it or nothing.

        When each has a type it is written, also to one that had none. When
        any has none, the types of all stay as they are.

        :raises PlacementConflict: somebody wrote one of them meanwhile
        :raises PlacementRefused: some provider has no room
        """
        allocations, microversion = _allocations_body(consumers)
        self._calls.write(Call(
            'POST', '/allocations',
            f'write the allocations of {len(allocations)} consumers',
            statuses=_WRITTEN, body=allocations, microversion=microversion))

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
        allocations, microversion = _allocations_body(consumers)
        self._calls.write(Call(
            'POST', '/reshaper', f'write {len(inventories)} inventories and '
            f'the allocations of {len(allocations)} consumers',
            statuses=_WRITTEN, microversion=microversion,
            body={'allocations': allocations, 'inventories': {
                uuid: _inventories_body(generation, after)
                for uuid, (generation, after) in inventories.items()}}))


def _listed(body: Mapping[str, Any]) -> Listed:
    return Listed(body['uuid'], body['name'], body['generation'],
                  body['parent_provider_uuid'])


def _version(text: str) -> tuple[int, int]:
    major, minor = text.split('.')
    return int(major), int(minor)


def _allocations_body(consumers: Iterable[Consumer]
                      ) -> tuple[dict[str, Any], str]:
    """The JSON of consumers, and the microversion that has their types."""
    written = tuple(consumers)
    typed = all(consumer.consumer_type != consumer_values.UNTYPED
                for consumer in written)
    return ({consumer.uuid: consumer.body(typed) for consumer in written},
            MICROVERSION if typed else _UNTYPED_MICROVERSION)


@contextlib.contextmanager
def _names_stand() -> Iterator[None]:
    """A 400 for a name somebody deleted is a race, so a conflict."""
    try:
        yield
    except exception.PlacementRefused as exc:
        if not any(text in str(exc) for text in _NO_SUCH_NAME):
            raise
        raise exception.PlacementConflict(
            str(exc), exc.status, exc.code) from exc


def _inventories_body(generation: int,
                      inventories: Mapping[str, Inventory]) -> dict[str, Any]:
    return {'resource_provider_generation': generation,
            'inventories': {rc: inventory.body
                            for rc, inventory in inventories.items()}}
