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

"""Which nodes can run servers that require features.

Requirements are derived from flavor and image as the request filters do, and
Placement answers; what the source says of each node is the check.
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
class ServerExample:
    """A server that requires features.

    :param fits: what must be so of a node, told from the source alone
    """

    title: str
    flavor: dict[str, Any]
    image: dict[str, str]
    fits: Callable[[model.Node], bool]


EXAMPLES = (
    ServerExample('a shielded server', {'vcpus': 1, 'ram_mb': 2048},
                  {'hw_machine_type': 'hyperv-gen2', 'os_type': 'windows',
                   'os_secure_boot': 'required', 'os_vtpm': 'required',
                   'os_shielded_vm': 'required'},
                  lambda node: bool(node.guarded_host)),
    ServerExample('a server with RemoteFX', {
        'vcpus': 1, 'ram_mb': 2048, 'extra_specs': {
            'os:resolution': '1920x1200', 'os:monitors': '2',
            'os:vram': '512'}},
         {'hw_machine_type': 'hyperv-gen1', 'os_type': 'windows'},
         lambda node: bool(node.remotefx_enabled and node.gpus)),
)


@dataclasses.dataclass(frozen=True)
class EligibleNodes:
    """:param refusals: reason by node, for those that are out"""

    example: ServerExample
    nodes: tuple[str, ...]
    refusals: dict[str, str]


def read(placement: adapter.Adapter, example: ServerExample
         ) -> EligibleNodes:
    """Ask Placement for an example as nova-scheduler would."""
    required = requirements.of(example.flavor, example.image)
    assert not required.contradictions, required.contradictions
    owned = _traits(placement)
    forbidden = required.forbidden_among(set().union(*owned.values()))
    summaries = placement.get(
        '/allocation_candidates', microversion=nodes.MICROVERSION,
        params=_query(required, forbidden)).json()['provider_summaries']
    names = _nodes(placement)
    able = tuple(sorted(node for node, uuid in names.items()
                        if uuid in summaries))
    return EligibleNodes(example, able, {
        node: _refusal(required, forbidden, owned[node])
        for node in sorted(names) if node not in able})


def _query(required: requirements.Requirements, forbidden: frozenset[str]
           ) -> dict[str, str]:
    traits = sorted(required.required) + [f'!{t}' for t in sorted(forbidden)]
    query = {'resources': f'{orc.VCPU}:1,{orc.MEMORY_MB}:2048,'
                          f'{orc.DISK_GB}:{DISK_GB}'}
    if traits:
        query['required'] = ','.join(traits)
    if required.gpu:
        query['resources_GPU'] = ','.join(
            f'{rc}:{amount}' for rc, amount in required.gpu.resources.items())
        query['required_GPU'] = ','.join(sorted(required.gpu.traits))
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


def _refusal(required: requirements.Requirements, forbidden: frozenset[str],
             traits: set[str]) -> str:
    """Why a node is out, from what Placement has of it."""
    missing = [f'no {trait} ({required.asked_by(trait)})'
               for trait in sorted(required.required - traits)]
    unwanted = [f'has {trait}' for trait in sorted(forbidden & traits)]
    if not missing and not unwanted and required.gpu:
        return 'no RemoteFX adapter that can do it'
    return '; '.join(missing + unwanted) or 'no room'


def report(eligible: EligibleNodes) -> list[str]:
    """The lines that show an answer; like reasons share one."""
    by_reason: dict[str, list[str]] = {}
    for node, reason in eligible.refusals.items():
        by_reason.setdefault(reason, []).append(node)
    names = ', '.join(eligible.nodes) or 'none'
    return [f'  {eligible.example.title}: on {names}',
            *(f'    not {", ".join(out)}: {reason}'
              for reason, out in by_reason.items())]


def differences(eligible: EligibleNodes, facts: model.Facts) -> list[str]:
    """Why an answer is not what the source says; empty when it is."""
    fitting = sorted(node.name for cluster in facts.clusters
                     for node in cluster.nodes if eligible.example.fits(node))
    if list(eligible.nodes) == fitting and fitting:
        return []
    return [f'{eligible.example.title}: Placement answers '
            f'{", ".join(eligible.nodes) or "no node"}, but '
            f'{", ".join(fitting) or "no node"} can run it']
