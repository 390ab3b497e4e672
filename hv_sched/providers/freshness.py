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

from collections.abc import Mapping
import dataclasses
import datetime

from hv_sched import model
from hv_sched.providers.settings import Settings

# Clocks of Windows nodes, controllers and Placement may differ a little.
MAX_AHEAD_SECONDS = 300


@dataclasses.dataclass(frozen=True)
class Moment:
    """When a plan is made, and what was applied before.

    :param applied: by cluster GUID, the date of the facts last applied, as
        far as this process remembers
    """

    now: datetime.datetime
    applied: Mapping[str, datetime.datetime] = dataclasses.field(
        default_factory=dict)


def facts_age(cluster: model.Cluster, now: datetime.datetime) -> float:
    """Seconds since the facts were collected; 0 when nobody said."""
    if cluster.collected_at is None:
        return 0.0
    return (now - cluster.collected_at).total_seconds()


def is_stale(cluster: model.Cluster, moment: Moment, settings: Settings
             ) -> bool:
    """Whether the facts are too old to place anything by them."""
    age = facts_age(cluster, moment.now)
    return bool(settings.stale_after) and age > settings.stale_after


def unlikely(cluster: model.Cluster, moment: Moment) -> str:
    """Why facts cannot be those of now; empty when they can."""
    age = facts_age(cluster, moment.now)
    if age < -MAX_AHEAD_SECONDS:
        return (f'the facts are dated {int(-age)} seconds in the future: '
                'nothing is changed until the clocks agree')
    applied = moment.applied.get(cluster.guid)
    if applied is not None and cluster.collected_at is not None and (
            cluster.collected_at < applied):
        return (f'the facts are of {cluster.collected_at.isoformat()}, older '
                f'than those applied before, of {applied.isoformat()}: '
                'nothing is changed until newer ones come')
    return ''


def is_current(cluster: model.Cluster, moment: Moment, settings: Settings
               ) -> bool:
    """Whether a cluster's facts may be acted upon."""
    return not is_stale(cluster, moment, settings) and (
        not unlikely(cluster, moment))
