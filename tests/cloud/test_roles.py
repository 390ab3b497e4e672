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

"""What a user may do with each set of roles, on a cloud that is published.

A refusal is an error with a remedy and exit code 1; it changes nothing.
"""

import json

import pytest

from tests.cloud import roles
from tests.cloud import topology

SERVER = 'of-the-administrator'


@pytest.fixture(scope='module')
def source(story):
    """What the agent publishes, of a volume that is in maintenance.

    So that every sync has something to write.
    """
    story.home.up()
    story.home.processes.stop(['hv-sched-agent'])
    story.openstack.create(SERVER, 'disk10', '--availability-zone', 'az1')
    assert story.openstack.settled(SERVER).status == 'ACTIVE'
    return written(story, 'true')


def written(story, maintenance):
    path = story.home.folder.run / f'maintenance-{maintenance}.yaml'
    path.write_text(topology.source().replace(
        'size_gb:', f'maintenance: {maintenance}\n        size_gb:'))
    return path


def reopened(story):
    """As an administrator leaves it."""
    user = roles.User(story.home, ('admin',))
    result = user.tries(roles.Attempt(
        (*roles.CSV, 'sync', '--source', '{source}')),
        written(story, 'false'))
    assert result.returncode == 0, result.stderr


# All that a command can write: what a provider has, is in, and is charged.
_STANDING = (
    'SELECT p.name, t.name FROM resource_provider_traits r '
    'JOIN resource_providers p ON p.id = r.resource_provider_id '
    'JOIN traits t ON t.id = r.trait_id ORDER BY 1, 2',
    'SELECT p.name, a.uuid FROM resource_provider_aggregates r '
    'JOIN resource_providers p ON p.id = r.resource_provider_id '
    'JOIN placement_aggregates a ON a.id = r.aggregate_id ORDER BY 1, 2',
    'SELECT p.name, c.name, i.total, i.reserved, i.min_unit, i.max_unit, '
    'i.step_size, i.allocation_ratio FROM inventories i '
    'JOIN resource_providers p ON p.id = i.resource_provider_id '
    'JOIN resource_classes c ON c.id = i.resource_class_id ORDER BY 1, 2',
    'SELECT p.name, a.consumer_id, c.name, a.used FROM allocations a '
    'JOIN resource_providers p ON p.id = a.resource_provider_id '
    'JOIN resource_classes c ON c.id = a.resource_class_id '
    'ORDER BY 1, 2, 3')


def standing(story):
    return [story.home.databases.sql(statement, 'placement')
            for statement in _STANDING]


def test_each_command_with_each_set_of_roles(story, source):
    record = {}
    roles.User(story.home, ('admin',)).create(story.openstack)
    for each in roles.SETS:
        user = roles.User(story.home, each)
        user.create(story.openstack)
        reopened(story)
        for attempt in roles.attempts(SERVER):
            before = standing(story)
            result = user.tries(attempt, source)
            said = result.stdout + result.stderr
            assert 'Traceback' not in said, (user.name, attempt, said)
            came_of_it = roles.outcome(attempt, result.returncode)
            record.setdefault(attempt.title, {})[' + '.join(each)] = (
                came_of_it)
            print(user.name, attempt.title, came_of_it,
                  result.stderr.strip()[:300].replace('\n', ' '), flush=True)
            if came_of_it == roles.REFUSED:
                assert said.strip(), (user.name, attempt)
                assert standing(story) == before, (user.name, attempt)
    (story.home.folder.root / 'roles.json').write_text(
        json.dumps(record, indent=1) + '\n')
    whole, documented = (
        {title: came_of[' + '.join(each)] for title, came_of in record.items()}
        for each in (('service', 'hv_sched', 'reader'),
                     ('service', 'hv_sched')))
    assert set(whole.values()) == {roles.WORKS}, whole
    # Without the role reader Glance shows no images.
    assert {title for title, came_of_it in documented.items()
            if came_of_it != roles.WORKS} == {
        f'openstack resource provider csv explain --server {SERVER}',
        'openstack resource provider csv doctor',
        'hv-sched-status upgrade check'}, documented
