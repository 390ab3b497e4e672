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

"""Clusters that a fault in the source freezes. Pure.

Nothing of them can be believed, so what stands is kept. Where that lasts
longer than ``[hv_sched]stale_after``, nobody knows what their volumes are
like any more: they take no new disks until the facts are good again.
"""

from collections.abc import Iterable
from collections.abc import Iterator

from hv_sched import model
from hv_sched import windows_names
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from hv_sched.placement.observed import Observed
from hv_sched.placement.observed import Overview
from hv_sched.providers import changes
from hv_sched.providers import closing
from hv_sched.providers import freshness
from hv_sched.providers.freshness import Moment
from hv_sched.providers.scope import Scope
from hv_sched.providers.settings import Settings

# The key of the moment from which on nobody knew which clusters are usable.
ANY = ''


def names_of(problems: Iterable[model.Problem]) -> frozenset[str | None]:
    """Keys of the frozen clusters' names; None: of any that is not usable."""
    return frozenset(
        None if problem.cluster is None else windows_names.key(problem.cluster)
        for problem in problems if problem.freezes)


def to_close(scope: Scope, overview: Overview, moment: Moment,
             settings: Settings) -> frozenset[str]:
    """The volumes of clusters that are frozen for too long, still open.

    Of all clusters, or of the one that the scope is narrowed to.
    """
    frozen = names_of(scope.problems)
    if not frozen or not settings.stale_after:
        return frozenset()
    described = {layout.key for layout in scope.layouts}
    return frozenset(
        uuid for uuid, summary in overview.volumes.items()
        if Closed.REFUSED.trait not in summary.traits
        and (cluster := windows_names.key(names.cluster_of(
            overview.listed[uuid].name))) not in described
        and scope.is_planned(cluster)
        and (cluster in frozen or None in frozen)
        and _is_overdue(cluster, moment, settings))


def _is_overdue(cluster: str, moment: Moment, settings: Settings) -> bool:
    usable = moment.usable.get(cluster, moment.usable.get(ANY))
    return usable is not None and (
        freshness.age(usable, moment.now) > settings.stale_after)


def plan(uuids: Iterable[str], observed: Observed
         ) -> Iterator[changes.Change]:
    """Close volumes, and nothing else."""
    for uuid in sorted(uuids):
        provider = observed.providers.get(uuid)
        if provider is not None:
            yield from closing.close(provider, (Closed.REFUSED,))
