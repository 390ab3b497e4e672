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

"""Which volume is the better one for a request."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses

from nova import objects
import nova.conf

from hv_sched import conf
from hv_sched.filters import candidates
from hv_sched.filters import group_shares
from hv_sched.request_filters import request_state
from hv_sched.request_filters.request_state import EarlierPicks
from hv_sched.snapshot import volumes

CONF = nova.conf.CONF
conf.register_opts(CONF)

# Worth of a volume for a server's image, see image_worth().
_HAS_IT, _WILL_FETCH_ONCE, _WILL_FETCH_AGAIN = 1.0, 0.0, -1.0


@dataclasses.dataclass(frozen=True)
class Preference:
    """What counts for the servers of one request."""

    snapshot: volumes.Snapshot
    earlier_picks: EarlierPicks
    keeps_apart: bool
    members: Mapping[str, int] | None
    image_id: str | None

    def room_gb(self, volume: volumes.VolumeState) -> int:
        """Room left by other servers and by this request's earlier ones."""
        return volume.room_gb - self.earlier_picks.taken_gb[volume.uuid]

    def members_on(self, volume: volumes.VolumeState) -> int:
        """Members of the server group there, this request's included.

        0 for a request whose servers need not keep apart.
        """
        if self.members is None:
            return 0
        return (self.members.get(volume.uuid, 0)
                + self.earlier_picks.servers[volume.uuid])

    def image_worth(self, host: str, volume: volumes.VolumeState) -> float:
        """Higher means less fetching of the image; 0 is no difference.

        A volume that holds it is best. While it holds it not, the first node
        that gets a server fetches it for the volume; a second node at the
        same time would fetch it again.
        """
        if self.image_id is None:
            return 0.0
        if volume.has_image(self.image_id):
            return _HAS_IT
        first = self.earlier_picks.first_host.get(volume.uuid)
        return _WILL_FETCH_ONCE if first in (None, host) else (
            _WILL_FETCH_AGAIN)

    def order(self, host: str,
              host_candidates: list[candidates.Candidate]) -> None:
        """Sort a host's candidates, the best first: Nova claims that."""
        host_candidates.sort(key=lambda candidate: self._rank(host, candidate))

    def _rank(self, host: str,
              candidate: candidates.Candidate) -> tuple[float, ...]:
        disk = candidates.disk_of(candidate)
        volume = self.snapshot.volumes.get(disk.provider) if disk else None
        if disk is None or volume is None:
            return (0, 0, 0, 0, 0)
        options = CONF.hv_sched
        room_gb = self.room_gb(volume)
        by_room = {'spread': -1, 'pack': 1, 'placement': 0}
        return (
            room_gb < disk.size_gb,
            _sign(options.low_space_weight_multiplier) * volume.is_low,
            _sign(options.shared_volume_anti_affinity_weight_multiplier)
            * self.members_on(volume),
            -_sign(options.image_cache_weight_multiplier)
            * self.image_worth(host, volume),
            by_room[options.volume_policy] * room_gb)


def of(request_spec: objects.RequestSpec,
       snapshot: volumes.Snapshot) -> Preference:
    """What counts for a request."""
    image = request_spec.image if 'image' in request_spec else None
    from_volume = 'is_bfv' in request_spec and request_spec.is_bfv
    return Preference(
        snapshot=snapshot,
        earlier_picks=request_state.of(request_spec).earlier_picks,
        keeps_apart=group_shares.keeps_apart(request_spec),
        members=_members(request_spec),
        image_id=(image.id if image and 'id' in image and image.id
                  and not from_volume else None))


def _members(request_spec: objects.RequestSpec) -> Mapping[str, int] | None:
    if (not CONF.hv_sched.shared_volume_anti_affinity_weight_multiplier
            or not group_shares.keeps_apart(request_spec)):
        return None
    return group_shares.members_by_provider(request_spec)


def _sign(multiplier: float) -> int:
    return (multiplier > 0) - (multiplier < 0)
