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

"""The changes that give a cluster's volumes their names. Pure."""

from collections.abc import Mapping
import dataclasses

from hv_sched import windows_names
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import names
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers.planning_context import PlanningContext

Step = changes.Step


@dataclasses.dataclass(frozen=True)
class Bearers:
    """Who has which name now, and which of them will give it up.

    Names are compared as Windows does, see windows_names.py.
    """

    holders: Mapping[str, str]
    departing: frozenset[str]
    volumes: frozenset[str]


def bearers(context: PlanningContext, withdrawn: frozenset[str]) -> Bearers:
    """Who has which name in Placement.

    :param withdrawn: the volumes that go
    """
    return Bearers(
        context.observed.overview.holders, withdrawn,
        frozenset(context.layout.volumes))


def plan(context: PlanningContext, uuid: str, provider: Provider | None,
            bearers_: Bearers) -> tuple[list[changes.Change], Notice | None]:
    """Create or rename, or why the name cannot be had."""
    name = context.layout.volume_name(uuid)
    if provider is not None and provider.name == name:
        return [], None
    holder = bearers_.holders.get(windows_names.key(name))
    reason = _name_refused(name, uuid, holder, bearers_)
    if reason:
        return [], context.notice(name, Kind.REFUSED, reason,
                                  'name-not-free')
    if provider is None:
        return [changes.CreateProvider(Step.CREATE, uuid, name)], None
    if holder in (None, uuid) or holder in bearers_.departing:
        return [changes.RenameProvider(Step.RENAME_AWAY, uuid, provider.name,
                                       new_name=name)], None
    # A sibling still has the name: both step aside before either takes it.
    aside = f'{names.VOLUME_NAME_PREFIX}renaming/{uuid}'
    return [changes.RenameProvider(Step.RENAME_AWAY, uuid, provider.name,
                                   new_name=aside),
            changes.RenameProvider(Step.RENAME, uuid, aside,
                                   new_name=name)], None


def _name_refused(name: str, uuid: str, holder: str | None,
                  bearers_: Bearers) -> str:
    """Why a name cannot be had; empty when it can."""
    if len(name) > names.MAX_NAME_LENGTH:
        return (f'the name has {len(name)} characters, Placement takes '
                f'{names.MAX_NAME_LENGTH}: shorten the cluster\'s name')
    if holder not in (None, uuid) and holder not in bearers_.departing | (
            bearers_.volumes):
        return (f'resource provider {holder} already has this name and is '
                f'not this volume: rename or delete that provider')
    return ''
