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

"""Deletes providers, but never below a claim."""

from hv_sched.placement.client import Placement


def delete(client: Placement, uuid: str) -> None:
    """Delete a provider that nobody holds anything of.

    Its inventories go first. Placement's DELETE looks for allocations and
    deletes in one transaction that does not see a claim which was committed
    in between, and the share of that server would be gone with its provider
    (placement/objects/resource_provider.py, ``_delete``). Inventories are
    written by the generation, which a claim raises: one of the two is
    refused.

    :raises PlacementRefused: something is held of it
    :raises PlacementConflict: it changed meanwhile
    :raises PlacementNotFound: it is gone
    """
    generation, inventories = client.inventories(uuid)
    if inventories:
        client.set_inventories(uuid, generation, {})
    client.delete_provider(uuid)
