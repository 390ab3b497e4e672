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

"""Servers in every state, as a cloud in use has them.

Each is asked of the command line client; those that a step needs to be on a
certain node are forced there.
"""

from tests.cloud import client
from tests.cloud import cloud
from tests.cloud import processes
from tests.cloud import services

# Name: flavor and options of ``server create``.
CREATED = {
    'active-1': ('disk10', '--availability-zone', 'az1:hv01'),
    'active-2': ('disk10', '--availability-zone', 'az1:hv02'),
    'active-3': ('disk20', '--availability-zone', 'az1:hv03'),
    'other-cluster': ('disk20', '--availability-zone', 'az2'),
    'shut-off': ('disk10', '--availability-zone', 'az1:hv01'),
    'shut-off-2': ('disk10', '--availability-zone', 'az1:hv02'),
    'paused': ('disk10', '--availability-zone', 'az1:hv02'),
    'suspended': ('disk10', '--availability-zone', 'az1:hv02'),
    'reset-to-error': ('disk10', '--availability-zone', 'az1:hv01'),
    'resized-within': ('disk10', '--availability-zone', 'az1'),
    'resized-across': ('disk10', '--host', 'hv02'),
    'migrated-within': ('disk10', '--host', 'hv01'),
    'shelved': ('disk10', '--availability-zone', 'az1'),
    'soft-deleted': ('disk10', '--availability-zone', 'az1:hv01'),
    'evacuated': ('disk10', '--availability-zone', 'az1:hv03'),
    'evacuated-back': ('disk10', '--availability-zone', 'az1:hv03'),
    'diskless': ('diskless', '--availability-zone', 'az1:hv01'),
    'ephemeral-and-swap': ('disk10-ephemeral5-swap2',
                           '--availability-zone', 'az1:hv02'),
    'image-default': ('disk10',),
}
# What brings them into their states.
OPERATIONS = (
    ('stop', 'shut-off', 'shut-off-2'),
    ('pause', 'paused'),
    ('suspend', 'suspended'),
    ('set', '--state', 'error', '--auto-approve', 'reset-to-error'),
    ('resize', '--flavor', 'disk20', 'resized-within'),
    ('migrate', '--host', 'hv04', 'resized-across'),
    ('migrate', '--host', 'hv02', 'migrated-within'),
    ('shelve', 'shelved'),
    ('delete', 'soft-deleted'),
)
# Fails on its node, and nowhere else is allowed.
FAILED = 'failed-to-spawn'
STATUSES = {
    **dict.fromkeys(CREATED, 'ACTIVE'), 'shut-off': 'SHUTOFF',
    'shut-off-2': 'SHUTOFF', 'paused': 'PAUSED', 'suspended': 'SUSPENDED',
    'reset-to-error': 'ERROR', 'resized-within': 'VERIFY_RESIZE',
    'resized-across': 'VERIFY_RESIZE', 'migrated-within': 'VERIFY_RESIZE',
    'shelved': 'SHELVED_OFFLOADED', FAILED: 'ERROR', 'evacuated': 'SHUTOFF',
    'evacuated-back': 'SHUTOFF'}
del STATUSES['soft-deleted']


def make(openstack: client.OpenStack, home: cloud.Cloud) -> None:
    """Create all of them and bring each into its state."""
    openstack.do_all(client.creation(name, flavor, *where)
                     for name, (flavor, *where) in CREATED.items())
    openstack.wait(dict.fromkeys(CREATED, 'ACTIVE'))
    _fail_to_spawn(openstack, home)
    openstack.do_all(('server', *operation) for operation in OPERATIONS)
    moved = ('evacuated', 'evacuated-back')
    openstack.wait({name: status for name, status in STATUSES.items()
                    if name not in moved})
    evacuate(openstack, home, moved, 'hv03', 'hv01')
    openstack.wait(STATUSES)


def _fail_to_spawn(openstack: client.OpenStack, home: cloud.Cloud) -> None:
    failure = home.folder.state / 'nodes' / 'hv01' / 'fail' / 'spawn'
    failure.write_text('no such VHD')
    openstack.create(FAILED, 'disk10', '--availability-zone', 'az1:hv01')
    openstack.wait({FAILED: 'ERROR'})
    failure.unlink()


def evacuate(openstack: client.OpenStack, home: cloud.Cloud,
             names: tuple[str, ...], source: str, target: str) -> None:
    """Stop a node's nova-compute, evacuate these servers, start it again.

    The agent is not told of anything: it sees what Nova says.
    """
    stop_node(openstack, home, source)
    openstack.do_all(('server', 'evacuate', '--host', target, name)
                     for name in names)
    openstack.wait(dict.fromkeys(names, 'SHUTOFF'))
    start_node(openstack, home, source)


def stop_node(openstack: client.OpenStack, home: cloud.Cloud, node: str
              ) -> None:
    """Stop a nova-compute and wait until Nova takes it for down."""
    home.processes.stop([f'nova-compute-{node}'])
    processes.wait(f'nova-compute-{node} down', lambda: openstack.node_state(
        node) == 'down', client.DEADLINE_SECONDS)


def start_node(openstack: client.OpenStack, home: cloud.Cloud, node: str
               ) -> None:
    """Start a nova-compute and wait until Nova takes it for up."""
    home.processes.ensure(services.Services(
        home.folder, home.ports, home.files).compute(node))
    processes.wait(f'nova-compute-{node} up', lambda: openstack.node_state(
        node) == 'up', client.DEADLINE_SECONDS)
