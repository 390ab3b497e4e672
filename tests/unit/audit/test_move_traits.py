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

"""Where a server's files are, when its volumes say what moves do."""

import pytest

from hv_sched.audit import context
from hv_sched.audit import file_history
from hv_sched.compute.servers import Migration
from hv_sched.placement import names

UNKNOWN = file_history.Uncertainty.UNKNOWN
KEEPS = frozenset((names.COLD_MOVE_KEEPS_DISK,))
COPIES = frozenset((names.COLD_MOVE_COPIES_DISK,
                    names.LIVE_MOVE_COPIES_DISK))
NODES = {'n1': context.NodeVolumes('a1', frozenset('A'), frozenset('AB')),
         'n2': context.NodeVolumes('a2', frozenset('A'), frozenset('AB')),
         'n3': context.NodeVolumes('b1', frozenset('B'), frozenset('AB'))}


def place(traits, otherwise, moves):
    known = context.AuditContext(
        {'A': 'csv:c1/A', 'B': 'csv:c1/B'}, NODES, moves={'s': moves},
        cold_moves_keep_disk=otherwise,
        move_traits=dict.fromkeys('AB', traits) if traits else {})
    return known.volume_by_moves('s', 'AB')


def move(kind, dest, source='a1'):
    status = 'completed' if kind == 'live-migration' else 'confirmed'
    return Migration('m', 's', status, dest, source_node=source, kind=kind)


@pytest.mark.parametrize('otherwise', [False, True])
@pytest.mark.parametrize(('traits', 'kind', 'dest', 'volume'), [
    (COPIES, 'migration', 'b1', 'B'), (COPIES, 'migration', 'a2', 'A'),
    (COPIES, 'live-migration', 'b1', 'B'), (KEEPS, 'migration', 'a2', UNKNOWN),
    (KEEPS, 'live-migration', 'b1', UNKNOWN)])
def test_the_volumes_traits_go_before_the_option(otherwise, traits, kind,
                                                 dest, volume):
    assert place(traits, otherwise, [move(kind, dest)]) == volume


@pytest.mark.parametrize(('otherwise', 'volume'), [
    (False, 'B'), (True, UNKNOWN)])
def test_without_traits_it_is_the_option(otherwise, volume):
    assert place(None, otherwise, [move('migration', 'b1')]) == volume


def test_a_live_migration_inside_its_home_moves_no_files():
    history = [move('live-migration', 'a2'),
               Migration('m', 's', 'failed', 'b1', source_node='a2',
                         kind='evacuation')]
    assert place(COPIES, False, history) == 'A'
