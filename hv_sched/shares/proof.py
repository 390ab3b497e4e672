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


"""The proof at the end: nothing was lost on the way. Pure."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from hv_sched.shares.adopt_plan import VolumePlan


@dataclasses.dataclass(frozen=True)
class Proof:
    """A volume's account, in GiB.

    before - merged - gone - left + arrived = after, and nobody's share has
    another size than before.

    :param before_gb: on the volume, and on the nodes bound for it
    :param merged_gb: counted on two nodes for one copy
    :param gone_gb: of consumers that no longer hold anything
    :param left_gb: still on a node
    :param arrived_gb: of consumers that held nothing before
    :param differing: consumers whose share has another size now
    """

    volume: str
    before_gb: int
    merged_gb: int
    gone_gb: int
    left_gb: int
    arrived_gb: int
    after_gb: int
    differing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        expected = (self.before_gb - self.merged_gb - self.gone_gb
                    - self.left_gb + self.arrived_gb)
        return not self.differing and expected == self.after_gb


def prove(plan: VolumePlan, after: Mapping[str, int],
          on_nodes: Mapping[str, int], elsewhere: Sequence[str] = ()
          ) -> Proof:
    """Compare a volume with its plan.

    :param after: DISK_GB by consumer on the volume
    :param on_nodes: DISK_GB by consumer that is still on a node
    :param elsewhere: consumers Nova moved to other providers meanwhile
    """
    expected = plan.expected_gb()
    gone = {consumer: amount for consumer, amount in expected.items()
            if consumer not in after and consumer not in on_nodes}
    left = {consumer: amount for consumer, amount in expected.items()
            if consumer in on_nodes and consumer not in gone}
    both = expected.keys() & after.keys()
    # A share of which a part is still on a node is counted as left.
    left_gb = sum(amount - after.get(consumer, 0)
                  for consumer, amount in left.items())
    return Proof(
        plan.name, plan.before_gb, plan.merged_gb, sum(gone.values()),
        left_gb,
        sum(amount for consumer, amount in after.items()
            if consumer not in expected),
        sum(after.values()),
        tuple(sorted(c for c in both if c not in left
                     and after[c] != expected[c] and c not in elsewhere)))
