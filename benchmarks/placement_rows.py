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


"""Rows of Placement's database, written past its API.

Only for what Nova and not hv_sched would have written there: ten thousand
compute nodes, or a hundred thousand servers, take hours by the API.
"""

import collections.abc
import contextlib
import dataclasses
import itertools

import os_traits
import sqlalchemy
from sqlalchemy import sql

from doc import imagined_placement
from hv_sched import model
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.consumers import INSTANCE
from hv_sched.placement.inventory import Inventory
from hv_sched.placement.observed import Provider
from hv_sched.providers.settings import Settings

# As many as a compute node of Nova's has of its own.
NODE_TRAITS = ('COMPUTE_NODE', *sorted(
    trait for trait in os_traits.get_traits('COMPUTE_')
    if trait != 'COMPUTE_NODE')[:20])
NODE_DISK_GB = 4096
NODE_INVENTORIES = {
    'VCPU': Inventory(64, max_unit=64, allocation_ratio=4.0),
    'MEMORY_MB': Inventory(262144, reserved=512, max_unit=262144),
    names.DISK_GB: Inventory(NODE_DISK_GB, max_unit=NODE_DISK_GB)}
# Children first.
_TABLES = ('allocations', 'consumers', 'resource_provider_traits',
           'resource_provider_aggregates', 'placement_aggregates',
           'inventories', 'resource_providers')
_CUSTOM = "name LIKE 'CUSTOM\\_%'"
_ROWS = 1000  # of one statement

Row = dict[str, object]


def stock(facts: model.Facts) -> list[Provider]:
    """The nodes of a source, as their nova-computes report them."""
    return [_as_reported(provider) for cluster in facts.clusters
            for provider in _imagined(cluster).providers.values()]


def published(facts: model.Facts, settings: Settings | None = None
              ) -> list[Provider]:
    """The same with what a first sync has made of them."""
    providers = []
    for cluster in facts.clusters:
        stands = _imagined(cluster, settings)
        stands.sync(model.Facts((cluster,)))
        providers += [provider if provider.name.startswith(
            names.VOLUME_NAME_PREFIX) else _as_reported(provider)
            for provider in stands.providers.values()]
    return providers


def _imagined(cluster: model.Cluster, settings: Settings | None = None
              ) -> imagined_placement.ImaginedPlacement:
    return imagined_placement.ImaginedPlacement(
        (node.name for node in cluster.nodes), NODE_DISK_GB, settings)


def _as_reported(node: Provider) -> Provider:
    return dataclasses.replace(
        node, traits=node.traits.union(NODE_TRAITS),
        inventories={**NODE_INVENTORIES, **node.inventories})


def known_traits(providers: collections.abc.Iterable[Provider]) -> set[str]:
    """Names that a sync makes and nobody has yet."""
    return {names.NO_NEW_DISKS, names.PAUSED, *(
        names.cut_off_trait(provider.uuid) for provider in providers
        if names.VOLUME in provider.traits)}


class Database:
    """:param url: SQLAlchemy's, of a database that Placement has set up"""

    def __init__(self, url: str) -> None:
        self._engine = sqlalchemy.create_engine(url)

    def close(self) -> None:
        self._engine.dispose()

    def empty(self) -> None:
        """Forget all but the standard traits and classes."""
        with self._changing() as connection:
            # Each points to itself, at least.
            connection.execute(sql.text(
                'UPDATE resource_providers SET root_provider_id = NULL, '
                'parent_provider_id = NULL'))
            for table in _TABLES:
                connection.execute(sql.text(f'DELETE FROM {table}'))
            for table in ('traits', 'resource_classes'):
                connection.execute(sql.text(
                    f'DELETE FROM {table} WHERE {_CUSTOM}'))

    def add(self, providers: collections.abc.Collection[Provider],
            names_known: collections.abc.Iterable[str] = ()) -> None:
        """Root providers with all they have, but allocations.

        :param names_known: traits that nobody has
        """
        self.insert('resource_providers', (
            {'uuid': provider.uuid, 'name': provider.name,
             'generation': provider.generation} for provider in providers))
        with self._changing() as connection:
            connection.execute(sql.text(
                'UPDATE resource_providers SET root_provider_id = id '
                'WHERE root_provider_id IS NULL'))
        numbers = self.ids('resource_providers', 'uuid')
        classes = self._named('resource_classes', (
            rc for provider in providers for rc in provider.inventories))
        traits = self._named('traits', (
            *names_known, *(trait for provider in providers
                            for trait in provider.traits)))
        aggregates = self._named('placement_aggregates', (
            aggregate for provider in providers
            for aggregate in provider.aggregates), 'uuid')
        self.insert('inventories', (
            {'resource_provider_id': numbers[provider.uuid],
             'resource_class_id': classes[rc], **inventory.body}
            for provider in providers
            for rc, inventory in provider.inventories.items()))
        self.insert('resource_provider_traits', (
            {'resource_provider_id': numbers[provider.uuid],
             'trait_id': traits[trait]}
            for provider in providers for trait in provider.traits))
        self.insert('resource_provider_aggregates', (
            {'resource_provider_id': numbers[provider.uuid],
             'aggregate_id': aggregates[aggregate]}
            for provider in providers for aggregate in provider.aggregates))

    def add_consumers(self, consumers: collections.abc.Iterable[Consumer]
                      ) -> None:
        """Servers with what they hold; as many at a time as one statement
        has rows.
        """
        providers = self.ids('resource_providers', 'uuid')
        classes = self.ids('resource_classes')
        project, user, server = (self._named(table, [name], column)[name]
                                 for table, name, column in (
            ('projects', 'p', 'external_id'), ('users', 'u', 'external_id'),
            ('consumer_types', INSTANCE, 'name')))
        todo = iter(consumers)
        while batch := list(itertools.islice(todo, _ROWS)):
            self.insert('consumers', (
                {'uuid': consumer.uuid, 'project_id': project,
                 'user_id': user, 'generation': 1,
                 'consumer_type_id': server} for consumer in batch))
            self.insert('allocations', (
                {'resource_provider_id': providers[provider],
                 'consumer_id': consumer.uuid,
                 'resource_class_id': classes[rc], 'used': amount}
                for consumer in batch
                for provider, resources in consumer.held.items()
                for rc, amount in resources.items()))

    def _named(self, table: str, names: collections.abc.Iterable[str],
               column: str = 'name') -> dict[str, int]:
        """The numbers of names, made where they are new."""
        known = self.ids(table, column)
        self.insert(table, ({column: name}
                            for name in sorted(set(names) - known.keys())))
        return self.ids(table, column)

    def insert(self, table: str, rows: collections.abc.Iterable[Row]) -> None:
        """Rows of the same columns."""
        todo = list(rows)
        if not todo:
            return
        statement = sql.text(
            f'INSERT INTO {table} (created_at, updated_at, '
            f'{", ".join(todo[0])}) VALUES (UTC_TIMESTAMP(), '
            f'UTC_TIMESTAMP(), {", ".join(f":{name}" for name in todo[0])})')
        with self._changing() as connection:
            for start in range(0, len(todo), _ROWS):
                connection.execute(statement, todo[start:start + _ROWS])

    def ids(self, table: str, column: str = 'name') -> dict[str, int]:
        """Numbers of rows by their name."""
        with self._engine.connect() as connection:
            return {name: number for name, number in connection.execute(
                sql.text(f'SELECT {column}, id FROM {table}'))}

    def analyze(self) -> None:
        """Count the rows, as a database does by itself in time."""
        with self._changing() as connection:
            for table in _TABLES:
                connection.execute(sql.text(f'ANALYZE TABLE {table}'))

    @contextlib.contextmanager
    def _changing(self) -> collections.abc.Iterator[
            sqlalchemy.engine.Connection]:
        with self._engine.begin() as connection:
            yield connection
