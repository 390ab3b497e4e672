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

"""When a disk that stays on its volume may be left behind by a move."""

from nova import exception
from nova import objects
import pytest

from hv_sched.placement import names
from hv_sched.request_filters import bound_disk
from hv_sched.request_filters import operation
from hv_sched.request_filters import refusal
from hv_sched.request_filters import specs
from hv_sched.snapshot import volumes

POOL = volumes.VolumeState('v1', 'csv:ceph/vms', 500, 0, traits=frozenset(
    (names.COLD_MOVE_KEEPS_DISK,)))
SNAPSHOT = volumes.Snapshot({'v1': POOL}, {'n1': 'r1'}, {}, frozenset())


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


def refused(is_home, **fields):
    move = operation.Operation(operation.RESIZE, 's', 'm',
                               objects.CellMapping())
    spec = objects.RequestSpec(requested_destination=objects.Destination(
        host='r3', **fields))
    with pytest.raises(exception.RequestFilterFailed) as caught:
        bound_disk.check_leaving(spec, move, SNAPSHOT, ['v1'], is_home)
    return refusal.details(caught.value)


def test_on_one_volume_it_goes_to_no_other_cell():
    """The new disk would have the name of the one in use."""
    text = refused(is_home=True, allow_cross_cell_move=True)
    assert 'its disk is on csv:ceph/vms' in text
    assert 'confirming would delete the disk in use' in text


def test_inside_its_cell_it_goes_to_no_host_without_the_volume():
    assert refused(is_home=False, allow_cross_cell_move=False) == (
        'its disk stays on csv:ceph/vms, which is not the home of r3')


def test_a_disk_that_stays_keeps_the_server_in_its_cell():
    """Nova reads the cell only where it may not be left."""
    spec = objects.RequestSpec(requested_destination=objects.Destination(
        allow_cross_cell_move=True))
    cell = objects.CellMapping()
    specs.stay_in_cell(spec, cell)
    assert spec.requested_destination.cell is cell
    assert not specs.may_leave_cell(spec)
