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

"""What all agents of a cloud should have in common, as digests.

Not the bytes of a source: two controllers collect at different moments. What
identifies things in it, the overrides, and the options of what is published.
"""

from collections.abc import Callable
from collections.abc import Iterable
import hashlib
from importlib import metadata
from typing import Any

from hv_sched import model
from hv_sched.placement import disk_moves
from hv_sched.providers.settings import Settings
from hv_sched.sources import overrides


class Digests:
    """:param options: those of group hv_sched
    :param publishing: what of them a plan depends on
    :param facts: tells what the source said last
    """

    def __init__(self, options: Any, publishing: Settings,
                 facts: Callable[[], model.Facts]) -> None:
        self._options = options
        self._publishing = publishing
        self._facts = facts

    def __call__(self) -> dict[str, str]:
        """Digest by what it is of; that of the release is its number."""
        return {
            'clusters, nodes or volumes in the source': _digest(
                sorted(_identities(self._facts()))),
            'overrides': _digest(sorted(_decisions(
                overrides.read(self._options.overrides)))),
            'options in [hv_sched]': _digest([
                repr(self._publishing), *self._options.heal_codes,
                str(self._options.cold_move_keeps_disk)]),
            'release of hv_sched': metadata.version('hv_sched')}


def _identities(facts: model.Facts) -> Iterable[str]:
    for cluster in facts.clusters:
        yield repr((cluster.guid, cluster.name,
                    *sorted(disk_moves.traits_of(cluster.driver))))
        for volume in cluster.volumes:
            yield repr((cluster.guid, 'volume', volume.guid))
        for node in cluster.nodes:
            yield repr((cluster.guid, 'node', node.name))


def _decisions(decided: overrides.Overrides) -> Iterable[str]:
    """What is decided, however it is spread over files."""
    yield repr((decided.is_complete, sorted(decided.standalone)))
    for entry in decided.entries:
        yield repr((entry.kind, entry.name, entry.guid, entry.cluster,
                    sorted(entry.values.items()), entry.is_faulty))


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256('\n'.join(texts).encode()).hexdigest()
