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

"""Which files a look of the storm asks a share for."""

import types

import pytest

from tests.storm import disks

reading = pytest.importorskip('tests.storm.reading')

MINE = disks.Copy('instance-1', 'mine', 20)


def uncovered(resized, deleting, shares=()):
    """What a look sees of one server's files."""
    snapshot = reading._snapshot(
        (), (), shares, [('mine', resized, deleting)], ())
    look = reading.Reading(
        types.SimpleNamespace(copies=lambda: {MINE}, uuid=str,
                              note=lambda servers, used_gb: None),
        types.SimpleNamespace(snapshot=lambda volume: snapshot))
    look()
    return look.uncovered


def test_files_of_a_server_without_a_share_are_a_fault():
    assert uncovered(0, 0) == {'mine': 20}
    assert uncovered(0, 0, [('mine', 'DISK_GB', 20)]) == {}


def test_nova_deletes_the_share_of_a_node_that_is_down_before_the_files():
    assert uncovered(0, 1) == {}
