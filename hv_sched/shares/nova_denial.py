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


"""How far Nova is believed when it says that it knows a consumer not.

"There is no such server" lets shares go and opens disks. A Nova that was set
up again, or another region's with hosts of the same names, says it of nearly
every server; one in working order says it of few.
"""

from collections.abc import Collection
from collections.abc import Mapping

from hv_sched.compute import proven
from hv_sched.compute.servers import Servers
from hv_sched.shares import quiescence
from hv_sched.shares.quiescence import Skip


def read_skipped(servers: Servers, on_nodes: Mapping[str, Collection[str]]
                 ) -> list[Skip]:
    """The consumers that cannot be written now, and why.

    :param on_nodes: consumers by the provider of the node they are on; ''
        for those on none in particular
    :raises NovaNotProven: Nova does not know too many of them
    :raises NovaError: when Nova cannot be read
    """
    skipped: list[Skip] = []
    unknown = 0
    for node, consumers in on_nodes.items():
        if consumers:
            view = quiescence.read_view(
                servers, (node,) if node else (), consumers)
            skipped += quiescence.sort(consumers, view).skipped
            unknown += len(quiescence.unknown(consumers, view))
    proven.require_known(unknown, sum(map(len, on_nodes.values())))
    return skipped
