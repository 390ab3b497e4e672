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

"""Where a source says that servers' files are. Pure."""

from collections.abc import Iterator
import datetime

from hv_sched import model
from hv_sched.placement import ids
from hv_sched.providers import freshness


def volumes_of(facts: model.Facts, now: datetime.datetime,
               stale_after: int) -> dict[str, str]:
    """By server: the uuid of the one volume that has all its files.

    A server with files on several volumes proves nothing, nor do facts that
    are too old, or of the future: it may have moved since.

    :param stale_after: seconds, 0 accepts any age
    """
    volumes_by_server: dict[str, set[str]] = {}
    for cluster in facts.clusters:
        if not all(freshness.is_of_now(date, now, stale_after)
                   for date in _dates(cluster)):
            continue
        for vm in cluster.vms or ():
            if vm.instance_uuid is None or vm.disks is None:
                continue  # nobody says which server's, or where
            volumes_by_server.setdefault(vm.instance_uuid, set()).update(
                ids.volume_uuid(cluster.guid, disk.volume)
                for disk in vm.disks)
    return {server: next(iter(volumes))
            for server, volumes in volumes_by_server.items()
            if len(volumes) == 1}


def _dates(cluster: model.Cluster) -> Iterator[datetime.datetime]:
    """When servers and their files were listed, by whichever node."""
    listings = (cluster.sections.get(model.Section.GROUPS),
                *(node.sections.get(model.Section.FILES)
                  for node in cluster.nodes))
    for date in (cluster.collected_at, *(
            report.collected_at for report in listings if report)):
        if date is not None:
            yield date
