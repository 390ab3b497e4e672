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

"""Consumers that hold disk and are no server Nova has now.

Nova keeps deleted servers until they are archived and the migrations of
servers that live; whatever else holds something may be anybody's, and only
what is proved to have been Nova's is called an orphan.
"""

from collections.abc import Collection

from hv_sched.audit.context import AuditContext
from hv_sched.audit.findings import Code
from hv_sched.audit.findings import Finding
from hv_sched.audit.held import Held
from hv_sched.compute import proven
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import NovaRecords
from hv_sched.compute.servers import OPEN_STATUSES
from hv_sched.parallel import in_parallel
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.consumers import UNTYPED

DISK = (names.DISK_GB, names.HELD_DISK_GB)
_SERVER_TYPES = ('INSTANCE', 'MIGRATION')


class Orphans:
    """To be asked only while every cell answers.

    :ivar server_of: the server of each consumer that was a migration
    """

    def __init__(self, client: Placement, cloud: NovaRecords,
                 context: AuditContext, workers: int) -> None:
        self._client = client
        self._cloud = cloud
        self._context = context
        self._workers = workers
        self.server_of: dict[str, str] = {}

    def gone(self, consumers: Collection[str], checked: int | None = None
             ) -> list[Finding]:
        """What consumers are that Nova does not find as servers.

        :param checked: how many consumers Nova was asked about in all; None
            when it is known to be right about them
        :raises NovaNotProven: Nova does not know too many of them
        :raises PlacementError, NovaError: when they cannot be read
        """
        uuids = sorted(consumers)
        if not uuids:
            return []
        deleted = {uuid for uuid, was in zip(uuids, in_parallel(
            self._workers, self._cloud.was_server, uuids), strict=True)
            if was}
        migrations = self._cloud.closed_migrations(set(uuids) - deleted)
        if checked is not None:
            proven.require_known(
                len(set(uuids) - deleted - migrations.keys()), checked)
        self.server_of.update({uuid: migration.server for uuid, migration
                               in migrations.items()})
        # One that is open began after the open ones were read.
        over = [uuid for uuid in uuids if uuid not in migrations
                or migrations[uuid].status not in OPEN_STATUSES]
        return [_finding(consumer, uuid in deleted, migrations.get(uuid),
                         self._context)
                for uuid, consumer in zip(over, in_parallel(
                    self._workers, self._client.consumer, over), strict=True)
                if consumer is not None]


def _finding(consumer: Consumer, deleted: bool,
             migration: Migration | None, context: AuditContext) -> Finding:
    evidence = _evidence(consumer, deleted, migration)
    amounts = {provider: max(resources.get(rc, 0) for rc in DISK)
               for provider, resources in consumer.held.items()
               if provider in context.volumes or provider in context.nodes}
    provider, gb = max(amounts.items(), key=lambda item: (item[1], item[0]))
    if evidence is not None:
        return Finding(
            Code.ORPHANED, consumer.uuid, context.title(provider), gb,
            evidence, 'release all it holds on the clusters',
            released(consumer, context))
    if consumer.consumer_type != UNTYPED:
        return Finding(
            Code.UNEXPLAINED, consumer.uuid, context.title(provider), gb,
            f'a consumer of type {consumer.consumer_type}',
            "nothing: it is not Nova's")
    return Finding(
        Code.UNEXPLAINED, consumer.uuid, context.title(provider), gb,
        'Nova knows no such server or migration',
        f'nothing, unless named with --consumer {consumer.uuid}',
        released(consumer, context))


def _evidence(consumer: Consumer, deleted: bool,
              migration: Migration | None) -> str | None:
    """What proves that a consumer was Nova's; None when nothing does."""
    if deleted:
        return 'a server that is deleted'
    if migration is not None:
        return f'migration of server {migration.server}, {migration.status}'
    if consumer.consumer_type in _SERVER_TYPES:
        return (f'{consumer.consumer_type.lower()} to Placement, and not in '
                'Nova')
    if any(names.HELD_DISK_GB in resources
           for resources in consumer.held.values()):
        return 'only servers and migrations hold escrow, and it is over'
    return None


def released(consumer: Consumer, context: AuditContext) -> Held:
    """What it still holds once the clusters are rid of it."""
    return {provider: resources
            for provider, resources in consumer.held.items()
            if provider not in context.volumes
            and provider not in context.nodes}
