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

"""What is said of one image or flavor. Pure but for what Capable asks."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import Any

from hv_sched import requirements
from hv_sched.compatibility import capable_nodes
from hv_sched.compatibility import stamp
from hv_sched.requirements import keys


@dataclasses.dataclass(frozen=True)
class Verdict:
    """An image, a flavor, or both together.

    :param nodes: names of the Hyper-V nodes that can run it
    :param problems: why it cannot run, in words
    :param dropped: its properties that Nova does not pass to the scheduler
    """

    asked: requirements.Requirements
    nodes: tuple[str, ...]
    problems: tuple[str, ...]
    dropped: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """What it asks, a line each."""
        for reason in self.asked.reasons:
            yield str(reason)
        if self.asked.gpu:
            yield from sorted(self.asked.gpu.traits)
            for name, amount in sorted(self.asked.gpu.resources.items()):
                yield f'{name}: {amount}'


def of(flavor: Mapping[str, Any], image: Mapping[str, Any],
       rules: requirements.Rules, nodes: capable_nodes.Capable) -> Verdict:
    """Judge an image, a flavor or both; either may be empty.

    :raises PlacementError:
    """
    asked = requirements.of(flavor, image, rules)
    found = tuple(nodes.nodes(asked))
    return Verdict(
        asked, found, tuple(_problems(asked, found, nodes)),
        tuple(sorted(_dropped(image))))


def _problems(asked: requirements.Requirements, found: tuple[str, ...],
              nodes: capable_nodes.Capable) -> Iterator[str]:
    yield from asked.contradictions
    if asked.contradictions or found:
        return
    if asked.hypervisor is requirements.Hypervisor.HYPERV:
        yield from nodes.unknown(asked) or ['no node can run it']


def _dropped(image: Mapping[str, Any]) -> Iterator[str]:
    stamped = stamp.traits_of(image)
    for key in keys.dropped_by_nova():
        if image.get(key):
            yield f'{key} (stamped)' if stamped else key
