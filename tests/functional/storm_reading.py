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



"""What the observer of a storm reads of Placement."""

from hv_sched.demo import service
from hv_sched.placement import names
from tests.functional.storm_observer import NOTHING
from tests.functional.storm_observer import Offer


class PlacementReading:
    """What Placement offers, by its API."""

    def __init__(self, endpoint: str) -> None:
        self._adapter = service.client(endpoint)

    def __call__(self) -> tuple[dict[str, Offer] | None, bool]:
        """:returns: the offers; whether a volume was written meanwhile"""
        generations = self._generations()
        offers = self._offers()
        return offers, generations != self._generations()

    def _generations(self) -> dict[str, int]:
        answer = self._adapter.get(
            f'/resource_providers?required={names.VOLUME}',
            microversion='1.39', raise_exc=False)
        if answer.status_code != 200:
            return {}
        return {listed['uuid']: listed['generation']
                for listed in answer.json()['resource_providers']}

    def _offers(self) -> dict[str, Offer] | None:
        """What a new disk may take, by volume, in one request.

        None before anything is published.
        """
        answer = self._adapter.get(
            '/allocation_candidates?resources='
            f'{names.HELD_DISK_GB}:1&required={names.VOLUME}',
            microversion='1.39', raise_exc=False)
        if answer.status_code != 200:
            return None
        return {volume: _offer(summary) for volume, summary
                in answer.json()['provider_summaries'].items()
                if names.VOLUME in summary['traits']}


def _offer(summary) -> Offer:
    disk = summary['resources'].get('DISK_GB')
    if disk is None:
        return NOTHING
    return Offer(disk['capacity'], disk['used'],
                 names.NO_NEW_DISKS in summary['traits']
                 or names.SHARING not in summary['traits'])
