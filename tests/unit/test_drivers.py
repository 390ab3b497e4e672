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

"""The table of drivers, and that nobody goes past it."""

import io
import pathlib
import re
import tokenize

import pytest

from hv_sched import drivers
from hv_sched.features import windows_builds
from hv_sched.sources import schema

ROOT = pathlib.Path(__file__).parents[2] / 'hv_sched'
NAMES = [driver.name for driver in drivers.DRIVERS]
LIBVIRT = [driver for driver in drivers.DRIVERS
           if not driver.has_windows_features]


def _texts(path):
    """The string literals of a module."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
    return [token.string for token in tokens
            if token.type == tokenize.STRING
            and not token.string.startswith(('"""', 'r"""'))]


def test_a_source_may_name_exactly_the_drivers_of_the_table():
    cluster = schema.load()['$defs']['cluster']['properties']
    assert cluster['driver']['enum'] == NAMES


def test_a_cluster_without_a_driver_is_one_of_hyper_v():
    assert drivers.of(None) is drivers.DEFAULT is drivers.of('hyperv')


@pytest.mark.parametrize('name', NAMES)
def test_each_driver_is_looked_up_by_its_name(name):
    assert drivers.of(name).name == name


def test_only_the_table_names_a_libvirt_driver():
    """Core code asks the table: a driver more is a row more."""
    guilty = {
        str(path.relative_to(ROOT)) for path in ROOT.rglob('*.py')
        if path.name != 'drivers.py'
        and any(re.search(driver.name, text) for driver in LIBVIRT
                for text in _texts(path))}
    assert guilty == set()


def test_no_code_asks_for_the_name_of_a_driver():
    guilty = {str(path.relative_to(ROOT)) for path in ROOT.rglob('*.py')
              if path.name != 'drivers.py'
              and re.search(r'\bdriver\.name\b|drivers\.DEFAULT\b',
                            path.read_text())}
    # The default of a field says nothing about what it does.
    assert guilty <= {'model.py'}


def test_the_largest_disk_of_hyper_v_is_the_largest_vhdx():
    assert drivers.DEFAULT.largest_disk_gb == windows_builds.MAX_VHDX_GB


def test_copies_during_a_cold_move():
    assert [driver.cold_move_copies for driver in drivers.DRIVERS] == [
        2, 2, 1]


def test_a_disk_that_keeps_its_name_is_never_moved_to_another_cell():
    """Confirming there deletes the disk of that name, which is in use."""
    for driver in drivers.DRIVERS:
        is_refused = driver.cross_cell_resize is drivers.CrossCell.REFUSED
        assert is_refused == bool(driver.cold_move_keeps_disk)
