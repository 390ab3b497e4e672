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

"""A refusal is one sentence for the user and one line for the operator.

The user reads it in ``openstack server show`` and in the events of an action,
the operator in the log of nova-scheduler.
"""

import logging
import re

from nova import context as nova_context
from nova import objects

from hv_sched.placement import names
from hv_sched.request_filters import refusal
from tests.nova import cold_moves
from tests.nova import features
from tests.nova import placement

_UUID = re.compile('[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}')
_MAX_CHARACTERS = 255


class _Journal(logging.Handler):
    """The lines of hv_sched's log; who asked stands before them.

    oslo.log writes the request ID, see tests/unit/request_filters. Here all
    services share the memory in which it is kept.
    """

    def __init__(self):
        super().__init__(logging.INFO)
        self.lines = []

    def emit(self, record):
        self.lines.append(f'{record.levelname} {record.getMessage()}')


class RefusalMixin:
    """Sees what users and operators are told."""

    def journal(self):
        journal = _Journal()
        logger = logging.getLogger('hv_sched')
        logger.addHandler(journal)
        self.addCleanup(logger.removeHandler, journal)
        return journal

    def action_of(self, server):
        """The newest action of a server, with its events."""
        client = self.api_fixture.admin_api
        kept, client.microversion = client.microversion, '2.84'
        newest = client.get_instance_actions(server['id'])[0]
        found = client.api_get(
            f'/servers/{server["id"]}/os-instance-actions/'
            f'{newest["request_id"]}').body['instanceAction']
        client.microversion = kept
        return found

    def recorded_fault(self, server):
        """What Nova shows once the server is in ERROR."""
        context = nova_context.get_admin_context()
        mapping = objects.InstanceMapping.get_by_instance_uuid(
            context, server['id'])
        with nova_context.target_cell(context, mapping.cell_mapping) as cell:
            return objects.InstanceFault.get_latest_for_instance(
                cell, server['id']).message

    def assert_sentence(self, shown, sentence):
        """A user reads this, and nothing that is not his to know."""
        prefix = 'No valid host was found. '
        self.assertEqual(sentence, shown.removeprefix(prefix).removeprefix(
            'Scheduling failed: '))
        self.assertTrue(shown.startswith(prefix), shown)
        self.assertLessEqual(len(shown), _MAX_CHARACTERS)
        self.assertIsNone(_UUID.search(shown), shown)
        for internal in (*self.HOSTS, 'csv:', 'CSV1', 'CUSTOM_'):
            self.assertNotIn(internal, shown)

    def assert_one_line(self, journal, server, *texts):
        """The operator reads this, once."""
        line, = journal.lines
        for text in ('INFO ', server['id'], *texts):
            self.assertIn(text, line)


class VolumeRefusals(RefusalMixin, cold_moves.ColdMoveCase):

    OPTIONS = {'cold_move_keeps_disk': True}

    def left_by_a_rollback(self):
        server = self.on('h1')
        self.during_live_migration('error')
        self.live_migrate(server)
        return server

    def refused(self, **kwargs):
        """A server of 400 GB that gets no host, and what is logged."""
        journal = self.journal()
        server = self.boot(self.flavor(400), state='ERROR', **kwargs)
        return server, journal

    def test_room_that_is_kept(self):
        self.left_by_a_rollback()
        server, journal = self.refused()
        sentence = (
            'No host has room for a disk of 400 GB on its shared volume; use '
            'a flavor with a smaller disk or try again later')
        self.assert_sentence(self.fault_of(server), sentence)
        self.assert_one_line(
            journal, server,
            'SharedVolumeFilter refused 3 of 3 hosts: h1, h2, h3: 400 GB on '
            'volume csv:c0/CSV1: of its 500 GB 0 are used and 300 kept for '
            'servers whose move failed, 200 are left')

    def test_several_servers_are_refused_in_one_line(self):
        self.left_by_a_rollback()
        journal = self.journal()
        servers = self.boot_many(self.flavor(201), 2, state='ERROR')
        self.assertEqual(1, len(journal.lines), journal.lines)
        for server in servers:
            self.assertIn('room for a disk of 201 GB', self.fault_of(server))

    def test_of_several_the_first_gives_its_allocations_back(self):
        """Nova releases them only when no exception ends the request."""
        server = self.left_by_a_rollback()
        for refused in self.boot_many(self.flavor(150), 2, state='ERROR'):
            self.assertEqual({}, self.shares(refused['id']))
        self.assertEqual({server['id']}, set(self.all_shares()))

    def test_a_forced_host_that_is_full(self):
        self.left_by_a_rollback()
        server, journal = self.refused(az='nova:h2')
        self.assert_sentence(
            self.fault_of(server),
            'The requested host cannot take a disk of 400 GB now; choose '
            'another host, a flavor with a smaller disk, or try again later')
        self.assert_one_line(
            journal, server,
            'request_filter_disk_group refused the request: 400 GB on volume '
            'csv:c0/CSV1: of its 500 GB 0 are used and 300 kept')

    def test_growth_on_a_closed_volume(self):
        server = self.boot(self.flavor(200), host='h1')
        self.publisher.add_traits(
            self.volumes['CSV1'], names.NO_NEW_DISKS,
            'CUSTOM_CSV_CLOSED_MAINTENANCE')
        journal = self.journal()
        self.act(server, {'resize': {'flavorRef': self.flavor(250)}})
        # Nova shows "No valid host found for resize" and keeps the reason.
        self.assert_sentence(
            self.recorded_fault(server),
            'The disk of the server cannot grow to 250 GB now; use a flavor '
            'with a smaller disk or try again later')
        self.assert_one_line(
            journal, server,
            'SharedVolumeFilter refused the move, because its disk share '
            'cannot be handed over: volume csv:c0/CSV1 is closed to new '
            'disks: in maintenance')

    def test_a_placement_that_does_not_answer(self):
        server = self.on('h1')
        journal = self.journal()
        self.add_fault('GET', '^/allocations/', placement.only_ours(
            placement.answer(503)))
        self.assertEqual('error', self.live_migrate(server, 'h2'))
        action = self.action_of(server)
        details = [event['details'] for event in action['events']
                   if event['result'] == 'Error'
                   and event['details'].startswith('No valid host')]
        self.assertTrue(details, action)
        for text in details:
            self.assert_sentence(text, refusal.TRY_LATER)
        refusals = [line for line in journal.lines if 'refused' in line]
        self.assertEqual(1, len(refusals), journal.lines)
        self.assertIn('read the allocations of', refusals[0])


class FeatureRefusals(RefusalMixin, features.FeatureCase):

    def test_a_contradiction_names_the_keys(self):
        journal = self.journal()
        server = self.ask(({}, {}, {**features.SHIELDED, 'os_type': 'linux'}),
                          state='ERROR')
        self.assert_sentence(
            self.fault_of(server),
            'No Hyper-V host can run this server: image '
            'os_shielded_vm=required with image os_type=linux: shielded VM is '
            'for Windows servers only (and 1 more)')
        self.assert_one_line(
            journal, server,
            'request_filter_features refused the request', 'virtual TPM is '
            'for Windows servers only')

    def test_a_feature_no_host_offers_is_named_as_users_know_it(self):
        journal = self.journal()
        self.stub_out('hv_sched.query.rules.unknown', lambda *args: [
            'CUSTOM_HYPERV_SHIELDED_VM'])
        server = self.ask(({}, {}, features.SHIELDED), state='ERROR')
        self.assert_sentence(
            self.fault_of(server),
            'No host offers shielded VM (image os_shielded_vm=required); use '
            'another image or flavor')
        self.assert_one_line(
            journal, server,
            'no node has ever had CUSTOM_HYPERV_SHIELDED_VM (asked by image '
            'os_shielded_vm=required)')
