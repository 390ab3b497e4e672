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

"""An explanation as lines for people and as data for programs. Pure."""

from collections.abc import Iterable
from typing import Any

from hv_sched.explain.constraints import Constraint
from hv_sched.explain.explanation import Explanation
from hv_sched.explain.explanation import FunnelStep
from hv_sched.explain.explanation import WouldFit
from hv_sched.providers.merged_changes import number_of

Branch = tuple[str, list[Any]]
_SHOWN = 10


def lines(explanation: Explanation) -> list[str]:
    """The tree."""
    branches = [_branch(title, texts) for title, texts in (
        ('refused before Placement is asked:', explanation.refused),
        ('asked of Placement:', (explanation.query,)),
        (f'{number_of(explanation.nodes, "compute node")}, of which',
         _funnel(explanation)),
        (_count(len(explanation.hosts)), _hosts(explanation)),
        ('not among them:', _filtered(explanation)),
        ('no host remains because of:', map(str, explanation.emptied_by)),
        ('what exists instead:', _would_fit(explanation.would_fit)),
        ('note:', explanation.notes),
        ('not considered here:', explanation.not_evaluated)) if texts]
    return list(_draw([branch for branch in branches if branch[1]]))


def _branch(title: str, texts: Iterable[str]) -> Branch:
    return title, [(text, []) for text in texts]


def _count(hosts: int) -> str:
    return f'{number_of(hosts, "host")} can take the server:'


def _funnel(explanation: Explanation) -> list[str]:
    width = len(str(explanation.nodes))
    return [f'{step.hosts:{width}} {step.constraint}'
            for step in explanation.funnel]


def _hosts(explanation: Explanation) -> list[str]:
    hosts = [f'{host} on {" or ".join(volumes)}' if volumes else host
             for host, volumes in explanation.hosts.items()]
    return _truncated(hosts) or ([] if explanation.refused else ['none'])


def _filtered(explanation: Explanation) -> list[str]:
    return _truncated([f'{host}: {refusal}' for host, refusal
                       in explanation.filtered.items()])


def _truncated(texts: list[str]) -> list[str]:
    omitted = len(texts) - _SHOWN
    return texts if omitted <= 1 else [*texts[:_SHOWN], f'and {omitted} more']


def _would_fit(fit: WouldFit | None) -> list[str]:
    if fit is None:
        return []
    examples = ', '.join(fit.examples)
    if fit.hosts > len(fit.examples):
        examples += ', ...'
    return [
        *map(_remaining, fit.without),
        f'{number_of(fit.hosts, "host")} {_verb(fit.hosts, "meet")} all the '
        'other conditions' + (f': {examples}' if examples else ''),
        *(f'of these one has at most {free:,} {rc} left'
          for rc, free in fit.largest_free.items()),
        *(f'{trait}: {number_of(count, "node")} {_verb(count, "have")} it'
          for trait, count in fit.owners.items()),
        *(_room(name, room_gb, fit.largest_disks_gb.get(name))
          for name, room_gb in fit.largest_volumes)]


def _remaining(step: FunnelStep) -> str:
    """What is left when one condition is given up."""
    text = step.constraint.text
    hosts = f'{number_of(step.hosts, "host")} {_verb(step.hosts, "remain")}'
    for negation in ('no ', 'not '):
        if text.startswith(negation):
            return f'{hosts} if {text.removeprefix(negation)} is allowed'
    return f'{hosts} if {text} is not required'


def _room(volume: str, room_gb: int, most_gb: int | None) -> str:
    text = f'{volume} has room for {room_gb:,} GB'
    return text if most_gb is None else (
        f'{text}, and gives at most {most_gb:,} GB to one server (max_unit)')


def _verb(count: int, plural: str) -> str:
    """``meets`` of one, ``meet`` of several."""
    if count != 1:
        return plural
    return 'has' if plural == 'have' else f'{plural}s'


def _draw(branches: list[Branch]) -> Iterable[str]:
    for title, leaves in branches:
        yield title
        for number, (text, _below) in enumerate(leaves, 1):
            yield f'{"└─" if number == len(leaves) else "├─"} {text}'


def data(explanation: Explanation) -> dict[str, Any]:
    """For programs; empty where there is nothing to say."""
    fit = explanation.would_fit
    return {
        'refused': list(explanation.refused),
        'query': explanation.query,
        'nodes': explanation.nodes,
        'funnel': [_step(step) for step in explanation.funnel],
        'placement_hosts': list(explanation.placement_hosts),
        'hosts': {host: list(volumes) for host, volumes
                  in explanation.hosts.items()},
        'filtered': dict(explanation.filtered),
        'emptied_by': list(map(_constraint, explanation.emptied_by)),
        'would_fit': None if fit is None else {
            'hosts': fit.hosts, 'examples': list(fit.examples),
            'largest_free': dict(fit.largest_free),
            'owners': dict(fit.owners),
            'largest_volumes': [{'volume': name, 'room_gb': room_gb}
                                for name, room_gb in fit.largest_volumes],
            'largest_disks_gb': dict(fit.largest_disks_gb),
            'without': [_step(step) for step in fit.without]},
        'notes': list(explanation.notes),
        'not_evaluated': list(explanation.not_evaluated),
        'requests': explanation.requests,
    }


def _constraint(constraint: Constraint) -> dict[str, str]:
    return {'constraint': constraint.text, 'why': constraint.origin}


def _step(step: FunnelStep) -> dict[str, Any]:
    return {**_constraint(step.constraint), 'hosts': step.hosts}
