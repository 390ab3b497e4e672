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


"""The hand-over that a move's request filter planned, not yet written.

SharedVolumeFilter writes it once it knows that hosts remain: a move that
ends as "No valid host" before that has changed nothing.
"""

import dataclasses

from hv_sched.placement.consumers import Consumer


@dataclasses.dataclass(frozen=True)
class PendingMove:
    """What is to be written before Nova claims the destination.

    :param server: its consumer uuid
    :param migration: uuid of the migration's consumer; None for an
        evacuation, whose server keeps its own
    :param volumes: provider uuids of all volumes
    :param kept_on: those the server's disk stays on
    :param at_least_gb: the disk size a resize needs, in GB
    :param one_host: no alternates, since Nova would claim those without
        asking the scheduler
    :param one_build: the query forbids no older Windows build, since all
        nodes of the snapshot have the same
    :param planned_for: the server's and the migration's consumer as they
        were read for the plan; their generations tell whether they still
        are so, since no migration's consumer is made twice
    """

    server: str
    migration: str | None
    volumes: frozenset[str]
    kept_on: frozenset[str]
    at_least_gb: int = 0
    one_host: bool = False
    one_build: bool = False
    planned_for: tuple[Consumer | None, Consumer | None] | None = None
