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

"""The changes that withdraw volumes their source no longer lists. Pure.

Absence is not permission: such a volume is closed to new disks, and goes
when an operator asks for it by name and nobody holds a share of it.
"""

from collections.abc import Iterable

from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers import closing
from hv_sched.providers import gate
from hv_sched.providers.planning_context import PlanningContext

Step = changes.Step


def plan(context: PlanningContext) -> tuple[
        list[changes.Change], list[Notice], frozenset[str]]:
    """Withdraw what was asked for, and close the rest.

    :returns: the changes and notices, and the volumes that go
    """
    planned: list[changes.Change] = []
    notices: list[Notice] = []
    withdrawn = set()
    for uuid in sorted(context.departing_volumes):
        provider = context.observed.providers.get(uuid)
        evidence = context.withdrawal_evidence(uuid)
        if provider is not None and not gate.refusal(
                changes.Widening.WITHDRAW, evidence):
            withdrawn.add(uuid)
            planned += withdraw(provider)
            continue
        if provider is not None:
            planned += closing.close(provider, (Closed.LEFT_OUT,))
        notices.append(context.notice(
            context.observed.overview.listed[uuid].name, Kind.REFUSED,
            _kept(context, uuid, evidence.held_gb), 'volume-left-out'))
    return planned, notices, frozenset(withdrawn)


def _kept(context: PlanningContext, uuid: str, held_gb: int) -> str:
    """Why a volume stays, and what settles it."""
    name = names.plain_volume_name(context.observed.overview.listed[uuid].name)
    if context.is_replaced(uuid):
        disk = context.scope.identity.disks.get(uuid)
        identity = (f'give identity: {disk} with the new one to keep '
                    'provider and shares; or ' if disk else '')
        return (f'the source gives this name to another disk (GUID) while '
                f'Placement still knows the old one, {uuid}'
                f'{f" with {held_gb} GB of servers" if held_gb else ""}: it '
                f'takes no new disks. If the disk was replaced, {identity}'
                'move or delete its servers and run with --allow '
                f'replace:{name}')
    if held_gb:
        return (f'the source no longer lists it, but servers hold {held_gb} '
                'GB of it: it takes no new disks; move or delete them, then '
                f'run with --allow withdraw:{name}')
    return ('the source no longer lists it: it takes no new disks. If it is '
            f'gone for good, run with --allow withdraw:{name}')


def withdraw(provider: Provider) -> Iterable[changes.Change]:
    """Out of sight first, then gone.

    Its traits go with it: one that was killed in between is still found.
    """
    home = frozenset((ids.home_aggregate(provider.uuid),))
    if provider.aggregates & home:
        yield changes.SetAggregates(
            Step.HIDE, provider.uuid, provider.name,
            before=provider.aggregates, after=provider.aggregates - home,
            labels={min(home): f'users of {provider.name}'})
    yield changes.DeleteProvider(Step.DELETE, provider.uuid, provider.name)
