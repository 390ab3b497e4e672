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


"""Servers that the cluster starts elsewhere, whoever tells Nova of it."""

from nova import context as nova_context
from nova import objects

from tests.nova import cold_moves


class FailoverCase(cold_moves.ColdMoveCase):
    """Two volumes of two nodes each; a subclass says what ``fail_over`` does.
    """

    HOSTS = ('h1', 'h2', 'h3', 'h4')
    CLUSTERS = ({'CSV1': ('h1', 'h2'), 'CSV2': ('h3', 'h4')},)

    def cell_context(self):
        context = nova_context.get_admin_context()
        cell, = (cell for cell in objects.CellMappingList.get_all(context)
                 if cell.name == 'cell1')
        nova_context.set_target_cell(context, cell)
        return context

    def test_while_a_share_is_held_it_is_restored_on_the_new_node(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server, 'h2')
        self.assert_held(server)
        self.crash('h1')
        self.fail_over(server, 'h2')
        self.assert_held(server, 'h2')
        self.agent_pass()
        self.assert_at_rest(server, 'h2')
