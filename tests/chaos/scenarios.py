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

"""The clouds that meet faults, each before a command works on it."""

import collections.abc
import dataclasses
import pathlib
import sqlite3
import tempfile
import typing

from hv_sched import sources
from hv_sched.placement import names
from tests.functional import base
from tests.functional import command_line
from tests.functional import published_cloud
from tests.functional import unadopted_cloud

_NODES = '''  - {name: hv01, build: 14393}
  - {name: hv02, build: 14393}
'''
PLAIN = command_line.SOURCE
# Of what a cluster can have, something of each kind.
RICH = PLAIN.replace(_NODES, '''  - {name: hv01, build: 14393,
     remotefx_enabled: true, guarded_host: true,
     gpus: [{name: card, total_vram_mb: 1024, available_vram_mb: 1024}]}
  - {name: hv02, build: 14393}
''')
# A node more, one that is paused, less free space, a slower disk.
CHANGED = PLAIN.replace(_NODES, '''  - {name: hv01, build: 14393}
  - {name: hv02, build: 14393, state: paused}
  - {name: hv03, build: 14393}
''').replace('free_gb: 410', 'free_gb: 300, medium: hdd')
# What an operator decides of it: it closes, and reserves more.
OVERRIDES = '''
version: 1
volumes:
- {name: Volume1, accepts_new_disks: false, reserve_gb: 40, medium: ssd}
'''
HELD_GB = 50


@dataclasses.dataclass
class Scenario:
    """:ivar cloud: what Nova and Placement know
    :ivar source: the description of the clusters
    """

    cloud: typing.Any
    source: str
    _copy: sqlite3.Connection

    def restore(self) -> None:
        """As it was before the first command."""
        base.application().restore(self._copy)


def of(name: str, placement: base.Placement) -> Scenario:
    """Build the cloud with this name in an empty Placement."""
    base.application().empty()
    cloud, source = _BUILDERS[name](placement)
    return Scenario(cloud, source, base.application().copy())


def _stock(placement: base.Placement) -> tuple[typing.Any, str]:
    """Servers on the nodes' own disks, one of them in VERIFY_RESIZE."""
    cloud = unadopted_cloud.UnadoptedCloud(placement)
    for number in range(4):
        cloud.server(f'hv0{number % 2 + 1}', 20)
    cloud.resized('hv01', 'hv02', 10, 20)
    return cloud, PLAIN


def _empty(placement: base.Placement) -> tuple[typing.Any, str]:
    """Nodes without servers, one with a GPU."""
    cloud = unadopted_cloud.UnadoptedCloud(placement)
    return cloud, RICH


def _published(placement: base.Placement) -> tuple[typing.Any, str]:
    """Servers with shares; and of what an audit finds, some."""
    cloud = published_cloud.PublishedCloud(placement)
    for number in range(4):
        cloud.server(f'hv0{number % 2 + 1}', disk_gb=20)
    cloud.drop(cloud.server('hv01', disk_gb=20))
    escrow = cloud.server('hv02', disk_gb=HELD_GB)
    cloud.hold(escrow, {
        cloud.nodes['hv02']: published_cloud.COMPUTE,
        published_cloud.VOLUME: {names.HELD_DISK_GB: HELD_GB}})
    cloud.known(cloud.create(10, 'hv01'), 'hv02', 10)  # failed over
    cloud.nova.deleted.add(cloud.create(30, 'hv01'))
    cloud.create(5, 'hv01')  # nobody's
    return cloud, PLAIN


def _healthy(placement: base.Placement) -> tuple[typing.Any, str]:
    cloud = published_cloud.PublishedCloud(placement)
    for number in range(4):
        cloud.server(f'hv0{number % 2 + 1}', disk_gb=20)
    return cloud, PLAIN


def _synced(placement: base.Placement) -> tuple[typing.Any, str]:
    """A published cluster that is as the source has it."""
    cloud, source = _healthy(placement)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'clusters.yaml')
        path.write_text(source)
        cloud.sync(sources.load(str(path)))
    return cloud, source


def _changed(placement: base.Placement) -> tuple[typing.Any, str]:
    """A published cluster about which the source tells something new."""
    cloud, _source = _healthy(placement)
    cloud.register('hv03')
    cloud.nova.nodes = cloud.nodes
    return cloud, CHANGED


def _departed(placement: base.Placement) -> tuple[typing.Any, str]:
    """A published cluster whose source no longer lists hv03."""
    cloud = published_cloud.PublishedCloud(
        placement, nodes=('hv01', 'hv02', 'hv03'))
    for number in range(2):
        cloud.server(f'hv0{number + 1}', disk_gb=20)
    return cloud, PLAIN


_BUILDERS: dict[str, collections.abc.Callable[
    [base.Placement], tuple[typing.Any, str]]] = {
        'stock': _stock, 'empty': _empty, 'published': _published,
        'healthy': _healthy, 'synced': _synced, 'changed': _changed,
        'departed': _departed}
