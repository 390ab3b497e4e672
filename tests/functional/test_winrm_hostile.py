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

"""What a node, or whatever stands in its place, cannot make hv_sched do."""

import dataclasses
import socket
import threading
from xml.etree import ElementTree

from cryptography.hazmat.primitives import serialization
import pytest
import spnego

from hv_sched import exception
from hv_sched.demo.windows import certificates
from hv_sched.demo.windows import lab
from hv_sched.demo.windows import simulated
from hv_sched.demo.windows import winrm_server
from hv_sched.sources.winrm import endpoint
from hv_sched.sources.winrm import questions
from hv_sched.sources.winrm.access import Access

HOST = '127.0.0.1'
QUESTION = dataclasses.replace(questions.CLUSTER, seconds=1)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('hostile')


@pytest.fixture(scope='module')
def authority(folder):
    return certificates.Authority(folder)


@pytest.fixture(scope='module')
def client(authority):
    return authority.issue('client', 'client')


@pytest.fixture
def cluster():
    return simulated.cluster('HV', nodes=1, volumes=1)


@pytest.fixture
def headers():
    """Of each request, the one that authenticates."""
    return []


@pytest.fixture
def server(authority, cluster, headers):
    def gate(handler):
        headers.append(handler.headers.get('Authorization'))
        return 200, ()
    with winrm_server.serving(
            lambda command: cluster.cluster_answer('HV-N01').splitlines(),
            authority.issue('node', HOST), gate,
            client_ca=authority.file) as serving:
        yield serving


@pytest.fixture
def access(authority, client, server):
    return Access('HV', (HOST,), auth='certificate',
                  certificate=client.certificate, certificate_key=client.key,
                  ca_file=authority.file, port=server.server_port)


def ask(access):
    return endpoint.ask(HOST, access, QUESTION)


def error(access, kind=exception.SourceUnavailable):
    with pytest.raises(kind) as raised:
        ask(access)
    return str(raised.value)


def reply(handler, status, body, **fields):
    handler.send_response(status)
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.send_header('Content-Type', 'application/soap+xml;charset=UTF-8')
    handler.send_header('Content-Length', str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    raise ConnectionAbortedError


def test_passwords_of_a_netrc_file_are_not_sent(access, headers, folder,
                                                monkeypatch):
    """requests would send them, by Basic."""
    path = folder / 'netrc'
    path.write_text(f'machine {HOST} login reader password Tr0ub4dor\n')
    path.chmod(0o600)
    monkeypatch.setenv('NETRC', str(path))
    assert ask(access)
    assert not [header for header in headers if header.startswith('Basic')]


@pytest.mark.parametrize('status', (301, 302, 307, 308))
def test_a_redirection_is_not_followed(access, server, status):
    with socket.create_server((HOST, 0)) as elsewhere:
        elsewhere.settimeout(0.1)
        server.weather = lambda handler: reply(
            handler, status, b'',
            Location=f'http://{HOST}:{elsewhere.getsockname()[1]}/')
        assert 'redirection' in error(access)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_an_answer_is_read_as_far_as_one_may_be_long(access, server,
                                                     monkeypatch):
    monkeypatch.setattr(endpoint, 'MAX_ANSWER_BYTES', 100_000)
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.send_header('Content-Length', str(10 ** 12))
        handler.end_headers()
        while len(sent) < 1000:
            handler.wfile.write(bytes(100_000))
            sent.append(1)
    server.weather = endless
    assert 'larger than' in error(access)
    assert len(sent) < 1000


def replace_receive(server, content):
    act = server.act

    def replaced(verb, *rest):
        return content() if verb == 'Receive' else act(verb, *rest)
    server.act = replaced


def test_a_pool_that_never_opens_costs_its_deadline_and_is_closed(
        access, server, monkeypatch):
    monkeypatch.setattr(endpoint, 'CONNECT_BUDGET_SECONDS', 0.5)
    received = []

    def nothing():
        received.append(1)
        if len(received) > 500:
            raise winrm_server._Fault('1', 'it is asked for ever')
        return '<rsp:ReceiveResponse/>'
    replace_receive(server, nothing)
    pauses = []
    monkeypatch.setattr('pypsrp.wsman.time.sleep', pauses.append)
    assert 'in time' in error(access)
    assert server.open_shells() == 0
    assert sum(pauses) == 0, 'pypsrp pauses past the deadline'


@pytest.mark.parametrize('answered', (0, 2))
def test_a_node_that_falls_silent_costs_the_seconds_of_the_question(
        access, server, cluster, answered):
    """What it printed before counts."""
    over = threading.Event()
    act = server.act
    polls = []

    def falls_silent(verb, body, *rest):
        if verb == 'Receive' and b'CommandId' in ElementTree.tostring(body):
            polls.append(1)
            if len(polls) > answered:
                over.wait(60)
        return act(verb, body, *rest)
    server.act = falls_silent
    try:
        if answered:
            assert ask(access).splitlines() == (
                cluster.cluster_answer('HV-N01').splitlines())
        else:
            assert 'in time' in error(access)
    finally:
        over.set()


def test_an_answer_that_trickles_costs_its_deadline(access, server,
                                                    monkeypatch):
    monkeypatch.setattr(endpoint, 'CONNECT_BUDGET_SECONDS', 0.5)
    over = threading.Event()

    def trickle(handler):
        handler.send_response(200)
        handler.send_header('Content-Length', '1000')
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b' ')
            if over.wait(0.1):
                break
        raise ConnectionAbortedError
    server.weather = trickle
    message = error(access)
    over.set()
    assert 'in time' in message


def test_an_answer_is_kept_when_its_session_does_not_close(access, server):
    """On Windows, closing waits for a command that hangs."""
    act = server.act

    def replaced(verb, *rest):
        if verb == 'Delete':
            raise winrm_server._Fault('1', 'it is busy')
        return act(verb, *rest)
    server.act = replaced
    assert '"part": "cluster"' in ask(access)


def test_why_a_certificate_is_not_accepted_is_whole(access, authority):
    other = authority.issue('elsewhere', 'elsewhere.example')
    with winrm_server.serving(lambda command: [], other,
                              lambda handler: (200, ())) as serving:
        message = error(dataclasses.replace(
            access, port=serving.server_port))
    # The words are those of the ssl module or of urllib3 1.26.
    assert '127.0.0.1' in message.partition('accepted')[2], message
    assert 'valid for' in message or "doesn't match" in message.replace(
        '\\', ''), message
    assert 'Max retries' not in message


@pytest.mark.parametrize('field', ('ca_file', 'certificate'))
def test_a_file_that_is_not_there_is_named(access, field):
    message = error(dataclasses.replace(access, **{field: '/nowhere.pem'}),
                    exception.InvalidConfig)
    assert message.startswith('/nowhere.pem: ')


def test_a_key_with_a_passphrase_is_named(access, client, folder):
    with open(client.key, 'rb') as file:
        key = serialization.load_pem_private_key(file.read(), None)
    path = folder / 'locked.key'
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b'secret')))
    assert 'private key is encrypted' in error(
        dataclasses.replace(access, certificate_key=str(path)))


@pytest.mark.parametrize('configuration', (lab.DEFAULT, lab.JEA))
def test_a_node_that_does_not_answer_says_why_in_words(access, configuration):
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
        message = error(dataclasses.replace(
            access, port=port, configuration_name=configuration))
    assert 'Connection refused' in message


@pytest.mark.parametrize('words, kind', (
    ('Preauthentication failed', exception.AccountRefused),
    ("Client's credentials have been revoked", exception.AccountRefused),
    ('Clock skew too great', exception.SourceUnavailable)))
def test_a_kdc_that_refuses_the_key_is_not_asked_for_each_node(
        access, monkeypatch, words, kind):
    def fail(host, access):
        raise spnego.exceptions.InvalidCredentialError(context_msg=(
            'Major (458752): No credentials, Minor (2529638936): ' + words))
    monkeypatch.setattr(endpoint, '_wsman', fail)
    with pytest.raises(exception.SourceUnavailable) as raised:
        ask(access)
    assert type(raised.value) is kind
