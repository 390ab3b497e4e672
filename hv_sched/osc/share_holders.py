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

"""Who holds what on a volume: servers by name, migrations told apart."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any

from cliff import columns

from hv_sched import exception
from hv_sched import printable
from hv_sched.compute import nova as nova_servers
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import ServerLabel


@dataclasses.dataclass(frozen=True)
class Holder:
    """A consumer of a volume.

    :param kind: server, migration, or unknown where Nova has neither; None
        where Nova did not tell
    :param name: the server's; of a migration that of its server
    :param node: where the server is, or the migration comes from
    """

    uuid: str
    kind: str | None
    name: str
    node: str
    share_gb: int
    held_gb: int


@dataclasses.dataclass(frozen=True)
class Holders:
    """:param failure: why Nova returned no names; empty when it did"""

    rows: tuple[Holder, ...]
    failure: str = ''


def read(nova: nova_servers.NovaServers, shares_gb: Mapping[str, int],
         held_gb: Mapping[str, int]) -> Holders:
    """Who the consumers of a volume are; Nova is asked only if there are any.
    """
    consumers = shares_gb.keys() | held_gb.keys()
    if not consumers:
        return Holders(())
    try:
        migrations = nova.open_migrations()
        moving = {migration.server for uuid, migration in migrations.items()
                  if uuid in consumers}
        labels = nova.labels(consumers | moving)
        failure = ''
    except exception.HvSchedError as exc:
        migrations, labels, failure = {}, {}, exception.told(exc)
    rows = (_holder(uuid, migrations.get(uuid), labels,
                    shares_gb.get(uuid, 0), held_gb.get(uuid, 0))
            for uuid in consumers)
    if failure:
        rows = (dataclasses.replace(holder, kind=None) for holder in rows)
    return Holders(tuple(sorted(rows, key=lambda holder: (
        holder.kind != 'server', holder.name, holder.uuid))), failure)


def _holder(uuid: str, migration: Migration | None,
            labels: Mapping[str, ServerLabel], share_gb: int, held_gb: int
            ) -> Holder:
    if migration is not None:
        label = labels.get(migration.server)
        return Holder(uuid, 'migration', label.name if label else
                      migration.server, migration.source_node or '',
                      share_gb, held_gb)
    label = labels.get(uuid)
    if label is None:
        return Holder(uuid, 'unknown', '', '', share_gb, held_gb)
    return Holder(uuid, 'server', label.name, label.node or '', share_gb,
                  held_gb)


class HoldersColumn(columns.FormattableColumn):  # type: ignore[type-arg]
    """A line a holder, or a JSON array of objects."""

    def human_readable(self) -> str:
        return '\n'.join(printable.text(_line(holder))
                         for holder in self._value)

    def machine_readable(self) -> Any:
        return _data(self._value)


def _data(holders: Iterable[Holder]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(holder) for holder in holders]


def _line(holder: Holder) -> str:
    """``40 GB: web01 on hv03 (uuid)``."""
    amounts = [f'{holder.share_gb} GB'] if holder.share_gb else []
    amounts += [f'{holder.held_gb} GB held'] if holder.held_gb else []
    names = {'migration': f'migration of {holder.name}',
             'unknown': 'unknown consumer',
             None: 'consumer, not read from Nova',
             }.get(holder.kind, holder.name)
    place = f' on {holder.node}' if holder.node else ''
    return f'{", ".join(amounts)}: {names}{place} ({holder.uuid})'
