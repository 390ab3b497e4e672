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

"""What a sync plans when one fact of a complete source goes missing.

Nothing of it is written by hand: a complete file is synced to an imagined
Placement, one fact is spoiled, and the real reader and the real planners say
what changes.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import copy
import datetime
import enum
import functools
from typing import Any

from doc import imagined_placement
from hv_sched import exception
from hv_sched.placement import ids
from hv_sched.providers import plan as planning
from hv_sched.providers.settings import Settings
from hv_sched.sources import facts
from hv_sched.sources import reference

NOW = imagined_placement.NOW
OLD = (NOW - datetime.timedelta(hours=2)).isoformat()
GIB = 1024 ** 3
SETTINGS = Settings(workers=1)
CLUSTER = '11111111-1111-4111-8111-111111111111'
GUIDS = ('22222222-2222-4222-8222-000000000001',
         '22222222-2222-4222-8222-000000000002')
NODES = ('hv01', 'hv02')
SERVER = '44444444-4444-4444-8444-444444444444'
IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'
SHARE_GB = 100
Document = dict[str, Any]
# Something no fact can be.
_ODD = {'odd': True}


class Way(enum.Enum):
    """How a fact goes missing; the value heads its column."""

    ABSENT = 'absent'
    FAILED = 'failed'
    STALE = 'stale'
    ODD = 'odd'


class Start(enum.Enum):
    """What the complete file says: all is well, or as much as can be is not.
    """

    HEALTHY = 'healthy'
    CLOSED = 'closed'


# The section that vouches for a fact, by the longest beginning of its path.
_SECTIONS: Mapping[str, str] = {
    'clusters[].functional_level': 'cluster',
    'clusters[].nodes[]': 'host',
    'clusters[].nodes[].name': 'nodes',
    'clusters[].nodes[].state': 'nodes',
    'clusters[].nodes[].home': '',
    'clusters[].nodes[].guarded_host': 'guarded',
    'clusters[].nodes[].remotefx_enabled': 'remotefx',
    'clusters[].nodes[].gpus': 'remotefx',
    'clusters[].nodes': 'nodes',
    'clusters[].volumes': 'volumes',
    'clusters[].volumes[].identity': '',
    'clusters[].volumes[].reserve_gb': '',
    'clusters[].volumes[].raw_percent': '',
    'clusters[].volumes[].accepts_new_disks': '',
    'clusters[].volumes[].cut_off_nodes': 'volume_states',
    'clusters[].volumes[].redirected_nodes': 'volume_states',
    'clusters[].volumes[].silent_nodes': 'volume_states',
    'clusters[].volumes[].cached_images': 'image_cache',
    'clusters[].volumes[].image_cache_bytes': 'image_cache',
    'clusters[].vms': 'groups',
    'clusters[].vms[].disks': 'files',
}
_OF_NODES = ('host', 'guarded', 'remotefx', 'files', 'image_cache')
_OF_CLUSTER = ('cluster', 'nodes', 'volumes', 'volume_states', 'groups')


def rows() -> list[reference.Field]:
    """Every fact of the form; the reports of sections are the columns."""
    return [field for field in reference.fields()
            if '.sections' not in field.path]


def section_of(path: str) -> str:
    """The section that a fact fails and grows old with; empty for none."""
    beginning = max((beginning for beginning in _SECTIONS
                     if path.startswith(beginning)), key=len, default='')
    return _SECTIONS.get(beginning, '')


def ways(path: str) -> list[Way]:
    """The ways in which a fact can go missing."""
    if path == 'collected_at':
        return [Way.ABSENT, Way.STALE, Way.ODD]
    if not section_of(path):
        return [Way.ABSENT, Way.ODD]
    return list(Way)


# -- complete files


def document(start: Start) -> Document:
    """A file that has every fact, of a cluster of two nodes and volumes."""
    closed = start is Start.CLOSED
    return {
        'version': 2, 'collected_at': NOW.isoformat(), 'clusters': [{
            'guid': CLUSTER, 'name': 'hvc1', 'identity': CLUSTER,
            'driver': 'hyperv', 'functional_level': 9,
            'placement_chooses_volume': False,
            'sections': {name: _report() for name in _OF_CLUSTER},
            'nodes': [_node(0, closed), _node(1, False)],
            'volumes': [_volume(0, closed), _volume(1, False)],
            'vms': [{'instance_uuid': SERVER, 'owner_node': 'hv01',
                     'instance_name': 'instance-00000001',
                     'disks': [{'volume': 'Volume1', 'actual_bytes': 50 * GIB,
                                'provisioned_bytes': SHARE_GB * GIB}]}]}]}


def _report() -> Document:
    return {'collected_at': NOW.isoformat()}


def _node(number: int, closed: bool) -> Document:
    return {
        'name': NODES[number], 'build': 14393, 'home': GUIDS[number],
        'state': 'paused' if closed else 'up',
        'cpu': {'vendor': 'intel', 'features': ['VMX']},
        'nested_virtualization': True, 'guarded_host': True,
        'remotefx_enabled': True, 'fibre_channel': True, 'mpio': True,
        'refs': True, 'gpus': [{'name': 'M60', 'total_vram_mb': 8192,
                                'available_vram_mb': 4096}],
        'sections': {name: _report() for name in _OF_NODES}}


def _volume(number: int, closed: bool) -> Document:
    return {
        'guid': GUIDS[number], 'name': f'Volume{number + 1}',
        'identity': GUIDS[number],
        'state': 'failed' if closed else 'online',
        'size_bytes': 500 * GIB, 'free_bytes': (1 if closed else 350) * GIB,
        'resource_id': f'33333333-3333-4333-8333-00000000000{number}',
        'path': f'C:\\ClusterStorage\\Volume{number + 1}',
        'file_system': 'ntfs', 'medium': 'ssd', 'owner_node': 'hv01',
        'reserve_gb': 20, 'raw_percent': 300, 'maintenance': closed,
        'accepts_new_disks': not closed,
        'cut_off_nodes': ['hv02'] if closed else [],
        'redirected_nodes': ['hv01'] if closed else [], 'silent_nodes': [],
        'cached_images': [IMAGE], 'image_cache_bytes': 10 * GIB}


# -- spoiled ones


def spoiled(start: Start, path: str, way: Way, odd: object = _ODD
            ) -> Document:
    """The complete file with one fact gone; the first node's or volume's.

    :param odd: what stands in its place with ``Way.ODD``
    """
    whole = document(start)
    _use_unit(whole, path.rpartition('.')[2])
    if way in (Way.FAILED, Way.STALE):
        _spoil_section(whole, section_of(path), way)
        return whole
    holder, name = _place(whole, path)
    if way is Way.ABSENT:
        holder.pop(name)
    else:
        holder[name] = odd
    return whole


def _use_unit(whole: Document, name: str) -> None:
    """Sizes in the unit of the fact that is asked for."""
    kind, _, unit = name.partition('_')
    factor = {'gb': GIB, 'mb': 1024 ** 2}.get(unit)
    if kind in ('size', 'free') and factor:
        volume = whole['clusters'][0]['volumes'][0]
        volume[name] = volume.pop(f'{kind}_bytes') // factor


def _place(whole: Document, path: str) -> tuple[Any, str]:
    """What holds a fact, and the fact's name there."""
    *parents, name = path.split('.')
    holder: Any = whole
    for parent in parents:
        holder = holder[parent.removesuffix('[]')]
        holder = holder[0] if parent.endswith('[]') else holder
    return holder, name


def _spoil_section(whole: Document, section: str, way: Way) -> None:
    cluster = whole['clusters'][0]
    if not section:
        whole['collected_at'] = OLD
        holders = [cluster, *cluster['nodes']]
        for holder in holders:
            del holder['sections']
        return
    report = ({'error': 'access is denied'} if way is Way.FAILED
              else {'collected_at': OLD})
    holder = cluster['nodes'][0] if section in _OF_NODES else cluster
    holder['sections'][section] = report


# -- what a sync makes of them


@functools.cache
def _settled(start: Start) -> imagined_placement.ImaginedPlacement:
    """Placement after two syncs of the complete file, with a server.

    Never changed, only copied: it is made once for all cells.
    """
    stands = imagined_placement.ImaginedPlacement(NODES, settings=SETTINGS)
    told = facts.read([facts.Document('clusters.yaml', document(start))])
    stands.sync(told)
    stands.allocate(ids.volume_uuid(CLUSTER, GUIDS[0]), SHARE_GB)
    stands.sync(told)
    return stands


def settled(start: Start) -> imagined_placement.ImaginedPlacement:
    """Placement as the complete file leaves it."""
    return _settled(start).copy()


def planned(start: Start, spoilt: Document) -> planning.Plan | None:
    """What a sync of a spoiled file would do; None: no file can be used."""
    return planned_on(settled(start), spoilt)


def planned_on(stands: imagined_placement.ImaginedPlacement,
               spoilt: Document) -> planning.Plan | None:
    """The same where something else may stand."""
    try:
        told = facts.read([facts.Document(
            'clusters.yaml', copy.deepcopy(spoilt))])
    except exception.InvalidFacts:
        return None
    return stands.plan(told)


def volumes() -> Iterator[str]:
    """The uuids of the two volumes."""
    return (ids.volume_uuid(CLUSTER, guid) for guid in GUIDS)
