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

"""How old the facts of a cluster are, section by section. Pure."""

from collections.abc import Iterator
import dataclasses
import datetime

from hv_sched.status import verdict
from hv_sched.status.model import ClusterStatus
from hv_sched.status.model import SectionStatus


@dataclasses.dataclass(frozen=True)
class SectionAge:
    """A section of a cluster, over all its owners: itself, or its nodes.

    :param seconds: of the oldest; None when nobody said
    :param oldest: the node with the oldest, '' for the cluster itself
    :param owners: how many have it
    :param failed: how many of these could not be read
    :param error: of one of these
    """

    section: str
    seconds: float | None
    oldest: str
    owners: int
    failed: int
    error: str


def by_section(cluster: ClusterStatus, now: datetime.datetime
               ) -> Iterator[SectionAge]:
    """Each section the source has of a cluster, by its name."""
    sections: dict[str, list[SectionStatus]] = {}
    for report in sorted(cluster.sections):
        sections.setdefault(report.section, []).append(report)
    for section, reports in sections.items():
        yield _age(section, reports, now)


def _age(section: str, reports: list[SectionStatus], now: datetime.datetime
         ) -> SectionAge:
    dated = [(report.collected_at, report.node) for report in reports
             if report.collected_at is not None]
    oldest = min(dated, default=None)
    errors = [f'{report.node}: {report.error}' if report.node
              else report.error for report in reports if report.error]
    return SectionAge(
        section, verdict.seconds_since(oldest[0], now) if oldest else None,
        oldest[1] if oldest else '', len(reports), len(errors),
        next(iter(errors), ''))
