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
from hv_sched.explain.explanation import Step
from hv_sched.explain.explanation import WouldFit

Branch = tuple[str, list[Any]]
_SHOWN = 10


def lines(found: Explanation) -> list[str]:
    """The tree."""
    branches = [_branch(title, some) for title, some in (
        ('refused before Placement is asked:', found.refused),
        ('asked of Placement:', (found.query,)),
        (f'{found.nodes} compute nodes, of which', _funnel(found)),
        (_count(len(found.hosts)), _hosts(found)),
        ('not among them:', _filtered(found)),
        ('nothing is left because of:', map(str, found.emptied_by)),
        ('what there is instead:', _would_fit(found.would_fit)),
        ('note:', found.notes),
        ('not looked at here:', found.not_evaluated)) if some]
    return list(_draw([one for one in branches if one[1]]))


def _branch(title: str, some: Iterable[str]) -> Branch:
    return title, [(text, []) for text in some]


def _count(hosts: int) -> str:
    return f'{hosts} host{"" if hosts == 1 else "s"} can take the server:'


def _funnel(found: Explanation) -> list[str]:
    width = len(str(found.nodes))
    return [f'{step.hosts:{width}} {step.constraint}'
            for step in found.funnel]


def _hosts(found: Explanation) -> list[str]:
    shown = [f'{host} on {" or ".join(volumes)}' if volumes else host
             for host, volumes in found.hosts.items()]
    return _cut(shown) or ([] if found.refused else ['none'])


def _filtered(found: Explanation) -> list[str]:
    return _cut([f'{host}: {why}' for host, why in found.filtered.items()])


def _cut(some: list[str]) -> list[str]:
    more = len(some) - _SHOWN
    return some if more <= 1 else [*some[:_SHOWN], f'and {more} more']


def _would_fit(found: WouldFit | None) -> list[str]:
    if found is None:
        return []
    some = ', '.join(found.examples)
    if found.hosts > len(found.examples):
        some += ', ...'
    return [
        *(f'{step.hosts} hosts without {step.constraint.words}'
          for step in found.without),
        f'{found.hosts} hosts meet all the other conditions'
        + (f': {some}' if some else ''),
        *(f'of these one has at most {free} {rc} left'
          for rc, free in found.largest_free.items()),
        *(f'{trait}: {count} nodes have it'
          for trait, count in found.owners.items()),
        *(f'{name} has room for {room_gb} GB' for name, room_gb
          in found.largest_volumes)]


def _draw(branches: list[Branch]) -> Iterable[str]:
    for title, leaves in branches:
        yield title
        for number, (text, _below) in enumerate(leaves, 1):
            yield f'{"└─" if number == len(leaves) else "├─"} {text}'


def data(found: Explanation) -> dict[str, Any]:
    """For programs; empty where there is nothing to say."""
    fit = found.would_fit
    return {
        'refused': list(found.refused),
        'query': found.query,
        'nodes': found.nodes,
        'funnel': [_step(step) for step in found.funnel],
        'placement_hosts': list(found.placement_hosts),
        'hosts': {host: list(some) for host, some in found.hosts.items()},
        'filtered': dict(found.filtered),
        'emptied_by': [_constraint(one) for one in found.emptied_by],
        'would_fit': None if fit is None else {
            'hosts': fit.hosts, 'examples': list(fit.examples),
            'largest_free': dict(fit.largest_free),
            'owners': dict(fit.owners),
            'largest_volumes': [{'volume': name, 'room_gb': room_gb}
                                for name, room_gb in fit.largest_volumes],
            'without': [_step(step) for step in fit.without]},
        'notes': list(found.notes),
        'not_evaluated': list(found.not_evaluated),
        'requests': found.requests,
    }


def _constraint(one: Constraint) -> dict[str, str]:
    return {'constraint': one.words, 'why': one.why}


def _step(step: Step) -> dict[str, Any]:
    return {**_constraint(step.constraint), 'hosts': step.hosts}
