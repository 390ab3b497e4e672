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
from hv_sched.placement import names
from hv_sched.query import from_nova
from hv_sched.requirements import keys


@dataclasses.dataclass(frozen=True)
class Compatibility:
    """An image, a flavor, or both together.

    :param nodes: names of the Hyper-V nodes that can run it
    :param hyperv_count: how many Hyper-V nodes there are
    :param others: names of other nodes that can
    :param secure_boot: the key by which Nova requires secure boot of hosts
        without Hyper-V, empty where it does not
    :param problems: why it cannot run, in words
    :param dropped: its properties that Nova does not pass to the scheduler
    """

    demands: requirements.Requirements
    nodes: tuple[str, ...]
    problems: tuple[str, ...]
    dropped: tuple[str, ...]
    hyperv_count: int = 0
    others: tuple[str, ...] = ()
    secure_boot: str = ''

    def lines(self) -> Iterator[str]:
        """What it asks, a line each."""
        for reason in self.demands.reasons:
            yield str(reason)
        if self.secure_boot:
            yield f'{capable_nodes.SECURE_BOOT}: {self.secure_boot}'
        if self.demands.gpu:
            yield from sorted(self.demands.gpu.traits)
            for name, amount in sorted(self.demands.gpu.resources.items()):
                yield f'{name}: {amount}'


def of(flavor: Mapping[str, Any], image: Mapping[str, Any],
       rules: requirements.Rules, nodes: capable_nodes.CapableNodes
       ) -> Compatibility:
    """Judge an image, a flavor or both; either may be empty.

    :raises PlacementError:
    """
    demands = requirements.of(flavor, image, rules)
    nova = capable_nodes.NovaDemands.of(
        from_nova.request(flavor, image), demands)
    capable = tuple(nodes.nodes(demands, nova))
    others = tuple(nodes.others(demands, nova))
    return Compatibility(
        demands, capable, tuple(_problems(
            demands, nova, bool(capable or others), nodes)),
        tuple(sorted(_dropped(image))), nodes.hyperv_count, others,
        _secure_boot(nova, flavor, image))


def _problems(demands: requirements.Requirements,
              nova: capable_nodes.NovaDemands, can_run: bool,
              nodes: capable_nodes.CapableNodes) -> Iterator[str]:
    yield from demands.contradictions
    if demands.contradictions or can_run:
        return
    if demands.hypervisor is requirements.Hypervisor.OTHER:
        yield from nodes.unknown(demands, nova)
    else:
        yield from (nodes.unknown(demands, nova)
                    or nodes.too_small(demands, nova)
                    or _unmarked(demands) or ['no node can run it'])


def _secure_boot(nova: capable_nodes.NovaDemands, flavor: Mapping[str, Any],
                 image: Mapping[str, Any]) -> str:
    if capable_nodes.SECURE_BOOT not in nova.required:
        return ''
    read = keys.Keys(flavor, image)
    asking = (read.setting(keys.FLAVOR, 'os:secure_boot'),
              read.setting(keys.IMAGE, 'os_secure_boot'))
    return next((str(setting) for setting in asking
                 if setting and setting.value == keys.REQUIRED), '')


def _unmarked(demands: requirements.Requirements) -> list[str]:
    """Why no Hyper-V node can run what may run elsewhere."""
    return [reason.text for reason in demands.reasons
            if reason.trait == f'!{names.HYPERV}' and reason.text]


def _dropped(image: Mapping[str, Any]) -> Iterator[str]:
    stamped = stamp.traits_of(image)
    for key in keys.dropped_by_nova():
        if image.get(key):
            yield f'{key} (stamped)' if stamped else key
