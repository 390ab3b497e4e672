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

"""An answer of Nova or Glance is what it says, or it is no answer."""

from http import client as http_client
import json
import socket
import threading
import time
from urllib import parse

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from keystoneauth1.identity import v3
from openstack import connection
import pytest
import requests
from requests import adapters

from hv_sched import exception
from hv_sched.compute import checked_session
from hv_sched.compute import lookups
from hv_sched.compute import nova as nova_servers
from hv_sched.providers import host_aggregates

URL = 'http://service'
HTML = '<html><body><h1>Welcome to the portal</h1></body></html>'
NOT_FOUND = json.dumps({'itemNotFound': {'message': 'no such', 'code': 404}})
VERSIONS = {
    'Nova': {'version': {
        'id': 'v2.1', 'status': 'CURRENT', 'version': '2.104',
        'min_version': '2.1', 'links': [{'rel': 'self', 'href': URL + '/'}]}},
    'Glance': {'versions': [{
        'id': 'v2.16', 'status': 'CURRENT',
        'links': [{'rel': 'self', 'href': URL + '/v2/'}]}]}}


@pytest.fixture(autouse=True)
def _who_is_no_nova_is_asked_again_at_once():
    """Here the pauses are what is looked at."""


class Http(adapters.BaseAdapter):
    """One answer for every request but the document of versions.

    :ivar answers: (status, body, headers) by attempt; the last one stays
    """

    def __init__(self, service, *answers):
        super().__init__()
        self.service = service
        self.answers = list(answers)
        self.requests = []

    def send(self, request, **kwargs):
        response = requests.Response()
        response.request, response.url = request, request.url
        path = parse.urlsplit(request.url).path
        status, body, headers = 200, json.dumps(VERSIONS[self.service]), {}
        if path.strip('/'):
            self.requests.append((request.method, path, kwargs['timeout']))
            status, body, headers = self.answers[
                min(len(self.requests), len(self.answers)) - 1]
        response.status_code = status
        response.headers.update(headers)
        response._content = body.encode()
        return response

    def close(self):
        pass


def session_over(http):
    sender = requests.Session()
    sender.mount(URL, http)
    return session.Session(token_endpoint.Token(URL, 'admin'), sender)


def servers(http, timeout=60.0):
    return nova_servers.NovaServers(adapter.Adapter(
        checked_session.CheckedSession(
            session_over(http), checked_session.NOVA, timeout),
        service_type='compute'))


def connected(http, service):
    return checked_session.checked(connection.Connection(
        session=session_over(http), compute_endpoint_override=URL,
        image_endpoint_override=URL), service)


def nova(http):
    return lookups.Nova(connected(http, checked_session.NOVA))


def glance(http):
    return lookups.Glance(connected(http, checked_session.GLANCE))


# Every call that reads: what makes its client, the call, the key of its
# answer, and whether it asks for a single thing by its id.
LISTS = {
    'computes': (servers, lambda api: api.computes(), 'services'),
    'hosts': (servers, lambda api: api.hosts(), 'hypervisors'),
    'on_host': (servers, lambda api: api.on_host('h'), 'servers'),
    'waiting_evacuations': (
        servers, lambda api: api.waiting_evacuations(), 'migrations'),
    'soft_deleted': (servers, lambda api: api.soft_deleted(), 'servers'),
    'moves_of': (servers, lambda api: api.moves_of('s'), 'migrations'),
    'resized_since': (
        servers, lambda api: api.resized_since(None), 'migrations'),
    'closed_migrations': (
        servers, lambda api: api.closed_migrations({'m'}), 'migrations'),
    'open_migrations': (
        servers, lambda api: api.open_migrations(), 'migrations'),
    'flavors': (nova, lambda api: list(api.flavors()), 'flavors'),
    'aggregates': (nova, lambda api: api.aggregates(), 'aggregates'),
    'compute_services': (
        nova, lambda api: api.compute_services(), 'services'),
    'hypervisors': (nova, lambda api: api.hypervisors(), 'hypervisors'),
    'nodes_of_host': (nova, lambda api: api.nodes_of_host('h'),
                      'hypervisors'),
    'open_migrations_looked_up': (
        nova, lambda api: api.open_migrations(['running']), 'migrations'),
    'images': (glance, lambda api: list(api.images()), 'images'),
}
SINGLES = {
    'server': (servers, lambda api: api.server('s'), 'server'),
    'was_server': (servers, lambda api: api.was_server('s'),
                   'instanceActions'),
    'server_looked_up': (nova, lambda api: api.server('s'), 'server'),
    'flavor': (nova, lambda api: api.flavor('f'), 'flavor'),
    'image': (glance, lambda api: api.image('i'), ''),
}
CALLS = {**LISTS, **SINGLES}
BAD = {
    'html': (200, HTML), 'empty': (200, ''), 'null': (200, 'null'),
    'no fields': (200, '{}'), 'a list': (200, '[]'),
    'a text': (200, '"ok"'), 'truncated': (200, '{"servers": [{"id": "s"'),
    'no content': (204, ''), 'accepted': (202, '{}'),
    'several choices': (300, json.dumps(VERSIONS['Nova'])),
    '404 of a proxy': (404, HTML), '404 without a body': (404, ''),
    '429': (429, ''), '500': (500, HTML), '502': (502, HTML),
    '503': (503, HTML), '504': (504, ''),
}
WRONG_TYPES = (None, {}, 'text', 7, [None], ['text'], [[]], [{}],
               [{'id': None, 'uuid': 5, 'host': [], 'name': None}])


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    seconds = []
    monkeypatch.setattr('time.sleep', seconds.append)
    return seconds


def unavailable(client, call, *answers):
    """That the call ends as unavailable; the HTTP requests it took."""
    service = 'Glance' if client is glance else 'Nova'
    http = Http(service, *((*answer, {})[:3] for answer in answers))
    kind = (exception.ServiceUnavailable if client is glance
            else exception.NovaUnavailable)
    with pytest.raises(kind, match=service):
        call(client(http))
    return http.requests


@pytest.mark.parametrize('answer', BAD.values(), ids=list(BAD))
@pytest.mark.parametrize('name', CALLS)
def test_what_is_no_answer_is_unavailable_and_asked_for_again(name, answer):
    client, call, _key = CALLS[name]
    if answer[0] == 404 and name == 'image':
        # By id and by name: Glance words its own 404 as proxies do.
        assert len(unavailable(client, call, answer)) == 5
        return
    assert len(unavailable(client, call, answer)) == 4


@pytest.mark.parametrize('versions', [None, [], 'text', 7], ids=repr)
def test_versions_that_are_none_are_told_with_the_service(
        monkeypatch, versions):
    """keystoneauth trips over them."""
    monkeypatch.setitem(VERSIONS, 'Glance', versions)
    with pytest.raises(exception.ServiceUnavailable,
                       match='Glance answered 200 to GET /'):
        list(glance(Http('Glance', (200, '{}', {}))).images())


@pytest.mark.parametrize('value', WRONG_TYPES, ids=repr)
@pytest.mark.parametrize('name', sorted(
    CALLS.keys() - {'image', 'was_server'}))
def test_wrong_types_are_no_answer(name, value):
    client, call, key = CALLS[name]
    unavailable(client, call, (200, json.dumps({key: value})))


@pytest.mark.parametrize('name', LISTS)
def test_a_list_that_is_not_found_is_never_an_empty_list(name):
    client, call, _key = LISTS[name]
    unavailable(client, call, (404, NOT_FOUND))


@pytest.mark.parametrize('name', ['server', 'was_server'])
def test_novas_own_404_says_that_there_is_no_such_server(name):
    """A server of another project may still be in a list of all."""
    client, call, _key = SINGLES[name]
    http = Http('Nova', (404, NOT_FOUND, {}),
                (200, json.dumps({'servers': []}), {}))
    assert not call(client(http))
    lists = [path for _method, path, _timeout in http.requests[1:]]
    # Soft-deleted servers are in a list of their own, but for their changes.
    assert lists == ['/servers/detail'] * (2 if name == 'server' else 1)


@pytest.mark.parametrize('name', CALLS)
@pytest.mark.parametrize('status', [400, 401, 403, 405, 406])
def test_a_refusal_is_final_and_names_the_service(name, status):
    client, call, _key = CALLS[name]
    service = 'Glance' if client is glance else 'Nova'
    http = Http(service, (status, HTML, {}))
    with pytest.raises(exception.ServiceDenied, match=service) as caught:
        call(client(http))
    assert caught.value.status == status
    paths = [path for _method, path, _timeout in http.requests]
    assert len(paths) == len(set(paths)), 'asked once'


@pytest.mark.parametrize('page', [[], [{'id': 's', 'status': 'UNKNOWN'}]])
def test_pages_that_never_end_are_no_answer(page):
    http = Http('Nova', (200, json.dumps({
        'servers': page, 'servers_links': [{'rel': 'next', 'href': ''}]}),
        {}))
    with pytest.raises(exception.NovaUnavailable, match='do not end'):
        servers(http).on_host('h')
    assert len(http.requests) <= 2


@pytest.mark.parametrize('times', [
    {}, {'created_at': None, 'updated_at': None}, {'created_at': 'today'}])
def test_a_migration_without_a_time_is_no_answer(times):
    http = Http('Nova', (200, json.dumps({'migrations': [{
        'uuid': 'm', 'instance_uuid': 's', 'status': 'running',
        'old_instance_type_id': 1, 'new_instance_type_id': 1, **times}]}),
        {}))
    with pytest.raises(exception.NovaUnavailable, match='migration m'):
        servers(http).open_migrations()


def test_deadlines_start_anew_with_each_call(monkeypatch):
    http = Http('Nova', (200, json.dumps({'aggregates': []}), {}))
    api = nova(http)
    api.aggregates()
    later = time.monotonic() + 3600
    monkeypatch.setattr('time.monotonic', lambda: later)
    api.aggregates()
    api.newest()
    assert {timeout for _m, _p, timeout in http.requests} == {(10.0, 60.0)}


def test_an_answer_after_bad_ones_is_taken(pauses):
    http = Http('Nova', (200, HTML, {}), (503, '', {}),
                (200, json.dumps({'services': []}), {}))
    assert servers(http).computes() == {}
    assert pauses == [0.25, 0.5]


def test_what_a_service_asks_to_wait_is_waited(pauses):
    http = Http('Nova', (429, '', {'Retry-After': '7'}),
                (503, '', {'Retry-After': '2'}),
                (429, '', {'Retry-After': 'Thu, 26 Nov 2026 09:00:00 GMT'}),
                (200, json.dumps({'services': []}), {}))
    servers(http).computes()
    assert pauses == [7, 2, 1]


def test_a_wait_beyond_the_deadline_is_not_begun(pauses):
    http = Http('Nova', (429, '', {'Retry-After': '3600'}))
    with pytest.raises(exception.NovaUnavailable, match='429') as caught:
        servers(http).computes()
    assert (pauses, caught.value.retry_after) == ([], 3600)


def test_every_request_has_time_outs():
    http = Http('Nova', (200, json.dumps({'services': []}), {}))
    servers(http, timeout=42.0).computes()
    (_method, _path, (connect, read)), = http.requests
    assert connect == 10 and 41 < read <= 42


def test_a_write_is_sent_once():
    http = Http('Nova', (503, '', {}))
    api = nova(http)
    with pytest.raises(exception.NovaUnavailable):
        api.proxy.create_aggregate(name='c1')
    assert len(http.requests) == 1


@pytest.mark.parametrize('answer', [(200, HTML), (200, '{}'), (204, ''),
                                    (404, HTML)])
def test_a_write_with_an_answer_that_is_none_is_not_taken_for_done(answer):
    http = Http('Nova', (*answer, {}))
    with pytest.raises(exception.NovaUnavailable):
        nova(http).proxy.add_host_to_aggregate(1, 'h1')
    http = Http('Glance', (*answer, {}))
    with pytest.raises(exception.ServiceError):
        glance(http).patch('i', [])


# -- on a socket


def read_whole(accepted):
    """A request with its body, which may come in several pieces.

    What is closed with something unread is reset, and the answer lost.
    """
    with accepted.makefile('rb') as stream:
        headers = http_client.parse_headers(
            stream) if stream.readline() else {}
        stream.read(int(headers.get('Content-Length', 0)))


class Server:
    """Accepts connections, and answers with these bytes, if any."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.connections = []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.url = f'http://127.0.0.1:{self.socket.getsockname()[1]}'
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                accepted, _address = self.socket.accept()
            except OSError:
                return
            self.connections.append(accepted)
            answer = self.answers.pop(0) if self.answers else b''
            if answer:
                read_whole(accepted)
                accepted.sendall(answer)
                accepted.shutdown(socket.SHUT_RDWR)
                accepted.close()

    def close(self):
        self.socket.close()
        for accepted in self.connections:
            accepted.close()


@pytest.fixture
def server():
    made = []

    def start(*answers):
        made.append(Server(*answers))
        return made[-1]
    yield start
    for one in made:
        one.close()


def over(auth, timeout):
    return checked_session.CheckedSession(
        session.Session(auth), checked_session.NOVA, timeout)


def computes(auth, timeout=0.2, **options):
    start = time.monotonic()
    try:
        return nova_servers.NovaServers(adapter.Adapter(
            over(auth, timeout), service_type='compute', **options)
        ).computes()
    finally:
        assert time.monotonic() - start < 10 * timeout, 'a deadline'


def password(url):
    return v3.Password(url + '/v3', username='u', password='p',
                       user_domain_id='default', project_name='p',
                       project_domain_id='default')


def test_a_nova_that_accepts_and_never_answers_ends_at_the_deadline(server):
    silent = server()
    with pytest.raises(exception.NovaUnavailable,
                       match='Nova cannot be reached.*timed out'):
        computes(token_endpoint.Token(silent.url, 'admin'))


def test_a_keystone_that_never_answers_is_told_as_keystone(server):
    silent = server()
    with pytest.raises(exception.NovaUnavailable,
                       match='Keystone cannot be reached'):
        computes(password(silent.url), endpoint_override='http://nova')


def test_a_keystone_that_is_away_is_told_as_keystone(server):
    gone = server()
    gone.close()
    with pytest.raises(exception.NovaUnavailable,
                       match='Keystone cannot be reached'):
        computes(password(gone.url), endpoint_override='http://nova')


def answer(status, body, length=None, headers=''):
    return (f'HTTP/1.1 {status}\r\nContent-Type: application/json\r\n'
            f'{headers}Content-Length: {length or len(body)}\r\n\r\n{body}'
            ).encode()


@pytest.mark.parametrize('status', ['500 Oops', '503 Busy', '429 Slow'])
def test_a_keystone_that_fails_is_told_as_keystone(server, status):
    failing = server(*[answer(status, '{}')] * 20)
    with pytest.raises(exception.NovaUnavailable, match='Keystone answered'):
        computes(password(failing.url), 2.0, endpoint_override='http://nova')


def test_a_keystone_that_answers_html_is_told_as_keystone(server):
    failing = server(*[answer('200 OK', HTML)] * 20)
    with pytest.raises(exception.NovaUnavailable, match='Keystone'):
        computes(password(failing.url), 2.0, endpoint_override='http://nova')


CREATE = host_aggregates.CreateAggregate('c1', {'hv_cluster': 'c1'}, ())


def behind(keystone, service):
    return checked_session.checked(connection.Connection(
        session=session.Session(password(keystone)), region_name='r'),
        service)


@pytest.mark.parametrize('token', [
    {'token': 5}, {'token': {'catalog': 5}}, {'token': {'catalog': [5]}},
    {'token': {'catalog': [], 'expires_at': 5}}, {'token': {}}, {}, []],
    ids=str)
@pytest.mark.parametrize('call', [
    lambda url: list(lookups.Nova(
        behind(url, checked_session.NOVA)).flavors()),
    lambda url: lookups.Nova(behind(url, checked_session.NOVA)).newest(),
    lambda url: lookups.Glance(
        behind(url, checked_session.GLANCE)).image('i'),
    lambda url: lookups.Glance(
        behind(url, checked_session.GLANCE)).patch('i', []),
    lambda url: host_aggregates.HostAggregates(lookups.Nova(
        behind(url, checked_session.NOVA))).plan([]),
    lambda url: host_aggregates.HostAggregates(lookups.Nova(
        behind(url, checked_session.NOVA))).apply(CREATE)],
    ids=['list', 'versions', 'fetch', 'patch', 'plan', 'apply'])
@pytest.mark.parametrize('headers', ['', 'X-Subject-Token: t\r\n'],
                         ids=['without', 'with header'])
def test_a_token_that_is_none_is_told_as_keystones(server, call, token,
                                                   headers):
    garbled = server(*[answer('201 Created', json.dumps(token),
                              headers=headers)] * 40)
    with pytest.raises(exception.ServiceUnavailable, match='Keystone'):
        call(garbled.url)


def test_wrong_credentials_are_final_and_told_as_keystones(server):
    refusing = server(*[answer('401 No', '{}')] * 20)
    with pytest.raises(exception.NovaDenied, match='Keystone answered 401'):
        computes(password(refusing.url), 2.0, endpoint_override='http://nova')


def test_a_connection_broken_inside_a_body_is_asked_for_again(server):
    body = json.dumps({'services': [{'host': 'h1', 'status': 'enabled'}]})
    breaking = server(answer('200 OK', body[:20], len(body)),
                      answer('200 OK', body))
    assert computes(token_endpoint.Token(breaking.url, 'admin'), 2.0) == {
        'h1': True}
    chunked = (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
               b'20\r\n{"services"')
    breaking = server(chunked, answer('200 OK', body))
    assert computes(token_endpoint.Token(breaking.url, 'admin'), 2.0) == {
        'h1': True}


def test_a_nova_whose_versions_never_come_ends_at_the_deadline(server):
    silent = server()
    start = time.monotonic()
    client = lookups.Nova(checked_session.checked(
        connection.Connection(
            session=session.Session(
                token_endpoint.Token(silent.url, 'admin')),
            compute_endpoint_override=silent.url),
        checked_session.NOVA, 0.2))
    with pytest.raises(exception.NovaUnavailable, match='Nova'):
        client.aggregates()
    assert time.monotonic() - start < 5
