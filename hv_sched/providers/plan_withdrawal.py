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

"""The changes that withdraw volumes their source no longer lists. Pure."""

from collections.abc import Iterable

from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import ids
from hv_sched.placement import ownership
from hv_sched.placement.observed import Provider
from hv_sched.providers import changes
from hv_sched.providers.layout import Layout
from hv_sched.providers.settings import Settings

Step = changes.Step


def plan(layout: Layout, departing: dict[str, Provider], settings: Settings
         ) -> tuple[list[changes.Change], list[Notice], frozenset[str]]:
    """Withdraw what the source no longer lists, unless that looks wrong.

    :param departing: by uuid, the volumes the source no longer lists
    :returns: the changes and findings, and the volumes that go
    """
    findings = []
    withdrawn: list[Provider] = []
    names_taken = {layout.volume_name(uuid).casefold()
                   for uuid in layout.volumes}
    for provider in departing.values():
        reason = _why_keep(layout, provider, names_taken, settings)
        if reason:
            findings.append(Notice(layout.cluster.name, provider.name,
                                    Kind.REFUSED, reason))
        else:
            withdrawn.append(provider)
    refusal = too_many(len(withdrawn), len(departing) + len(layout.volumes),
                       settings, 'volumes')
    if refusal and withdrawn:
        findings.append(Notice(layout.cluster.name, layout.cluster.name,
                                Kind.REFUSED, refusal))
        withdrawn = []
    planned = [change for provider in withdrawn
               for change in withdraw(provider)]
    return planned, findings, frozenset(p.uuid for p in withdrawn)


def too_many(count: int, of: int, settings: Settings, noun: str) -> str:
    """Why so many of a cluster's things may not go at once, if so."""
    if settings.allow.withdraw:
        return ''
    if count * 100 <= of * settings.max_withdraw_percent:
        return ''
    return (f'the source no longer lists {count} of its {of} {noun}, more '
            f'than max_withdraw_percent = {settings.max_withdraw_percent} '
            f'lets go at once: if that is so, run with --allow-withdraw')


def _why_keep(layout: Layout, provider: Provider, names_taken: set[str],
              settings: Settings) -> str:
    in_use = ', '.join(
        f'{used} {rc}' for rc, used in sorted(provider.usages.items())
        if used)
    if provider.name.casefold() in names_taken and not settings.allow.replace:
        return (f'the source gives this name to another disk (GUID) while '
                f'Placement still knows the old one, {provider.uuid}'
                f'{" with " + in_use if in_use else ""}: if the disk was '
                f'really replaced, move or delete its servers and run with '
                f'--allow-replace')
    if in_use:
        return (f'the source no longer lists it, but servers hold {in_use} '
                f'of it: move or delete them first')
    return ''


def withdraw(provider: Provider) -> Iterable[changes.Change]:
    """Out of sight first, then empty, then gone."""
    home = frozenset((ids.home_aggregate(provider.uuid),))
    if provider.aggregates & home:
        yield changes.SetAggregates(
            Step.HIDE, provider.uuid, provider.name,
            before=provider.aggregates, after=provider.aggregates - home,
            labels={min(home): f'users of {provider.name}'})
    our_traits = ownership.volume_traits(provider.traits)
    yield from changes.set_traits(Step.STRIP, provider,
                                  provider.traits - our_traits)
    yield changes.DeleteProvider(Step.DELETE, provider.uuid, provider.name)
