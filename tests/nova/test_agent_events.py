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

"""Nova's notifications have servers put right before the next pass."""

import os
import threading
import time
import uuid

import fixtures
import pytest

from hv_sched.agent import audit_pass
from hv_sched.agent import cmd
from hv_sched.agent import passes
from hv_sched.placement import names
from tests.nova import agent
from tests.nova import listening
from tests.nova import moving


def forged(*uuids):
    """What somebody else may put on the bus."""
    data = [{'uuid': value} for value in (
        *uuids, str(uuid.uuid4()), '<b>', 'x' * 100000, None, 7, [], {})]
    return [(event, body) for event in (
        'instance.delete.end', 'instance.live_migration_rollback.end',
        'service.update', 'no.such.event', None) for body in (
            *({'nova_object.data': each} for each in data), None, [], 'text')]


class AfterEvents(listening.ListeningCase):
    HEALS = ('missing', 'wrong-node')

    def test_a_rolled_back_migration_gets_its_share_at_once(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        self.restored(server)
        self.soon({'restored': 1}, lambda: self.recorder.counters().heals)

    def test_an_agent_that_was_killed_hears_it_after_its_restart(self):
        server = self.on('h1')
        self.events.stop()
        self.during_live_migration('error')
        self.live_migrate(server)
        self.assert_held(server)
        self.listen()
        self.restored(server)

    def test_a_failover_follows_where_the_cluster_agrees(self):
        self.flags(notify_on_state_change='vm_and_task_state',
                   group='notifications')
        server = self.on('h1')
        self.listen_with_owner(server, 'h2')
        self.fail_over(server, 'h2')
        self.soon({'h2': moving.COMPUTE, 'CSV1': {names.DISK_GB: 300}},
                  lambda: self.shares(server['id']))

    def test_a_failover_follows_when_the_source_knows_it_later(self):
        self.flags(notify_on_state_change='vm_and_task_state',
                   group='notifications')
        server = self.on('h1')
        path = self.listen_with_owner(server, 'h1')
        looks = self.looks_at(server)
        self.fail_over(server, 'h2')
        self.wait_for(looks)
        self.assertIn('h1', self.shares(server['id']))
        self.write_owner(path, server, 'h2')
        self.soon({'h2': moving.COMPUTE, 'CSV1': {names.DISK_GB: 300}},
                  lambda: self.shares(server['id']))

    def listen_with_owner(self, server, node):
        self.events.stop()
        path = os.path.join(self.useFixture(fixtures.TempDir()).path,
                            'clusters.yaml')
        self.write_owner(path, server, node)
        self.listen(path)
        return path

    def write_owner(self, path, server, node):
        with open(f'{path}.new', 'w') as source:
            source.write(listening.SOURCE.format(vms=(
                f'      - {{instance_uuid: {server["id"]}, '
                f'owner_node: {node}}}')))
        os.replace(f'{path}.new', path)

    def looks_at(self, server):
        """Set when the agent judged the server after an event."""
        looked = threading.Event()
        original = audit_pass.Audits.run_of

        def run_of(audits, servers, clusters):
            answer = original(audits, servers, clusters)
            if server['id'] in servers:
                looked.set()
            return answer

        self.stub_out('hv_sched.agent.audit_pass.Audits.run_of', run_of)
        return looked

    def test_a_service_that_changes_has_the_clusters_synced(self):
        service, = self.api.get_services(host='h3', binary='nova-compute')
        self.api.put_service(service['id'], {'status': 'disabled'})
        self.soon(True, lambda: self.syncs > 0)

    def test_what_is_forged_changes_nothing(self):
        server = self.on('h1')
        before = self.answers([server['id']])
        for message in forged(server['id']):
            self.send(*message)
        # The bus keeps the order: this one is the last.
        self.during_live_migration('error')
        self.assertEqual(before, self.answers([server['id']]))
        self.live_migrate(server)
        self.restored(server)

    @pytest.mark.long
    def test_a_storm_of_events_that_are_lost_doubled_late_or_forged(self):
        servers = [self.on('h1')]
        servers += [self.boot(self.flavor(20), host='h1') for _ in range(3)]
        expected = {server['id']: self.disk_of(server['id'])
                    for server in servers}
        self.alters = listening.mistreated(
            7, forged(*(server['id'] for server in servers)))
        hosts = {server['id']: 'h1' for server in servers}
        began = time.monotonic()
        moves = 0
        while len(self.emitted) < 500:
            server = servers[moves % len(servers)]
            self.during_live_migration(
                ('error', 'post', 'cancelled')[moves % 3])
            self.live_migrate(server)
            moves += 1
        seconds = time.monotonic() - began
        # The loop is the truth: it finds what was lost.
        self.settle()
        agent.once(self.placement, self.api)
        self.assertEqual(expected, {
            server: self.disk_of(server) for server in hosts})
        self.assertEqual({}, {server: held for server in hosts
                              if (held := self.held_of(server))})
        self.assertEqual([], self.findings())
        print(f'\n{len(self.emitted)} messages of {moves} moves in '
              f'{seconds:.0f} s: all shares right, audit clean')


class HowLong(listening.ListeningCase):
    """From the end of a failed move to its share in Placement."""

    MOVES = 20
    # Of the daemon; the default's figures are twelve times as long.
    INTERVAL_SECONDS = 5

    def seconds_of(self, server):
        seconds = []
        for _move in range(self.MOVES):
            self.live_migrate(server)
            ended = self.rolled_back_at()
            self.restored(server)
            seconds.append(time.monotonic() - ended)
        return sorted(seconds)

    def rolled_back_at(self):
        return max(at for at, event in self.emitted
                   if event == 'instance.live_migration_rollback.end')

    @pytest.mark.long
    def test_with_events_and_without(self):
        server = self.on('h1')
        self.during_live_migration('error')
        with_events = self.seconds_of(server)
        self.events.stop()
        stop = threading.Event()
        conf = cmd.configure(['--once'])
        for name, value in {'workers': 1, 'audit_every': 0,
                            'agent_interval': self.INTERVAL_SECONDS}.items():
            conf.set_override(name, value, group='hv_sched')
        daemon = threading.Thread(target=passes.Agent(
            conf, agent.placement_of(self.placement),
            agent.nova_of(self.api)).run_until,
            args=(stop, self.INTERVAL_SECONDS), daemon=True)
        daemon.start()
        without = self.seconds_of(server)
        stop.set()
        daemon.join()
        for label, seconds in (
                ('with events', with_events),
                (f'a pass every {self.INTERVAL_SECONDS} s', without)):
            print(f'\n{label}: min {seconds[0]:.2f} median '
                  f'{seconds[len(seconds) // 2]:.2f} p90 '
                  f'{seconds[len(seconds) * 9 // 10]:.2f} max '
                  f'{seconds[-1]:.2f} s ({len(seconds)} rolled-back moves)')
