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

"""Cold migrations and resizes on a running Nova, up to their end."""

from nova import exception as nova_exception
from nova.compute import manager

from tests.nova import moving


class ColdMoveCase(moving.MovingCase):
    """Moves servers to VERIFY_RESIZE and from there."""

    def migrate(self, server, host=None):
        self.api.post_server_action(
            server['id'], {'migrate': {'host': host} if host else None})
        return self.until_verify(server)

    def resize(self, server, flavor):
        self.api.post_server_action(
            server['id'], {'resize': {'flavorRef': flavor}})
        return self.until_verify(server)

    def until_verify(self, server):
        self._wait_for_state_change(server, 'VERIFY_RESIZE')
        return self.migrations(server)[-1].uuid

    def confirm(self, server):
        self.act_on_last(server, {'confirmResize': None})

    def revert(self, server):
        self.act_on_last(server, {'revertResize': None})

    def act_on_last(self, server, body):
        self.api.post_server_action(server['id'], body)
        self.until_over(server, 0)
        self._wait_for_state_change(server, 'ACTIVE')

    def fail_prep(self, times):
        """The first destinations fail before anything was moved."""
        original = manager.ComputeManager._prep_resize
        failed = []

        def prep(compute, *args, **kwargs):
            if len(failed) < times:
                failed.append(compute.host)
                raise nova_exception.ComputeResourcesUnavailable(
                    reason='not here')
            return original(compute, *args, **kwargs)

        self.stub_out('nova.compute.manager.ComputeManager._prep_resize',
                      prep)
        return failed
