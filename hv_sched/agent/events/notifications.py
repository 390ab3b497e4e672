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

"""What a notification of Nova asks the agent to look at. Pure.

A notification is a hint and nothing else: whoever may write to the message
bus can forge it, and it may come late, twice or never. Only the uuid of a
server is taken from it, so the worst one costs a look at that server.

Names and payloads: "Versioned notifications" in Nova's reference. Nova sends
none of compute nodes; those of compute services stand for them.
"""

from collections.abc import Mapping
import dataclasses
import re
from typing import Any

SERVER_EVENTS = frozenset({
    'instance.live_migration_post.end',
    'instance.live_migration_post_dest.end',
    'instance.live_migration_rollback.end',
    'instance.live_migration_rollback_dest.end',
    'instance.live_migration_abort.end',
    'instance.live_migration_force_complete.end',
    'instance.evacuate',
    'instance.rebuild.end',
    'instance.rebuild.error',
    'instance.resize.end',
    'instance.resize.error',
    'instance.resize_finish.end',
    'instance.resize_confirm.end',
    'instance.resize_revert.end',
    'instance.unshelve.end',
    'instance.delete.end',
    'instance.soft_delete.end',
    # The host of a server that failed over, where
    # [notifications]notify_on_state_change is set.
    'instance.update',
})
SERVICE_EVENTS = frozenset({
    'service.create', 'service.update', 'service.delete'})
EVENTS = SERVER_EVENTS | SERVICE_EVENTS
_UUID = re.compile('[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}')
_COMPUTE = 'nova-compute'


@dataclasses.dataclass(frozen=True)
class Hint:
    """:param server: uuid of a server to look at, '' for none
    :param syncs: whether something changed that a sync reads
    """

    server: str = ''
    syncs: bool = False


def hint(event_type: Any, payload: Any) -> Hint | None:
    """What a notification means; None when it is none of ours.

    :param event_type: whatever came as such
    :param payload: whatever came as such
    """
    # Another type than text may have no hash.
    if not isinstance(event_type, str) or event_type not in EVENTS:
        return None
    data = payload.get('nova_object.data') if isinstance(
        payload, Mapping) else None
    if not isinstance(data, Mapping):
        return None
    if event_type in SERVICE_EVENTS:
        return Hint(syncs=True) if data.get('binary') == _COMPUTE else None
    uuid = data.get('uuid')
    if not isinstance(uuid, str) or not _UUID.fullmatch(uuid):
        return None
    return None if _is_under_way(data) else Hint(uuid)


def _is_under_way(data: Mapping[str, Any]) -> bool:
    """Whether the server is said to be in the middle of something.

    Another notification follows when that ends.
    """
    states = data.get('state_update')
    states = states.get('nova_object.data') if isinstance(
        states, Mapping) else None
    return isinstance(states, Mapping) and bool(states.get('new_task_state'))
