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

"""What RemoteFX can give of cards, worked out beside the product."""

from collections.abc import Iterable

from hv_sched.features import remotefx


def whole_mb(cards_mb: Iterable[int]) -> int:
    """The video memory of cards, of each in steps of the smallest adapter."""
    step_mb = remotefx.MIN_VRAM_MB
    return sum(card_mb // step_mb * step_mb for card_mb in cards_mb)
