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


"""Release escrow of servers and migrations that are over.

Escrow that is gone is gone for good, and with it the only record of what a
server had. So Nova has to deny its consumer twice, some time apart, while
every cell answers, and must have shown that it is this cloud's Nova.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence

from hv_sched import exception
from hv_sched.compute import proven
from hv_sched.compute.servers import Migration
from hv_sched.compute.servers import NovaRecords
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.parallel import in_parallel
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.observed import Listed
from hv_sched.recovery import escrow_state
from hv_sched.recovery.escrow_state import EscrowState
from hv_sched.recovery.escrow_state import Restored
from hv_sched.shares import escrow
from hv_sched.shares import quiescence

# How many other consumers of the volumes Nova is asked about at most, to
# learn whether it is only the escrow's that it does not know.
_SAMPLE = 200


class Releaser:
    """:param settle_seconds: how long Nova must deny a consumer
    :param sleep: called with that time
    """

    def __init__(self, client: Placement, servers: NovaRecords, workers: int,
                 settle_seconds: float, sleep: Callable[[float], None]
                 ) -> None:
        self._client = client
        self._servers = servers
        self._workers = workers
        self._settle_seconds = settle_seconds
        self._sleep = sleep

    def release(self, state: EscrowState, view: quiescence.NovaView,
                denied: Sequence[str], dry_run: bool, done: list[Restored]
                ) -> list[Notice]:
        """Release what Nova denies.

        :param denied: consumers that are neither servers nor open migrations
        :param done: what went, or would in a dry run, is added to it
        :returns: why others stay
        :raises PlacementError, NovaError: when they cannot be read
        """
        consumers = self._read(denied)
        # Nova leaves out the migrations of a cell that is down and says
        # nothing about it.
        if not consumers or not all(self._servers.computes().values()):
            return []
        try:
            self._require_proof(state, view, denied)
        except exception.NovaNotProven as exc:
            return [Notice('', 'escrow', Kind.SKIPPED,
                           f'{len(consumers)} consumers that Nova does not '
                           f'know keep their escrow: {exc}',
                           'nova-not-proven')]
        if dry_run:
            for consumer in consumers:
                done += escrow_state.released(consumer, state)
            return []
        self._sleep(self._settle_seconds)
        self._release_again_denied(state, consumers, done)
        return []

    def _read(self, uuids: Collection[str]) -> list[Consumer]:
        return [consumer for consumer in in_parallel(
            self._workers, self._client.consumer, uuids)
            if consumer is not None]

    def _release_again_denied(self, state: EscrowState,
                              consumers: Sequence[Consumer],
                              done: list[Restored]) -> None:
        # A server that Nova lists on a node is not gone, whatever it says of
        # its uuid.
        view = quiescence.read_view(
            self._servers,
            [node.uuid for node in self._nodes_of(state.used)],
            [consumer.uuid for consumer in consumers])
        for consumer in consumers:
            uuid = consumer.uuid
            if (uuid in view.servers or uuid in view.migrations
                    or self._is_missing(view.dead.get(uuid), state)):
                continue
            try:
                self._client.write_consumers(
                    [escrow.released(consumer, state.volumes)])
            except exception.PlacementConflict:
                continue  # it was not at rest; the next pass looks again
            done += escrow_state.released(consumer, state)

    def _is_missing(self, dead: Migration | None, state: EscrowState) -> bool:
        """Whether only a dead migration says what its server has."""
        if dead is None:
            return False
        return not escrow.shares_of(self._client.consumer(dead.server),
                                    state.volumes)

    def _require_proof(self, state: EscrowState, view: quiescence.NovaView,
                       denied: Collection[str]) -> None:
        """:raises NovaNotProven: Nova is not taken at its word"""
        proof = proven.prove(self._servers, [
            node.name for node in self._nodes_of(state.used)])
        if not proof.is_proven:
            raise exception.NovaNotProven(proof.reason)
        unknown = quiescence.unknown(denied, view)
        if len(unknown) <= proven.UNKNOWN_CONSUMERS:
            return
        unknown -= self._known_as_over(unknown)
        sample = state.neighbours[:_SAMPLE]
        sample_view = quiescence.read_view(self._servers, (), sample)
        proven.require_known(
            len(unknown) + len(quiescence.unknown(sample, sample_view)),
            len(state.consumers) + len(sample))

    def _known_as_over(self, uuids: Collection[str]) -> set[str]:
        """Deleted servers Nova remembers, and closed migrations."""
        ordered = sorted(uuids)
        deleted = {uuid for uuid, is_deleted in zip(ordered, in_parallel(
            self._workers, self._servers.was_server, ordered), strict=True)
            if is_deleted}
        return deleted | self._servers.closed_migrations(
            set(ordered) - deleted).keys()

    def _nodes_of(self, volumes: Collection[str]) -> list[Listed]:
        """The nodes that use volumes, by name."""
        members = in_parallel(
            self._workers, lambda volume: self._client.list_providers(
                member_of=ids.home_aggregate(volume),
                required=names.COMPUTE_NODE), volumes)
        nodes = {listed.uuid: listed for nodes in members for listed in nodes}
        return sorted(nodes.values(), key=lambda listed: listed.name)
