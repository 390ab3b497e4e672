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

import uuid

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched.agent.events import notifications
from hv_sched.agent.events.notifications import Hint

UUID = '178b0921-8f85-4257-88b6-2e743b5a975c'


def payload(**data):
    return {'nova_object.name': 'InstanceActionPayload',
            'nova_object.data': {'uuid': UUID, **data}}


def updated(task_state):
    return payload(state_update={'nova_object.data': {
        'new_task_state': task_state}})


@pytest.mark.parametrize('event', sorted(notifications.SERVER_EVENTS))
def test_the_server_of_an_operation_that_ended_is_looked_at(event):
    assert notifications.hint(event, payload()) == Hint(UUID)


@pytest.mark.parametrize('event', sorted(notifications.SERVICE_EVENTS))
def test_a_compute_service_that_changed_has_the_clusters_synced(event):
    service = {'nova_object.data': {'binary': 'nova-compute', 'host': 'hv01'}}
    assert notifications.hint(event, service) == Hint(syncs=True)
    service['nova_object.data']['binary'] = 'nova-scheduler'
    assert notifications.hint(event, service) is None


def test_a_server_in_the_middle_of_something_waits_for_its_end():
    assert notifications.hint('instance.update', updated('migrating')) is None
    assert notifications.hint('instance.update', updated(None)) == Hint(UUID)


@pytest.mark.parametrize('event,body', [
    ('instance.create.start', payload()), ('instance.pause.end', payload()),
    ('', payload()), (None, payload()), (['instance.delete.end'], payload()),
    ({}, payload()), ('instance.delete.end', None),
    ('instance.delete.end', []), ('instance.delete.end', 'x' * 10 ** 6),
    ('instance.delete.end', {'nova_object.data': [UUID]}),
    *(('instance.delete.end', payload(uuid=value)) for value in (
        None, 7, [UUID], '', UUID.upper(), UUID + '\n', UUID[:-1],
        '<b>' + UUID, '../' + UUID, UUID.replace('1', '١'), 'u' * 10 ** 6)),
    ('service.update', payload()), ('service.update', {'binary': 'x'})])
def test_what_is_not_understood_asks_for_nothing(event, body):
    assert notifications.hint(event, body) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from(
        [UUID, 'nova-compute', 'nova_object.data']),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(['uuid', 'binary', 'state_update',
                         'nova_object.data', 'x']), inner))


@given(event=JSON | st.sampled_from(sorted(notifications.EVENTS)), body=JSON)
def test_nothing_that_may_come_is_more_than_a_uuid_or_a_sync(event, body):
    hint = notifications.hint(event, body)
    if hint is not None and hint.server:
        assert str(uuid.UUID(hint.server)) == hint.server
