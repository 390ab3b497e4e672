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

"""The full look and the quick look at one cloud, to be compared."""
"""Hosts as nova-scheduler gives them to filters and weighers."""

from collections.abc import Iterable
from typing import Any

from nova.scheduler import host_manager


def host_state(number: int, volumes: Iterable[str], size_gb: int) -> Any:
    """Host hvN, provider nN, with a candidate on each volume.

    :param volumes: the ids of the providers that the disk may come from
    :param size_gb: of the disk
    """
    name = f'hv{number}'
    state = host_manager.HostState(name, name, 'cell')
    state.uuid, state.num_instances, state.aggregates = f'n{number}', 0, []
    state.allocation_candidates = [
        {'allocations': {volume: {'resources': {'DISK_GB': size_gb}}}}
        for volume in volumes]
    return state
