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

"""What an audit finds: the codes, what each means, and one finding. Pure."""

from collections.abc import Mapping
import dataclasses
import enum

from hv_sched.audit.held import Held
from hv_sched.conf import choices


class Code(enum.Enum):
    """What can be wrong; the words are what scripts and options say."""

    MISSING = 'missing'
    LOST = 'lost'
    WRONG_NODE = 'wrong-node'
    CLOSED_NODE = 'closed-node'
    EVACUATED = 'evacuated'
    DOUBLED = 'doubled'
    WRONG_AMOUNT = 'wrong-amount'
    WRONG_VOLUME = 'wrong-volume'
    HELD = 'held'
    ORPHANED = 'orphaned'
    UNEXPLAINED = 'unexplained'
    MISSING_SOURCE = 'missing-source'
    STRANDED = 'stranded'
    OWNER_DIFFERS = 'owner-differs'


@dataclasses.dataclass(frozen=True)
class Meaning:
    """A line of the documentation.

    """

    cause: str
    remedy: str


MEANINGS: Mapping[Code, Meaning] = {
    Code.MISSING: Meaning(
        'the server has files on a volume and no share there, such as after '
        '``nova-manage placement audit --delete``',
        'the share is restored where the volume is certain'),
    Code.LOST: Meaning(
        'the server holds nothing at all: its allocations were deleted, such '
        'as to be able to delete a compute service',
        'the share is restored with processors and memory, where the flavor '
        'asks for nothing else'),
    Code.WRONG_NODE: Meaning(
        'processors and memory are allocated on another node than the '
        'server is on: a failover whose change of Placement failed, or a '
        'move that left them behind',
        'they follow the server; the share stays. Never where the source '
        'tells another owner node than Nova, and by the agent only where it '
        'tells the same'),
    Code.CLOSED_NODE: Meaning(
        "the share is on a node's own disk, which is closed",
        'it moves to the volume, where that is certain'),
    Code.EVACUATED: Meaning(
        "the server holds shares on several volumes, and Nova's migrations "
        'say which one has its files: it was evacuated to a node with another '
        'home, in its cluster or another, and its former node has cleaned up '
        'or is gone for good; or such an evacuation failed',
        'the share where it has no files is released; where Nova leaves the '
        'old disk for good, as in a Ceph pool, not until the source (``vms``) '
        'lists all its disks elsewhere'),
    Code.DOUBLED: Meaning(
        'the server holds shares on several volumes and has one copy',
        'all but the one the source proves (``vms``) are released'),
    Code.WRONG_AMOUNT: Meaning(
        'the share has another size than Nova allocates for the flavor',
        "it gets the flavor's size"),
    Code.WRONG_VOLUME: Meaning(
        'the source (``vms``) lists all files of the server on another '
        'volume', 'the share moves there'),
    Code.HELD: Meaning(
        'escrow that a failed move left',
        'it becomes the share again; of a migration that is over it is '
        'released'),
    Code.ORPHANED: Meaning(
        'Nova knows that this was one of its servers or migrations, and '
        'that it is over',
        'what it holds on the volumes and their nodes is released'),
    Code.UNEXPLAINED: Meaning(
        'Nova knows no such server or migration: perhaps long archived, '
        "perhaps never Nova's",
        'never touched unless named with ``--consumer``'),
    Code.MISSING_SOURCE: Meaning(
        'the server waits for its resize or cold migration to be confirmed, '
        'and the migration holds no share of the copy at its source: '
        '``nova-manage placement audit --delete`` takes it, too',
        "the migration's share is restored, in one write with the server's, "
        'where size and volume are certain: a migration that keeps the '
        'flavor, in a cluster with one volume'),
    Code.STRANDED: Meaning(
        'a migration that nothing in Nova ends any more holds a share while '
        'its server lives: the server was evacuated before its resize was '
        'confirmed, or a process died in the move',
        'what the migration holds on the volumes and their nodes is '
        "released, where the server's share is certain to be the copy it "
        'has'),
    Code.OWNER_DIFFERS: Meaning(
        'the cluster runs the server on another node than Nova has it on: a '
        'failover that nova-compute has not noticed, or not yet. The agent '
        'says so after ``[hv_sched]owner_differs_after`` seconds',
        'nothing: nova-compute writes the host of a server that failed over; '
        'restart it on both nodes when that does not happen'),
}
# The agent may be allowed to heal these.
SAFE = tuple(map(Code, choices.SAFE_AUDIT_CODES))


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong.

    :param consumer: the server's uuid, or the consumer's that is none
    :param location: name of the volume or node it is about, '' when unknown
    :param remedy: what heal would do, or why it does nothing
    :param after: what the consumer would hold, None when that is not known
    :param server: whose migration the consumer is, '' where it is none
    """

    code: Code = dataclasses.field(compare=False)
    consumer: str
    location: str
    gb: int
    evidence: str = dataclasses.field(compare=False)
    remedy: str = dataclasses.field(compare=False)
    after: Held | None = dataclasses.field(
        default=None, compare=False, repr=False)
    server: str = dataclasses.field(default='', compare=False)

    @property
    def subject(self) -> str:
        """The server it is about, else the consumer that is none."""
        return self.server or self.consumer

    @property
    def healable(self) -> bool:
        return self.after is not None


def identity(finding: Finding) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The code of a finding and the names of what it is about."""
    return (finding.code.value,), (finding.consumer, finding.location)
