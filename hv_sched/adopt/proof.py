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

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses

from hv_sched.adopt.plan import VolumePlan


@dataclasses.dataclass(frozen=True)
class Proof:
    """A volume's account, in GiB.

    before - merged - gone - left + arrived + changed = after, and nobody's
    share has another size than before or than its flavor says.

    :param before_gb: on the volume, and on the nodes bound for it
    :param merged_gb: counted on two nodes for one copy
    :param gone_gb: of consumers that no longer hold anything
    :param left_gb: still on a node
    :param arrived_gb: of consumers that held nothing before
    :param changed_gb: of servers that Nova resized, or reverted, meanwhile
    :param differing: consumers whose share has another size for no reason
    """

    volume: str
    before_gb: int
    merged_gb: int
    gone_gb: int
    left_gb: int
    arrived_gb: int
    changed_gb: int
    after_gb: int
    differing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        expected = (self.before_gb - self.merged_gb - self.gone_gb
                    - self.left_gb + self.arrived_gb + self.changed_gb)
        return not self.differing and expected == self.after_gb


def prove(plan: VolumePlan, after: Mapping[str, int],
          on_nodes: Mapping[str, int],
          needed: Callable[[str], int | None] = lambda consumer: None
          ) -> Proof:
    """Compare a volume with its plan.

    :param after: DISK_GB by consumer on the volume
    :param on_nodes: DISK_GB by consumer that is still on a node
    :param needed: the GB Nova says a server needs now, None when it does
        not say; asked for those alone whose share has another size
    """
    expected = plan.expected_gb()
    deleted = {consumer: amount for consumer, amount in expected.items()
               if consumer not in after and consumer not in on_nodes}
    remaining = {consumer: amount for consumer, amount in expected.items()
                 if consumer in on_nodes and consumer not in deleted}
    different = {consumer for consumer in expected.keys() & after.keys()
                 if consumer not in remaining
                 and after[consumer] != expected[consumer]}
    changed = {consumer for consumer in different
               if needed(consumer) == after[consumer]}
    # A share of which a part is still on a node is counted as left.
    left_gb = sum(amount - after.get(consumer, 0)
                  for consumer, amount in remaining.items())
    return Proof(
        plan.name, plan.before_gb, plan.merged_gb, sum(deleted.values()),
        left_gb,
        sum(amount for consumer, amount in after.items()
            if consumer not in expected),
        sum(after[consumer] - expected[consumer] for consumer in changed),
        sum(after.values()), tuple(sorted(different - changed)))


@dataclasses.dataclass(frozen=True)
class ReturnProof:
    """The account of a retire, in GiB of DISK_GB; escrow is not in it.

    before - gone - left = after, and no share has another size.

    :param gone_gb: of consumers that no longer hold anything
    :param left_gb: still on a volume
    :param differing: consumers whose share has another size on its node
    """

    before_gb: int
    gone_gb: int
    left_gb: int
    after_gb: int
    differing: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.differing and (
            self.before_gb - self.gone_gb - self.left_gb == self.after_gb)


def prove_return(before: Mapping[str, int], on_nodes: Mapping[str, int],
                 on_volumes: Mapping[str, int]) -> ReturnProof:
    """Compare what consumers held on volumes with what they have on nodes.

    :param before: DISK_GB by consumer, as the others
    """
    left = before.keys() & on_volumes.keys()
    gone = before.keys() - on_volumes.keys() - on_nodes.keys()
    returned = before.keys() - left - gone
    return ReturnProof(
        sum(before.values()), sum(before[consumer] for consumer in gone),
        sum(before[consumer] for consumer in left),
        sum(on_nodes[consumer] for consumer in returned),
        tuple(sorted(consumer for consumer in returned
                     if on_nodes[consumer] != before[consumer])))
