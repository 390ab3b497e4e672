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

"""Statuses of clouds of any size, as values: what the views are shown."""

import dataclasses
import datetime

from hv_sched import features
from hv_sched.notices import Severity
from hv_sched.status.model import ChangeStatus
from hv_sched.status.model import ClusterStatus
from hv_sched.status.model import FindingStatus
from hv_sched.status.model import Forecast
from hv_sched.status.model import NodeStatus
from hv_sched.status.model import PartStatus
from hv_sched.status.model import ReservedSpace
from hv_sched.status.model import SectionStatus
from hv_sched.status.model import Status
from hv_sched.status.model import VolumeStatus

NOW = datetime.datetime(2026, 11, 27, 12, 0, 0, tzinfo=datetime.timezone.utc)
_FEATURES = tuple(feature.name for feature in features.CATALOGUE)
_SECTIONS = ('cluster', 'nodes', 'volumes', 'groups')
_NODE_SECTIONS = ('host', 'guarded', 'files')


def before(seconds: float) -> datetime.datetime:
    return NOW - datetime.timedelta(seconds=seconds)


def volume(number: int = 1, cluster: str = 'hvc1', **fields: object
           ) -> VolumeStatus:
    """A volume of 2000 GB, fuller the higher its number."""
    allocated_gb = 150 * number % 1700
    return VolumeStatus(**{
        'uuid': f'{cluster}-{number:08d}', 'cluster': cluster,
        'name': f'Volume{number}', 'state': 'open', 'total_gb': 2000,
        'reserved_gb': 180, 'capacity_gb': 1820, 'allocated_gb': allocated_gb,
        'held_gb': 0, 'free_gb': 1820 - allocated_gb,
        'reserved': (ReservedSpace('operator reserve', 50.0),
                     ReservedSpace('image cache', 42.5),
                     ReservedSpace("files no server's share covers", 83.0)),
        'size_gb': 2000.0, 'physical_free_gb': 1900.0 - allocated_gb * .8,
        'floor_gb': 100.0, 'has_drift': False,
        **fields})  # type: ignore[arg-type]


def node(number: int) -> NodeStatus:
    """Nodes differ in what they can do."""
    names = frozenset(_FEATURES[:3 + number % (len(_FEATURES) - 3)])
    return NodeStatus(f'hv{number:02d}', names, frozenset(_FEATURES[:3]),
                      '14393' if number % 5 else '17763',
                      {0: '', 11: 'down'}.get(number % 16, 'up'),
                      is_paused=number % 16 == 7,
                      is_redirected=number % 16 == 9)


def sections(nodes: int) -> tuple[SectionStatus, ...]:
    return (*(SectionStatus(name, '', before(35)) for name in _SECTIONS),
            *(SectionStatus(name, f'hv{number:02d}', before(35 + number),
                            'access is denied' if number == 3
                            and name == 'guarded' else '')
              for name in _NODE_SECTIONS for number in range(1, nodes + 1)))


def cluster(nodes: int, volumes: int, name: str = 'hvc1') -> ClusterStatus:
    """With a volume of each state, where there are enough of them."""
    names = tuple(f'hv{number:02d}' for number in range(1, nodes + 1))
    states = {
        2: {'held_gb': 260, 'free_gb': 1260, 'forecast': Forecast(
            12.4, 'disk')},
        3: {'state': 'closed', 'physical_free_gb': 61.0, 'closed': {
            'FLOOR': '61 GiB physically free, below the floor of 100 GiB'}},
        4: {'state': 'over-full', 'allocated_gb': 1900, 'free_gb': -80,
            'physical_free_gb': 20.0},
        5: {'state': 'closed', 'closed': {
            'MAINTENANCE': 'in maintenance',
            'OPERATOR': 'closed by the operator'}},
        6: {'cut_off': names[:3], 'has_drift': True},
        7: {'physical_free_gb': None, 'size_gb': None, 'reserved': ()},
        8: {'state': 'low', 'physical_free_gb': 150.0}}
    return ClusterStatus(
        name, tuple(volume(number, name, nodes=names, **states.get(number, {}))
                    for number in range(1, volumes + 1)),
        tuple(map(node, range(1, nodes + 1))), sections(nodes), before(35),
        is_described=True)


FINDINGS = (
    FindingStatus(
        'doctor', Severity.ERROR, 'volume-wiped', 'csv:hvc1/Volume4',
        'the provider has no DISK_GB inventory. A volume has lost its '
        'inventory: a reshape at the start of nova-compute writes an empty '
        'one to every associated provider.',
        'Run "csv sync"; an agent that runs does so by itself.'),
    FindingStatus(
        'audit', Severity.WARNING, 'wrong-node',
        '6f1e0e2a-93a6-4d3b-8a34-2f8c1a7e5f10 on hv03',
        '40 GB: processors and memory are allocated on hv03, the server is '
        'on hv01', 'they follow the server; the share stays'),
    FindingStatus(
        'sync', Severity.INFO, 'section-not-used', 'hvc1',
        'its facts of section guarded are not used (hv03: access is '
        'denied): what stands of it is kept'))


def status(nodes: int = 4, volumes: int = 2, clusters: int = 1,
           **fields: object) -> Status:
    """A cloud whose agent has run for a day."""
    names = [f'hvc{number}' for number in range(1, clusters + 1)]
    return Status(**{
        'read_at': before(12), 'findings': FINDINGS, 'interval': 60.0,
        'clusters': tuple(cluster(nodes, volumes, name) for name in names),
        'started_at': before(86400), 'changes': (
            ChangeStatus(before(95), 'sync', '~ csv:hvc1/Volume3 reserved '
                         '172 -> 180'),
            ChangeStatus(before(4000), 'restore', 'Restored 260 GB of '
                         '6f1e0e2a-93a6-4d3b-8a34-2f8c1a7e5f10 on volume '
                         'csv:hvc1/Volume2')),
        'parts': tuple(
            PartStatus(name, {'ok': 1440}, 'ok', 1.5, before(12), before(12))
            for name in ('Sync', 'Restoring held shares', 'Audit')),
        **fields})  # type: ignore[arg-type]


def healthy(**fields: object) -> Status:
    """Nothing to look at."""
    quiet = tuple(volume(number, nodes=('hv01', 'hv02'))
                  for number in (1, 2))
    return dataclasses.replace(
        status(2, 2), **{'findings': (), 'clusters': (dataclasses.replace(
            cluster(2, 2), volumes=quiet),),
            **fields})  # type: ignore[arg-type]
