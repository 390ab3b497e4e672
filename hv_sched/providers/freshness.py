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

"""How old the facts about a cluster are, and when that freezes it. Pure."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import datetime

from hv_sched import model
from hv_sched import windows_names
from hv_sched.providers.settings import Settings

# Clocks of Windows nodes, controllers and Placement may differ a little.
MAX_AHEAD_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Moment:
    """When a plan is made, and what was applied before.

    :param applied: by cluster GUID, the date of the facts last applied, as
        far as this process remembers
    :param usable: by cluster GUID, when its volumes were last stated, and by
        the name of a cluster, see windows_names.key, when it was last usable;
        as far as this process remembers
    """

    now: datetime.datetime
    applied: Mapping[str, datetime.datetime] = dataclasses.field(
        default_factory=dict)
    usable: Mapping[str, datetime.datetime] = dataclasses.field(
        default_factory=dict)


def age(collected_at: datetime.datetime, now: datetime.datetime) -> float:
    """Seconds since something was collected."""
    return (now - collected_at).total_seconds()


def is_of_now(collected_at: datetime.datetime, now: datetime.datetime,
              stale_after: int) -> bool:
    """Whether a date is neither too old nor further ahead than clocks differ.

    :param stale_after: seconds, 0 accepts any age
    """
    seconds = age(collected_at, now)
    return seconds >= -MAX_AHEAD_SECONDS and (
        not stale_after or seconds <= stale_after)


def facts_age(cluster: model.Cluster, now: datetime.datetime) -> float:
    """Seconds since the facts were collected; 0 when nobody said."""
    if cluster.collected_at is None:
        return 0.0
    return age(cluster.collected_at, now)


def is_stale(cluster: model.Cluster, moment: Moment, settings: Settings
             ) -> bool:
    """Whether facts without sections are too old to place anything by them.

    Where the volumes are a section of their own, each section has its age.
    """
    return (model.Section.VOLUMES not in cluster.sections
            and bool(settings.stale_after)
            and facts_age(cluster, moment.now) > settings.stale_after)


def is_volumes_stale(cluster: model.Cluster, moment: Moment,
                     settings: Settings) -> bool | None:
    """Whether what is said of the volumes is too old to place disks by it.

    None when nobody can say how old it is: what stands is kept then.
    """
    if not settings.stale_after:
        return False
    report = cluster.sections.get(model.Section.VOLUMES)
    collected_at = (cluster.collected_at if report is None
                    else report.collected_at or cluster.collected_at)
    if report is not None and report.error:
        collected_at = moment.usable.get(cluster.guid, collected_at)
    if collected_at is None:
        return None
    is_old = age(collected_at, moment.now) > settings.stale_after
    return is_old or (None if report is not None and report.error else False)


def unlikely(cluster: model.Cluster, moment: Moment) -> str:
    """Why facts cannot be those of now; empty when they can."""
    ahead = max((-age(date, moment.now) for date in _dates(cluster)),
                default=0.0)
    if ahead > MAX_AHEAD_SECONDS:
        return (f'the facts are dated {int(ahead)} seconds in the future: '
                'nothing is changed until the clocks agree')
    applied = moment.applied.get(cluster.guid)
    # One that lies ahead was dated by a clock that is set right since.
    if applied is not None and cluster.collected_at is not None and (
            cluster.collected_at < applied
            and age(applied, moment.now) >= -MAX_AHEAD_SECONDS):
        return (f'the facts are of {cluster.collected_at.isoformat()}, older '
                f'than those applied before, of {applied.isoformat()}: '
                'nothing is changed until newer ones come')
    return ''


def _dates(cluster: model.Cluster) -> Iterator[datetime.datetime]:
    if cluster.collected_at is not None:
        yield cluster.collected_at
    for sections in (cluster.sections,
                     *(node.sections for node in cluster.nodes)):
        for report in sections.values():
            if report.collected_at is not None:
                yield report.collected_at


def answer(cluster: model.Cluster) -> tuple[datetime.datetime, ...] | None:
    """What tells one answer about a cluster from the next: all its dates.

    None where it has none: then every reading counts as an answer.
    """
    return tuple(sorted(_dates(cluster))) or None


def usable(facts: model.Facts, moment: Moment
           ) -> dict[str, datetime.datetime]:
    """When each cluster was last usable, as of a new look at the source.

    One that was never seen usable counts from the date of the file that
    freezes it, else from now on.
    """
    times = dict(moment.usable)
    frozen = {windows_names.key(problem.cluster or ''):
              problem.collected_at or moment.now
              for problem in facts.problems if problem.freezes}
    if '' not in frozen:
        times.pop('', None)
    for cluster in facts.clusters:
        times[windows_names.key(cluster.name)] = moment.now
        report = cluster.sections.get(model.Section.VOLUMES)
        if report is not None and not report.error:
            times[cluster.guid] = (report.collected_at
                                   or cluster.collected_at or moment.now)
    return {**frozen, **times}


def is_current(cluster: model.Cluster, moment: Moment, settings: Settings
               ) -> bool:
    """Whether a cluster's facts may be acted upon."""
    return not is_stale(cluster, moment, settings) and not (
        is_volumes_stale(cluster, moment, settings)
        or unlikely(cluster, moment))
