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


"""Servers that move: what happens on the way is the test's to say."""

import datetime
import threading
import time
from typing import Any

from nova import context as nova_context
from nova import exception
from nova import objects
import nova.conf
from nova.db.main import api as main_db
from nova.db.main import models
from nova.virt import fake
from oslo_utils import timeutils

from hv_sched import model
from hv_sched.placement import names
from tests.nova import agent
from tests.nova import base
from tests.nova import publish

_OPEN = ('accepted', 'queued', 'pre-migrating', 'preparing', 'running',
         'migrating', 'post-migrating', 'confirming', 'reverting')
_PATIENCE_S = 180
COMPUTE = {'VCPU': 1, 'MEMORY_MB': 512}


class Killed(BaseException):
    """The process died here.

    Nothing that handles errors in Nova catches it, so no reply is sent, no
    roll-back is made, and the databases stay as they are at this point.
    """


class MovingCase(base.NovaCase):
    """One 500 GB volume and a server of 300 GB: room for it once."""

    HOSTS = ('h1', 'h2', 'h3')
    CLUSTERS: tuple[dict[str, tuple[str, ...]], ...] = (
        {'CSV1': ('h1', 'h2', 'h3')},)
    CHOOSES = False

    def setUp(self) -> None:
        super().setUp()
        self.start_hosts()
        self.publish(*self.published())
        self.big = self.flavor(300)

    def published(self) -> list[model.Cluster]:
        """The clusters there are when a test begins."""
        return [publish.cluster(f'c{number}', homes,
                                placement_chooses_volume=self.CHOOSES)
                for number, homes in enumerate(self.CLUSTERS)]

    def on(self, host: str) -> dict[str, Any]:
        return self.boot(self.big, host=host)

    # -- what is asked of Nova

    def live_migrate(self, server: Any, host: str | None = None) -> str:
        """Live migrate; returns the migration's last status."""
        return self.act(server, {'os-migrateLive': {
            'host': host, 'block_migration': 'auto'}})

    def evacuate(self, server: Any, host: str | None = None) -> str:
        """Evacuate from a host that is down."""
        return self.act(server, {
            'evacuate': {'host': host} if host else {}})

    def act(self, server: Any, body: dict[str, Any]) -> str:
        """Do an action and wait until its migration is over."""
        before = len(self.migrations(server))
        self.api.post_server_action(server['id'], body)
        return self.until_over(server, before)

    def start(self, server: Any, body: dict[str, Any]) -> None:
        """Ask for an action, and do not wait for its end."""
        self.api.post_server_action(server['id'], body)

    def wait_for(self, event: threading.Event) -> None:
        self.assertTrue(event.wait(_PATIENCE_S), 'it was never reached')

    def until_over(self, server: Any, before: int) -> str:
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            found = self.migrations(server)
            now = self.api.get_server(server['id'])
            if (len(found) > before and found[-1].status not in _OPEN
                    and now['OS-EXT-STS:task_state'] is None):
                return str(found[-1].status)
            time.sleep(0.1)
        raise AssertionError(f'{now["status"]} {found}')

    def crash(self, host: str) -> None:
        """A node goes down without a word."""
        self.computes[host].stop()
        services = self.api.get_services(host=host, binary='nova-compute')
        self.api.put_service_force_down(services[0]['id'], True)

    def come_back(self, host: str) -> None:
        """A node starts again and cleans up; only then Nova lets it up."""
        self.computes[host] = self.restart_compute_service(
            self.computes[host])
        services = self.api.get_services(host=host, binary='nova-compute')
        self.api.put_service_force_down(services[0]['id'], False)

    def age(self, server: Any, hours: float) -> None:
        """The records of the server's migrations are so much older."""
        written = timeutils.utcnow() - datetime.timedelta(hours=hours)

        @main_db.pick_context_manager_writer
        def age(context: Any) -> None:
            context.session.query(models.Migration).filter_by(
                instance_uuid=server['id']).update(
                    {'created_at': written, 'updated_at': written})

        context = nova_context.get_admin_context()
        for cell in objects.CellMappingList.get_all(context):
            with nova_context.target_cell(context, cell) as target:
                age(target)

    def fill(self, host: str) -> None:
        """Leave no memory on a node."""
        path = (f'/resource_providers/{self.node(host)}'
                '/inventories/MEMORY_MB')
        now = self.placement.get(path, version='1.39').body
        found = self.placement.put(
            path, {**now, 'reserved': now['total']}, version='1.39')
        assert found.status == 200, found.body

    # -- what the agent does

    def agent_pass(self) -> int:
        """One pass of hv-sched-agent; returns its exit code."""
        keeps = (not self.STOCK
                 and nova.conf.CONF.hv_sched.cold_move_keeps_disk)
        return agent.once(self.placement, self.api, keeps)

    # -- what happens on the way

    def during_live_migration(self, then: str = 'post') -> list[Any]:
        """All shares while the hypervisor migrates.

        :param then: post, or error and cancelled for a rollback
        """
        seen: list[Any] = []

        def live_migration(driver: Any, context: Any, instance: Any,
                           dest: Any, post: Any, recover: Any,
                           block_migration: Any = False,
                           migrate_data: Any = None) -> None:
            seen.append(self.all_shares())
            if then == 'post':
                post(context, instance, dest, block_migration, migrate_data)
            else:
                recover(context, instance, dest, migrate_data,
                        migration_status=then)

        self.stub_out('nova.virt.fake.FakeDriver.live_migration',
                      live_migration)
        return seen

    def refuse_pre_check(self, times: int) -> list[str]:
        """The first destinations say no; returns which they were."""
        refused: list[str] = []
        original = fake.FakeDriver.check_can_live_migrate_destination

        def check(driver: Any, *args: Any, **kwargs: Any) -> Any:
            if len(refused) < times:
                refused.append(driver._host)
                raise exception.MigrationPreCheckError(reason='not here')
            return original(driver, *args, **kwargs)

        self.stub_out('nova.virt.fake.FakeDriver.'
                      'check_can_live_migrate_destination', check)
        return refused

    # -- what must be so

    def assert_at_rest(self, server: Any, host: str,
                       share: dict[str, int] | None = None,
                       volume: str = 'CSV1') -> None:
        """One share, one node, nothing held, nothing of a migration."""
        self.assertEqual(host, self.host_of(server))
        self.assert_soon({
            host: COMPUTE, volume: share or {names.DISK_GB: 300}}, server)
        self.assertEqual({server['id']}, set(self.all_shares()))

    def assert_held(self, server: Any, host: str = 'h1',
                    volume: str = 'CSV1') -> None:
        """The escrow says exactly what to restore."""
        self.assert_at_rest(server, host, {names.HELD_DISK_GB: 300}, volume)

    def assert_one_share(self, server: Any, volume: str = 'CSV1') -> None:
        """The table, whatever Nova makes of the nodes' part.

        The server holds its share once, nothing is held for it, and nobody
        else has anything on a volume but a migration Nova still calls open,
        whose escrow takes no room.
        """
        self.assertEqual({volume: 300}, self.disk_of(server['id']))
        self.assertEqual({}, self.held_of(server['id']))
        self.assertEqual(300, self.used_gb(volume))
        still_open = {migration.uuid for migration in self.migrations(server)
                      if migration.status in _OPEN}
        for consumer in self.all_shares().keys() - {server['id']}:
            self.assertEqual({}, self.disk_of(consumer))
            if consumer not in still_open:
                self.assertEqual({}, self.held_of(consumer))

    def assert_soon(self, expected: Any, server: Any) -> None:
        """Nova ends a migration a moment before it is done with it."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            if (self.shares(server['id']) == expected
                    and set(self.all_shares()) == {server['id']}):
                break
            time.sleep(0.1)
        self.assertEqual(expected, self.shares(server['id']))
