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

"""An answer of Placement's is what it says, or it is no answer.

Each call of the client, with each wrong answer a front end, a cache or a
broken connection may give in Placement's place.
"""

import dataclasses
import datetime
from email import utils as email_utils
import json
import uuid

from keystoneauth1 import adapter
from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from keystoneauth1.identity import v3
import pytest

from hv_sched import exception
from hv_sched.placement import client
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer
from hv_sched.placement.inventory import Inventory
from tests.functional import base
from tests.functional import cloud as clouds

VOLUME = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(1))
SERVER = '33333333-3333-4333-8333-333333333333'
NEW = ids.volume_uuid(clouds.CLUSTER_GUID, clouds.guid(9))
IMAGE = names.IMAGE_PREFIX + 'A'
ATTEMPTS = 4

READS = {
    'newest_version': lambda api: api.newest_version(),
    'list_providers': lambda api: api.list_providers(required=names.VOLUME),
    'provider': lambda api: api.provider(VOLUME),
    'inventories': lambda api: api.inventories(VOLUME),
    'usages': lambda api: api.usages(VOLUME),
    'traits': lambda api: api.traits(VOLUME),
    'aggregates': lambda api: api.aggregates(VOLUME),
    'allocations_on': lambda api: api.allocations_on(VOLUME),
    'consumer': lambda api: api.consumer(SERVER),
    'all_traits': lambda api: api.all_traits(associated=True),
    'resource_classes': lambda api: api.resource_classes(),
    'allocation_candidates': lambda api: api.allocation_candidates(
        resources='DISK_GB:1'),
    'candidates_at': lambda api: api.candidates_at(
        '/allocation_candidates?resources=DISK_GB:1'),
}


def written(api, held_gb=10):
    """What the server holds, to be written anew."""
    return [dataclasses.replace(api.consumer(SERVER), held={
        VOLUME: {names.HELD_DISK_GB: held_gb}})]


def create(api):
    return lambda: api.create_provider(NEW, 'csv:hvc1/New')


def delete(api):
    create(api)()
    return lambda: api.delete_provider(NEW)


def set_inventories(api):
    at, inventories = api.inventories(VOLUME)
    return lambda: api.set_inventories(VOLUME, at, {
        **inventories, names.DISK_GB: Inventory(600)})


def set_traits(api):
    at, traits = api.traits(VOLUME)
    return lambda: api.set_traits(VOLUME, at, traits - {names.SHARING})


def set_aggregates(api):
    at, _aggregates = api.aggregates(VOLUME)
    return lambda: api.set_aggregates(VOLUME, at, frozenset())


def delete_trait(api):
    api.ensure_trait(IMAGE)
    return lambda: api.delete_trait(IMAGE)


def delete_class(api):
    api.ensure_resource_class(names.REMOTEFX_ADAPTER)
    return lambda: api.delete_resource_class(names.REMOTEFX_ADAPTER)


def write_consumers(api):
    consumers = written(api)
    return lambda: api.write_consumers(consumers)


def reshape(api):
    consumers = written(api)
    return lambda: api.reshape({}, consumers)


# What a write needs is read before the answers go wrong.
WRITES = {
    'create_provider': create,
    'rename_provider': lambda api: lambda: api.rename_provider(
        VOLUME, 'csv:hvc1/Renamed'),
    'delete_provider': delete,
    'set_inventories': set_inventories,
    'set_traits': set_traits,
    'set_aggregates': set_aggregates,
    'ensure_trait': lambda api: lambda: api.ensure_trait(IMAGE),
    'delete_trait': delete_trait,
    'ensure_resource_class': lambda api: lambda: api.ensure_resource_class(
        names.REMOTEFX_ADAPTER),
    'delete_resource_class': delete_class,
    'write_consumers': write_consumers,
    'reshape': reshape,
}


def wire(status, body=b'', kind='text/html', **headers):
    return lambda real: base.WireAnswer(
        status, {'Content-Type': kind, **headers}, body)


def as_json(body):
    return wire('200 OK', json.dumps(body).encode(), 'application/json')


def half(real):
    return dataclasses.replace(real, body=real.body[:len(real.body) // 2])


def broken_off(real):
    """The connection ends inside the body."""
    body = real.body or b'{"a": 1}'
    return base.WireAnswer('200 OK', {
        **real.headers, 'Content-Type': 'application/json',
        'Content-Length': str(len(body) + 10)}, body)


def of_wrong_types(real):
    body = json.loads(real.body) if real.body else {'a': 1}
    return dataclasses.replace(real, status='200 OK', headers={
        'Content-Type': 'application/json'}, body=json.dumps(
            {key: 7.5 for key in body}).encode())


def with_nulls_inside(real):
    """The right object, all of whose contents are null."""
    def emptied(value):
        if isinstance(value, dict):
            return {key: emptied(item) for key, item in value.items()}
        return [None for _ in value] if isinstance(value, list) else None

    body = json.loads(real.body) if real.body else {}
    return as_json(emptied(body))(real)


HTML = b'<html><body>Welcome to nginx!</body></html>'
NOT_FOUND = json.dumps({'errors': [{
    'status': 404, 'title': 'Not Found', 'request_id': 'req-1',
    'detail': 'The resource could not be found.',
    'code': 'placement.undefined_code'}]}).encode()
WRONG = {
    'html': wire('200 OK', HTML),
    'empty': wire('200 OK'),
    'no content': wire('204 No Content'),
    'accepted': wire('202 Accepted'),
    'null': as_json(None),
    'object': as_json({}),
    'list': as_json([]),
    'number': as_json(7),
    'truncated': half,
    'broken off': broken_off,
    'wrong types': of_wrong_types,
    'nulls': with_nulls_inside,
    'no route': wire('404 Not Found', HTML),
    'another service': wire('404 Not Found', b'{"itemNotFound": {}}',
                            'application/json'),
    'wrong endpoint': wire('404 Not Found', NOT_FOUND, 'application/json'),
    'bad request of a proxy': wire('400 Bad Request', HTML),
    'conflict of a proxy': wire('409 Conflict', HTML),
    'too many': wire('429 Too Many Requests'),
    'bad gateway': wire('502 Bad Gateway', HTML),
    'timeout of a proxy': wire('504 Gateway Time-out', HTML),
}
# Right as an answer to some calls: the answer to these has no body.
BODILESS = ('delete_provider', 'ensure_trait', 'delete_trait',
            'ensure_resource_class', 'delete_resource_class',
            'write_consumers', 'reshape')


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Seconds that were waited for; others sleep for none at all."""
    waits = []
    monkeypatch.setattr('tenacity.nap.time.sleep', lambda seconds: (
        waits.append(seconds) if seconds else None))
    return waits


@pytest.fixture(scope='module')
def published():
    """A published cloud with a server that has escrow, to go back to."""
    with base.running_placement() as placement:
        cloud = clouds.Cloud(placement)
        cloud.register('hv01', 'hv02')
        cloud.sync(clouds.facts())
        cloud.api.write_consumers([Consumer(
            SERVER, None, str(uuid.uuid4()), str(uuid.uuid4()),
            {VOLUME: {names.HELD_DISK_GB: 10, names.DISK_GB: 1}},
            'INSTANCE')])
        return base.application().copy()


@pytest.fixture
def api(published, placement):
    base.application().restore(published)
    return client.from_adapter(placement)


def distort(placement, wrong, times=None):
    """Give this answer so often (None: for ever); returns the requests."""
    requests = []

    def of(environ, real):
        requests.append(environ['PATH_INFO'])
        if times is not None and len(requests) > times:
            return real
        return wrong(real)

    placement.service.distort = of
    return requests


@pytest.mark.parametrize('call', READS)
def test_a_read_believes_no_wrong_answer(placement, api, call):
    for name, wrong in WRONG.items():
        requests = distort(placement, wrong)
        with pytest.raises(exception.PlacementUnavailable,
                           match='(read|list|ask).*Placement'):
            pytest.fail(f'{name}: {READS[call](api)}')
        assert len(requests) == ATTEMPTS, name


@pytest.mark.parametrize('call', READS)
def test_a_read_survives_three_wrong_answers(placement, api, call):
    expected = READS[call](api)
    for name, wrong in WRONG.items():
        distort(placement, wrong, times=3)
        assert READS[call](api) == expected, name


@pytest.mark.parametrize('call', WRITES)
def test_a_write_believes_no_wrong_answer_and_is_sent_once(
        placement, published, api, call):
    for name, wrong in WRONG.items():
        if call in BODILESS and name in ('no content', 'truncated'):
            continue  # that is what it is answered with
        placement.service.distort = None
        base.application().restore(published)
        write = WRITES[call](api)
        requests = distort(placement, wrong)
        with pytest.raises(exception.PlacementUnavailable,
                           match='Placement'):
            pytest.fail(f'{name}: {write()}')
        assert len(requests) == 1, name


@pytest.mark.parametrize('call', WRITES)
def test_of_a_write_with_a_strange_answer_it_is_said_that_it_may_stand(
        placement, api, call):
    write = WRITES[call](api)
    distort(placement, WRONG['html'])
    with pytest.raises(exception.PlacementUnavailable,
                       match='not known whether what was sent stands'):
        write()


@pytest.mark.parametrize('call', sorted(WRITES.keys() - {'reshape'}))
def test_a_write_that_is_answered_as_it_must_be_is_believed(api, call):
    """By adopt's tests, too, which allow the service role's reshape."""
    WRITES[call](api)()


@pytest.mark.parametrize('call', [
    'provider', 'inventories', 'usages', 'traits', 'aggregates',
    'allocations_on'])
def test_no_such_provider_is_told_by_placement_alone(placement, api, call):
    nobody = str(uuid.uuid4())
    with pytest.raises(exception.PlacementNotFound, match=nobody):
        getattr(api, call)(nobody)


def test_the_names_and_providers_that_are_gone_are_told(placement, api):
    for delete, subject in ((api.delete_provider, str(uuid.uuid4())),
                            (api.delete_trait, 'CUSTOM_CSV_IMAGE_GONE'),
                            (api.delete_resource_class, 'CUSTOM_CSV_GONE')):
        with pytest.raises(exception.PlacementNotFound, match=subject):
            delete(subject)


def http_date(seconds):
    return email_utils.format_datetime(
        datetime.datetime.now(datetime.timezone.utc)
        + datetime.timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize('status', [
    '429 Too Many Requests', '503 Service Unavailable'])
@pytest.mark.parametrize('in_words', [str, http_date])
def test_the_pause_a_service_asks_for_is_kept(
        placement, api, waits, status, in_words):
    distort(placement, wire(
        status, **{'Retry-After': in_words(30)}), times=2)
    assert api.traits(VOLUME)[1]
    assert len(waits) == 2
    assert all(28 < seconds <= 30.5 for seconds in waits)


def test_a_pause_beyond_the_budget_ends_the_call_at_once(
        placement, api, waits):
    distort(placement, wire('503 Service Unavailable',
                            **{'Retry-After': '3600'}))
    with pytest.raises(exception.PlacementUnavailable) as raised:
        api.traits(VOLUME)
    assert waits == []
    assert raised.value.retry_after == 3600


def test_a_date_gone_by_and_nonsense_ask_for_no_pause(placement, api, waits):
    for text in (http_date(-100), 'soon', '-5', ''):
        waits.clear()
        distort(placement, wire('503 Service Unavailable',
                                **{'Retry-After': text}), times=1)
        api.traits(VOLUME)
        assert len(waits) == 1 and waits[0] <= 4


def test_all_attempts_together_end_after_two_time_outs(
        placement, monkeypatch):
    now = [0.0]
    monkeypatch.setattr('time.monotonic', lambda: now[0])
    # That of tenacity before 8.3 has another name.
    monkeypatch.setattr('tenacity._utils.now', lambda: now[0], raising=False)
    api = client.from_adapter(placement, timeout=10)
    limits = []
    original = placement.request

    def slow(url, method, **kwargs):
        limits.append(kwargs['timeout'])
        now[0] += kwargs['timeout'][1]
        raise ksa_exceptions.ConnectTimeout('slow')

    placement.request = slow
    with pytest.raises(exception.PlacementUnavailable, match='slow'):
        api.list_providers()
    placement.request = original
    assert sum(limit for _connect, limit in limits) <= 20
    assert limits[0] == (10, 10)


class Keystone:
    """A Keystone that does this when a token is asked for."""

    def __init__(self, placement, answer):
        endpoint = placement.service.endpoint
        self.session = session.Session(auth=v3.Password(
            f'{endpoint}/keystone/v3', username='u', password='secret',
            project_name='p', user_domain_id='default',
            project_domain_id='default'))
        self.adapter = adapter.Adapter(self.session,
                                       service_type='placement')
        placement.service.before = answer


@pytest.mark.parametrize('status', ['500 Internal Server Error',
                                    '503 Service Unavailable'])
def test_keystones_fault_is_told_of_keystone(placement, status):
    keystone = Keystone(placement, lambda environ: (status, {}))
    with pytest.raises(exception.KeystoneUnavailable,
                       match='Keystone answered 50') as raised:
        client.from_adapter(keystone.adapter).list_providers()
    assert 'secret' not in str(raised.value)
    assert 'Placement answered' not in str(raised.value)


def test_a_keystone_nobody_reaches_is_told_of_keystone():
    auth = v3.Password('http://127.0.0.1:1/v3', username='u', password='p')
    with pytest.raises(exception.KeystoneUnavailable,
                       match='Keystone cannot be reached'):
        client.from_adapter(adapter.Adapter(session.Session(
            auth=auth), service_type='placement')).list_providers()


def test_a_keystone_that_answers_html_is_told_of_keystone(placement):
    keystone = Keystone(placement, None)
    placement.service.distort = lambda environ, real: base.WireAnswer(
        '200 OK', {'Content-Type': 'text/html'}, HTML)
    with pytest.raises(exception.KeystoneUnavailable, match='Keystone'):
        client.from_adapter(keystone.adapter).list_providers()


def test_a_token_that_ran_out_is_renewed_once(placement):
    class Tokens(token_endpoint.Token):
        asked = 0

        def invalidate(self):
            self.asked += 1
            return True

    auth = Tokens(placement.service.endpoint, 'admin')
    with_token = adapter.Adapter(session.Session(auth=auth),
                                 service_type='placement')
    api = client.from_adapter(with_token)
    distort(placement, wire('401 Unauthorized'), times=1)
    assert api.list_providers() == []
    distort(placement, wire('401 Unauthorized'))
    with pytest.raises(exception.PlacementDenied, match='401'):
        api.list_providers()
    assert auth.asked == 2
