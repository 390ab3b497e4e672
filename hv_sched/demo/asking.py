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

"""What the demo asks of the nodes' features, and who can answer.

The asks are made of flavor and image as the request filters make them, and
answered by Placement; what the source says of each node is the check.
"""

from collections.abc import Callable
import dataclasses
from typing import Any

from keystoneauth1 import adapter
import os_resource_classes as orc

from hv_sched import model
from hv_sched import requirements
from hv_sched.demo import nodes

DISK_GB = 50


@dataclasses.dataclass(frozen=True)
class Wish:
    """A server somebody wants.

    :param fits: what must be so of a node, told from the source alone
    """

    title: str
    flavor: dict[str, Any]
    image: dict[str, str]
    fits: Callable[[model.Node], bool]


WISHES = (
    Wish('a shielded server', {'vcpus': 1, 'ram_mb': 2048},
         {'hw_machine_type': 'hyperv-gen2', 'os_type': 'windows',
          'os_secure_boot': 'required', 'os_vtpm': 'required',
          'os_shielded_vm': 'required'},
         lambda node: bool(node.guarded_host)),
    Wish('a server with RemoteFX', {
        'vcpus': 1, 'ram_mb': 2048, 'extra_specs': {
            'os:resolution': '1920x1200', 'os:monitors': '2',
            'os:vram': '512'}},
         {'hw_machine_type': 'hyperv-gen1', 'os_type': 'windows'},
         lambda node: bool(node.remotefx_enabled and node.gpus)),
)


@dataclasses.dataclass(frozen=True)
class Answer:
    """:param why_not: reason by node, for those that are out"""

    wish: Wish
    nodes: tuple[str, ...]
    why_not: dict[str, str]


def ask(placement: adapter.Adapter, wish: Wish) -> Answer:
    """Ask Placement for a wish as nova-scheduler would."""
    asked = requirements.of(wish.flavor, wish.image)
    assert not asked.contradictions, asked.contradictions
    owned = _traits(placement)
    forbidden = asked.forbidden_among(set().union(*owned.values()))
    found = placement.get(
        '/allocation_candidates', microversion=nodes.MICROVERSION,
        params=_query(asked, forbidden)).json()['provider_summaries']
    names = _nodes(placement)
    able = tuple(sorted(node for node, uuid in names.items()
                        if uuid in found))
    return Answer(wish, able, {
        node: _why_not(asked, forbidden, owned[node])
        for node in sorted(names) if node not in able})


def _query(asked: requirements.Requirements, forbidden: frozenset[str]
           ) -> dict[str, str]:
    traits = sorted(asked.required) + [f'!{t}' for t in sorted(forbidden)]
    query = {'resources': f'{orc.VCPU}:1,{orc.MEMORY_MB}:2048,'
                          f'{orc.DISK_GB}:{DISK_GB}'}
    if traits:
        query['required'] = ','.join(traits)
    if asked.gpu:
        query['resources_GPU'] = ','.join(
            f'{rc}:{amount}' for rc, amount in asked.gpu.resources.items())
        query['required_GPU'] = ','.join(sorted(asked.gpu.traits))
        query['group_policy'] = 'none'
    return query


def _nodes(placement: adapter.Adapter) -> dict[str, str]:
    """Uuid by name, of the compute nodes."""
    answer = placement.get('/resource_providers?required=COMPUTE_NODE',
                           microversion=nodes.MICROVERSION).json()
    return {provider['name']: provider['uuid']
            for provider in answer['resource_providers']}


def _traits(placement: adapter.Adapter) -> dict[str, set[str]]:
    return {name: set(placement.get(
        f'/resource_providers/{uuid}/traits',
        microversion=nodes.MICROVERSION).json()['traits'])
        for name, uuid in _nodes(placement).items()}


def _why_not(asked: requirements.Requirements, forbidden: frozenset[str],
             traits: set[str]) -> str:
    """Why a node is out, from what Placement has of it."""
    missing = [f'no {trait} ({asked.asked_by(trait)})'
               for trait in sorted(asked.required - traits)]
    unwanted = [f'has {trait}' for trait in sorted(forbidden & traits)]
    if not missing and not unwanted and asked.gpu:
        return 'no RemoteFX adapter that can do it'
    return '; '.join(missing + unwanted) or 'no room'


def report(answer: Answer) -> list[str]:
    """The lines that show an answer; like reasons share one."""
    by_reason: dict[str, list[str]] = {}
    for node, why in answer.why_not.items():
        by_reason.setdefault(why, []).append(node)
    return [f'  {answer.wish.title}: on {", ".join(answer.nodes) or "none"}',
            *(f'    not {", ".join(out)}: {why}'
              for why, out in by_reason.items())]


def wrong(answer: Answer, facts: model.Facts) -> list[str]:
    """Why an answer is not what the source says; empty when it is."""
    fitting = sorted(node.name for cluster in facts.clusters
                     for node in cluster.nodes if answer.wish.fits(node))
    if list(answer.nodes) == fitting and fitting:
        return []
    return [f'{answer.wish.title}: Placement answers '
            f'{", ".join(answer.nodes) or "no node"}, but '
            f'{", ".join(fitting) or "no node"} can run it']
