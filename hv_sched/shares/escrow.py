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


"""What a server and its migration hold while the server moves. Pure.

One copy on disk is one share. Nova gives what a server held to its migration
and claims a full new set for the server, so a volume whose files stay would
be charged twice. Instead the server gets the share back and the migration
keeps escrow of the same size: whatever fails later, Nova gives the
migration's allocations to the server again, and the escrow says which volume
and how much to restore.
"""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses

from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer

# Amounts in GB by the uuid of the volume's provider.
Amounts = Mapping[str, int]
_OURS = (names.DISK_GB, names.HELD_DISK_GB)


def shares_of(consumer: Consumer | None, volumes: Collection[str]
              ) -> dict[str, int]:
    """What a consumer holds on volumes; escrow counts as the share.

    A share and its escrow on one volume are one copy, counted once.
    """
    if consumer is None:
        return {}
    amounts = {volume: max(consumer.amount(volume, rc) for rc in _OURS)
               for volume in consumer.held if volume in volumes}
    return {volume: amount for volume, amount in amounts.items() if amount}


def held_of(consumer: Consumer | None, volumes: Collection[str]
            ) -> dict[str, int]:
    """Escrow a consumer holds on volumes."""
    if consumer is None:
        return {}
    return {volume: consumer.amount(volume, names.HELD_DISK_GB)
            for volume in consumer.held if volume in volumes
            and consumer.amount(volume, names.HELD_DISK_GB)}


def copies(server: Consumer | None, migration: Consumer | None,
           volumes: Collection[str]) -> dict[str, int]:
    """The shares of the files a moving server has now.

    They are the migration's: what the server holds on other volumes was
    charged by an earlier attempt of the same move that failed. An evacuated
    server keeps its own, so there is no migration to ask.
    """
    return shares_of(server if migration is None else migration, volumes)


def kept(server: Consumer | None, migration: Consumer,
         volumes: Collection[str], at_least_gb: int = 0, restore: bool = True
         ) -> tuple[Consumer, Consumer] | None:
    """The server and its migration while the files stay where they are.

    :param server: None when it holds nothing; the result then has no uuid
    :param at_least_gb: what a resize needs
    :param restore: escrow of an earlier failure becomes a share again; it
        stays escrow when the room for it is gone
    :returns: None when there is no share that could be kept
    """
    amounts_gb = copies(server, migration, volumes)
    if not amounts_gb:
        return None
    still_held = {} if restore else {
        volume: amount for volume, amount in amounts_gb.items()
        if _is_only_held(server, migration, volume)}
    shares = {volume: max(amount, at_least_gb)
              for volume, amount in amounts_gb.items()
              if volume not in still_held}
    return (_with(server or _new_server(migration), volumes, shares,
                  still_held),
            _with(migration, volumes, {}, amounts_gb))


def moved(server: Consumer | None, migration: Consumer,
          volumes: Collection[str], restore: bool = True) -> list[Consumer]:
    """What to write before Nova claims a second disk, as the files go along.

    Takes back a hand-over of an earlier attempt and releases what another
    attempt charged.

    :param restore: escrow of an earlier failure becomes a share again, since
        the old files stay until the move is over; it stays escrow when the
        room for it is gone
    :returns: consumers; none where Nova leaves both as they must be
    """
    amounts_gb = copies(server, migration, volumes)
    held = {} if restore else {
        volume: amount for volume, amount in amounts_gb.items()
        if _is_only_held(server, migration, volume)}
    # A resize may have given the server more than the files have.
    shares = {volume: amount for volume, amount in amounts_gb.items()
              if volume not in held}
    after = [_with(migration, volumes, shares, held)]
    if server is not None:
        after.append(_with(server, volumes, {}, {}))
    return [consumer for consumer in after
            if consumer not in (server, migration)]


def restored(server: Consumer, volumes: Collection[str]) -> Consumer:
    """A server whose escrow is a share again."""
    return _with(server, volumes, shares_of(server, volumes), {})


def released(consumer: Consumer, volumes: Collection[str]) -> Consumer:
    """A closed migration without its escrow; its other parts stay."""
    return _with(consumer, volumes,
                 {volume: consumer.amount(volume, names.DISK_GB)
                  for volume in consumer.held if volume in volumes}, {})


def needed_gb(before: Consumer, after: Consumer) -> dict[str, int]:
    """Room that a change takes of each provider, where it takes any."""
    needed = {provider: after.amount(provider, names.DISK_GB)
              - before.amount(provider, names.DISK_GB)
              for provider in after.held}
    return {provider: gb for provider, gb in needed.items() if gb > 0}


def _is_only_held(server: Consumer | None, migration: Consumer,
                  volume: str) -> bool:
    return not any(consumer and consumer.amount(volume, names.DISK_GB)
                   for consumer in (server, migration))


def _new_server(migration: Consumer) -> Consumer:
    """The server as a consumer, which Placement forgot when it was empty."""
    kind = 'INSTANCE' if migration.consumer_type == 'MIGRATION' else (
        migration.consumer_type)
    return dataclasses.replace(migration, uuid='', generation=None, held={},
                               consumer_type=kind)


def _with(consumer: Consumer, volumes: Collection[str], shares: Amounts,
          held: Amounts) -> Consumer:
    """A consumer with exactly these shares and escrow on the volumes."""
    after: dict[str, dict[str, int]] = {
        provider: {rc: amount for rc, amount in resources.items()
                   if provider not in volumes or rc not in _OURS}
        for provider, resources in consumer.held.items()}
    for amounts, rc in ((shares, names.DISK_GB), (held, names.HELD_DISK_GB)):
        for volume, amount in amounts.items():
            if amount:
                after.setdefault(volume, {})[rc] = amount
    return dataclasses.replace(consumer, held={
        provider: resources for provider, resources in after.items()
        if resources})
