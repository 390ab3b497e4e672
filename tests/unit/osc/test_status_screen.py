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

"""``csv status`` fits the terminal, whatever the cloud is like."""

import dataclasses

from hypothesis import given
from hypothesis import strategies
import pytest

from hv_sched.osc import fitting
from hv_sched.osc import status_columns
from hv_sched.osc import table
from hv_sched.status import verdict
from hv_sched.status.model import FindingStatus
from hv_sched.status.model import Status
from tests import status_clouds

# What a table draws above and below its rows.
BORDERS = 4


def values(status, width, height):
    return status_columns.cells(
        status, verdict.judge(status, status_clouds.NOW), width, height)


def screen(status, width=80, height=24):
    """The lines of the table's values."""
    return [line for text in table.fitted_fields(
        status_columns.NAMES, values(status, width, height), width)
        for line in text.split('\n')]


def renamed(status, name):
    return dataclasses.replace(status, clusters=tuple(
        dataclasses.replace(cluster, name=name, volumes=tuple(
            dataclasses.replace(volume, cluster=name, name=name,
                                closed={'FLOOR': name})
            for volume in cluster.volumes))
        for cluster in status.clusters), findings=tuple(
            dataclasses.replace(finding, subject=name)
            for finding in status.findings))


CLOUDS = {
    '1 node': status_clouds.status(1, 1),
    '16 nodes': status_clouds.status(16, 8),
    '64 nodes': status_clouds.status(64, 8),
    '125 clusters': status_clouds.status(8, 8, clusters=125),
    '10,000 findings': dataclasses.replace(
        status_clouds.status(64, 8), findings=status_clouds.FINDINGS * 3333),
    'nothing': Status(),
    'all well': status_clouds.healthy(),
    'long names': renamed(status_clouds.status(16, 8), 'x' * 255),
    'escapes': renamed(status_clouds.status(16, 8), '\x1b[31m\n\u202e<b>' * 9),
    'wide': renamed(status_clouds.status(16, 8), '\u5bb9\u91cf' * 60)}


@pytest.mark.parametrize('width, height', [(80, 24), (100, 24), (160, 50)])
@pytest.mark.parametrize('cloud', CLOUDS)
def test_it_fits_with_the_prompt_after_it(cloud, width, height):
    lines = screen(CLOUDS[cloud], width, height)
    assert len(lines) + BORDERS < height
    assert max(map(fitting.width_of, lines)) <= width - len(
        '| clusters |  |')
    assert not any('\x1b' in line or '\u202e' in line for line in lines)


def test_a_narrow_terminal_is_not_endless():
    assert len(screen(CLOUDS['long names'], 20, 5)) < 60


def test_trouble_comes_first_and_says_what_it_is():
    lines = [line.partition('] ')[2] for line in screen(
        status_clouds.status(16, 8), 100) if line.startswith('[')]
    assert lines[:5] == [
        'hvc1/Volume4 over-full by 80 GB',
        'hvc1/Volume6 open, not reached by 3 nodes, 920 GB free',
        'hvc1/Volume3 closed: 61 GiB physically free, below the floo...',
        'hvc1/Volume8 low, 620 GB free', 'hvc1/Volume7 open, 770 GB free']


def test_what_does_not_fit_is_counted():
    lines = screen(status_clouds.status(8, 8, clusters=20))
    shown = [line for line in lines if line.startswith('[')]
    assert f'and {160 - len(shown)} more' in lines


def test_a_tall_terminal_shows_more():
    status = status_clouds.status(8, 8, clusters=20)
    assert len(screen(status, 80, 200)) > 150


def test_the_width_may_be_unlimited():
    name = 'x' * 255
    assert any(name in line for line in screen(
        renamed(status_clouds.status(1, 1), name), 0))


def test_programs_get_all_of_it():
    status = CLOUDS['10,000 findings']
    cells = dict(zip(status_columns.NAMES, values(status, 80, 24),
                     strict=True))
    assert len(cells['findings'].machine_readable()) == 9999
    assert len(cells['volumes'].machine_readable()) == 8
    assert cells['reasons'].machine_readable()[0] == '3333 errors'
    assert cells['space'].machine_readable()['total'] == 16000


def test_a_finding_without_a_subject_is_a_line():
    finding = FindingStatus('sync', status_clouds.FINDINGS[0].severity,
                            'code', '', 'evidence')
    lines = screen(status_clouds.healthy(findings=(finding,)))
    assert 'error: code: ' in lines


@given(strategies.lists(strategies.integers(0, 99), min_size=1, max_size=6),
       strategies.integers(0, 99))
def test_lines_are_shared_and_none_is_wasted(sizes, lines):
    granted = status_columns.shares(sizes, lines)
    assert sum(granted) <= max(lines, len(sizes))
    short = [share for share, size in zip(granted, sizes, strict=True)
             if share < size]
    if short:
        assert sum(granted) == max(lines, len(sizes))
        assert max(granted) <= min(short) + 1
