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

"""What stays closed because the source no longer states its fact. Pure.

Each is named with the line that opens it, in every pass, from the bulk
overview alone.
"""

from collections.abc import Iterable
from collections.abc import Iterator

from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.names import Closed
from hv_sched.placement.observed import Overview
from hv_sched.providers import closing
from hv_sched.providers import standing
from hv_sched.providers.layout import Layout


def notices(layout: Layout, overview: Overview) -> Iterator[Notice]:
    """One for each volume and node that keeps something."""
    for volume in layout.source.volumes:
        yield from _volume(volume, layout, overview)
    for uuid, node in sorted(layout.nodes.items()):
        lines = _node_lines(node, overview.node_traits.get(uuid, frozenset()))
        yield from _notice(layout, node.name, lines)


def _notice(layout: Layout, subject: str, lines: Iterable[str]
            ) -> Iterator[Notice]:
    text = '", "'.join(lines)
    if text:
        yield Notice(
            layout.cluster.name, subject, Kind.NOTE,
            'the source no longer states facts that closed it or keep space '
            f'of it: it stays as it is. Once it is so, state "{text}"',
            'facts-kept')


def _volume(volume: model.Volume, layout: Layout, overview: Overview
            ) -> Iterator[Notice]:
    matched = (None if volume.guid else
               standing.match(volume, layout.source, overview))
    name = names.volume_provider_name(layout.cluster.name, volume.name)
    if volume.guid is None:
        yield Notice(layout.cluster.name, name, Kind.NOTE, _matched(matched),
                     'guid-not-stated' if matched else
                     'volume-not-identified')
    guid = volume.guid or (matched.guid if matched else None)
    uuid = guid and ids.volume_uuid(layout.cluster.guid, guid)
    summary = overview.volumes.get(uuid) if uuid else None
    if summary:
        yield from _notice(layout, name, _volume_lines(
            volume, summary.traits))


def _matched(match: standing.Match | None) -> str:
    if match is None:
        return ('the source states no GUID of it, and no volume in Placement '
                'has its resource id or name: it is not published')
    return (f'the source states no GUID of it: by its {match.by} it is the '
            f'volume {match.guid} in Placement')


def _volume_lines(volume: model.Volume, traits: frozenset[str]
                  ) -> Iterator[str]:
    """The lines that open a volume, or give its reserved space back."""
    closed_by = names.closed_reasons(traits)
    if volume.maintenance is None and Closed.MAINTENANCE in closed_by:
        yield 'maintenance: false'
    if volume.state is None and Closed.OFFLINE in closed_by:
        yield 'state: online'
    if volume.accepts_new_disks is None and (
            Closed.OPERATOR in closed_by or closing.is_bare(traits)):
        yield 'accepts_new_disks: true'
    if volume.size_bytes is None and Closed.REFUSED in closed_by:
        yield 'size_bytes: <bytes>'
    if volume.free_bytes is None and Closed.FLOOR in closed_by:
        yield 'free_bytes: <bytes>'
    yield from _space_lines(volume, traits)


def _space_lines(volume: model.Volume, traits: frozenset[str]
                 ) -> Iterator[str]:
    """The lines that end what only an operator keeps free."""
    for field, stated, kept in (
            ('reserve_gb', volume.reserve_gb, names.reserve_gb(traits)),
            ('floor_percent', volume.floor_percent,
             names.floor_percent(traits)),
            ('floor_gb', volume.floor_gb, names.floor_gb(traits))):
        if stated is None and kept:
            yield f'{field}: 0'


def _node_lines(node: model.Node, traits: frozenset[str]) -> Iterator[str]:
    if node.state is None and names.PAUSED in traits:
        yield 'state: up'
