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

"""The page of what each driver does with disks, from its table."""

from collections.abc import Callable
import pathlib

from doc import rst
from hv_sched import drivers
from hv_sched.drivers import Driver

PAGE = pathlib.Path(__file__).parent / 'source/reference/drivers.rst'

INTRODUCTION = """\
=======
Drivers
=======

.. This page is written by python -m doc.generate.

``driver`` of a cluster in the source says which Nova driver its nodes run and
where that keeps the disks of servers. All that hv_sched does differently
follows from this table.
"""
_REACH = {drivers.Reach.CLUSTER: 'any node of the cluster',
          drivers.Reach.HOME: 'only nodes whose home the volume is'}
_EVACUATION = {
    drivers.Leftover.CLEANED: 'the source deletes the old files when it '
                              'returns',
    drivers.Leftover.KEPT: 'the old disk is kept for good; ``reserved`` '
                           'covers it'}
_CROSS_CELL = {
    drivers.CrossCell.COPIED: 'two copies until confirmed',
    drivers.CrossCell.REFUSED: 'refused: the confirm would delete the disk '
                               'in use'}

_REPORTED = {
    drivers.Reported.VOLUME: 'the volume',
    drivers.Reported.RAW_CLUSTER: 'raw bytes of the whole storage cluster'}


def _copies(driver: Driver) -> str:
    number = str(driver.cold_move_copies)
    if driver.cold_move_keeps_disk is None:
        number += '; 1 with ``[hv_sched]cold_move_keeps_disk``'
    return f'{number} ({driver.cold_move_detail})'


_ROWS: tuple[tuple[str, Callable[[Driver], str]], ...] = (
    ('Volume', lambda driver: driver.storage),
    ('Copies during a cold migration or resize', _copies),
    ('Cold migration that keeps the disk, to', lambda driver: _REACH[
        driver.cold_move_reach] if driver.cold_move_keeps_disk is not False
        else 'none does'),
    ('Live migration that keeps the disk, to', lambda driver: _REACH[
        driver.live_move_reach] + (
            '; the disk is copied along to others'
            if driver.live_move_reach is drivers.Reach.HOME else '')),
    ('Evacuation to another home', lambda driver: _EVACUATION[
        driver.evacuation]),
    ('Resize to another cell on one volume', lambda driver: _CROSS_CELL[
        driver.cross_cell_resize]),
    ('A node reports as its own disk', lambda driver: _REPORTED[
        driver.reported]),
    ('Features and traits of Hyper-V', lambda driver: (
        'yes' if driver.has_windows_features else 'no')),
    ('Largest disk of a server', lambda driver: (
        f'{driver.largest_disk_gb} GiB (VHDX)' if driver.largest_disk_gb
        else 'the volume')),
    ('Case of volume names', lambda driver: (
        'ignored' if driver.ignores_case else 'matters')),
)


def page() -> str:
    return '\n'.join((INTRODUCTION, *rst.table(
        ('', *(f'``{driver.name}``' for driver in drivers.DRIVERS)),
        ((title, *(cell(driver) for driver in drivers.DRIVERS))
         for title, cell in _ROWS))))
