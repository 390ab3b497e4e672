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


"""The escrow that stands on volumes, and what becomes of it."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses

from hv_sched.parallel import in_parallel
from hv_sched.placement import names
from hv_sched.placement.client import Placement
from hv_sched.placement.consumers import Consumer
from hv_sched.shares import escrow


@dataclasses.dataclass(frozen=True, order=True)
class Restored:
    """A change that was made, or would be in a dry run.

    :param action: 'restored'; 'released' of a migration that is over, or of
        a volume that has the files no more; 'resized' to what the server
        needs now
    """

    consumer: str
    volume: str
    gb: int
    action: str


@dataclasses.dataclass(frozen=True)
class EscrowState:
    """What stands now.

    :param volumes: names by provider uuid
    :param consumers: those that hold escrow
    :param neighbours: those that hold shares beside it on the same volumes
    :param used: the volumes with escrow, by provider uuid
    """

    volumes: Mapping[str, str]
    consumers: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


def read(client: Placement, skips: Callable[[str], bool], workers: int
         ) -> EscrowState:
    """The escrow of all volumes, at a request for each that has some.

    :param skips: whether a volume, by its provider's name, is left alone
    :raises PlacementError: when Placement cannot be read
    """
    volumes_ = volumes(client, skips)
    if not volumes_:
        return EscrowState({})
    # The escrow never runs out, so every volume is in the answer.
    summaries = client.allocation_candidates(
        resources=f'{names.HELD_DISK_GB}:1',
        required=names.VOLUME)['provider_summaries']
    used = [uuid for uuid, summary in summaries.items() if uuid in volumes_
            and summary['resources'][names.HELD_DISK_GB]['used']]
    holding: set[str] = set()
    present: set[str] = set()
    for on_volume in in_parallel(workers, client.allocations_on, used):
        present |= on_volume.keys()
        holding |= {consumer for consumer, resources in on_volume.items()
                    if names.HELD_DISK_GB in resources}
    return EscrowState(volumes_, tuple(sorted(holding)),
                       tuple(sorted(present - holding)), tuple(used))


def volumes(client: Placement, skips: Callable[[str], bool]
            ) -> dict[str, str]:
    """The volumes that are not left alone, by provider uuid.

    :raises PlacementError: when Placement cannot be read
    """
    if names.VOLUME not in client.all_traits(associated=True):
        return {}
    return {listed.uuid: listed.name for listed in
            client.list_providers(required=names.VOLUME)
            if not skips(listed.name)}


def released(consumer: Consumer, state: EscrowState) -> list[Restored]:
    """What it means that a consumer's escrow goes."""
    return [Restored(consumer.uuid, state.volumes[volume], gb, 'released')
            for volume, gb in escrow.held_of(
                consumer, state.volumes).items()]
