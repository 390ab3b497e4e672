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

"""A cluster is read over PowerShell Remoting, and every fault has a name.

The endpoint is real TLS, WS-Management and PSRP on loopback; only what
PowerShell would answer is simulated.
"""

import dataclasses
import logging
import os
import socket
import sys
import threading

import pytest

from hv_sched import exception
from hv_sched.demo.windows import certificates
from hv_sched.demo.windows import simulated
from hv_sched.demo.windows import winrm_server
from hv_sched.sources.winrm import endpoint
from hv_sched.sources.winrm import memory
from hv_sched.sources.winrm import questions
from hv_sched.sources.winrm.access import Access
from hv_sched.sources.winrm.asking import Asking

PASSWORD = 'Tr0ub4dor'
CONFIGURATIONS = ('Microsoft.PowerShell', 'hv_sched')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('winrm')


@pytest.fixture(scope='module')
def authority(folder):
    return certificates.Authority(folder)


@pytest.fixture(scope='module')
def pair(authority):
    return authority.issue('node', '127.0.0.1', 'localhost')


@pytest.fixture
def users(folder, monkeypatch):
    path = folder / 'users'
    path.write_text(f'LAB:reader:{PASSWORD}\n')
    monkeypatch.setenv('NTLM_USER_FILE', str(path))


@pytest.fixture
def cluster():
    made = simulated.cluster('HV', nodes=2, volumes=2)
    for number in range(50):
        made.create(f'instance-{number:08x}', 'HV-N01', 'Volume1', 10)
    return made


def answer_of(cluster):
    def answer(command):
        if command.call == 'Get-HvSchedCluster':
            text = cluster.cluster_answer('HV-N01')
        else:
            text = cluster.node_answer('HV-N01', 'Guarded' in command.switches,
                                       'Files' in command.switches)
        return text.splitlines()
    return answer


@pytest.fixture
def server(cluster, pair, users):
    with winrm_server.serving(answer_of(cluster), pair, winrm_server.ntlm,
                              CONFIGURATIONS) as serving:
        yield serving


@pytest.fixture
def access(server, authority, folder):
    path = folder / 'password'
    path.touch(mode=0o600)
    path.write_text(PASSWORD + '\n')
    return Access('HV', ('127.0.0.1',), auth='ntlm', username='LAB\\reader',
                  password_file=str(path), ca_file=authority.file,
                  port=server.server_port)


def ask(access, question=questions.CLUSTER, host='127.0.0.1'):
    return endpoint.ask(host, access, question)


def error(access, question=questions.CLUSTER, host='127.0.0.1'):
    """The one line an operator reads; no secret is in it."""
    with pytest.raises(exception.SourceUnavailable) as raised:
        ask(access, question, host)
    message = str(raised.value)
    assert message.startswith(f'node {host}: ')
    assert PASSWORD not in message and '\n' not in message
    return message


@pytest.mark.parametrize('configuration', CONFIGURATIONS)
def test_a_cluster_answers_over_its_endpoint(access, server, cluster,
                                             configuration):
    access = dataclasses.replace(access, configuration_name=configuration)
    assert ask(access).splitlines() == (
        cluster.cluster_answer('HV-N01').splitlines())
    assert server.open_shells() == 0


def test_of_jea_only_the_function_and_its_switches_are_called(access, server):
    access = dataclasses.replace(access, configuration_name='hv_sched')
    ask(access, dataclasses.replace(questions.NODE, switches=('Guarded',)))
    assert server.commands == [winrm_server.Command(
        'Get-HvSchedNode', ('Guarded',), '')]


def test_nothing_of_a_conversation_is_logged(access, caplog):
    caplog.set_level(logging.DEBUG)
    ask(access)
    assert not [record for record in caplog.records
                if record.name.startswith(('pypsrp', 'spnego'))]
    assert PASSWORD not in caplog.text and '<s:Envelope' not in caplog.text


def test_kerberos_without_its_packages_says_what_to_install(access,
                                                            monkeypatch):
    for name in ('gssapi', 'krb5'):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr('spnego._gss.HAS_GSSAPI', False, raising=False)
    message = error(dataclasses.replace(access, auth='kerberos',
                                        username=None, password_file=None))
    assert "pip install 'hv_sched[kerberos]'" in message


def test_a_script_ends_in_a_constant_line(access, server):
    ask(access, dataclasses.replace(questions.NODE, switches=('Files',)))
    [command] = server.commands
    assert command.script.splitlines()[-1] == 'Get-HvSchedNode -Files'


def test_a_large_answer_comes_whole(access, server, cluster):
    for number in range(8_000):
        cluster.create(f'instance-{number:08x}', 'HV-N02', 'Volume2', 10)
    assert ask(access).splitlines() == (
        cluster.cluster_answer('HV-N01').splitlines())


def test_the_requests_of_a_question_are_counted(access, server):
    ask(access)
    # NTLM takes three of them; then Create, Receive (of the pool), Command,
    # Receive and Delete.
    assert server.requests <= 8


def test_a_client_certificate_is_enough(authority, pair, cluster, access):
    client = authority.issue('reader', 'reader')
    with winrm_server.serving(
            answer_of(cluster), pair, winrm_server.client_certificate,
            client_ca=authority.file) as serving:
        by_certificate = Access(
            'HV', ('127.0.0.1',), auth='certificate',
            certificate=client.certificate, certificate_key=client.key,
            ca_file=authority.file, port=serving.server_port)
        assert ask(by_certificate)


def test_a_key_others_can_read_is_not_used(authority, access):
    client = authority.issue('loose', 'loose')
    os.chmod(client.key, 0o644)
    with pytest.raises(exception.InvalidConfig, match='chmod 0600'):
        ask(dataclasses.replace(
            access, auth='certificate', certificate=client.certificate,
            certificate_key=client.key))


def test_an_unknown_authority_is_refused(access, folder):
    other = certificates.Authority(folder, 'other')
    message = error(dataclasses.replace(access, ca_file=other.file))
    assert 'certificate is not accepted' in message and 'ca_file' in message


def test_the_authorities_of_the_system_do_not_know_ours(access):
    assert 'certificate is not accepted' in error(
        dataclasses.replace(access, ca_file=None))


@pytest.mark.parametrize('hosts, days', ((('elsewhere.example',), 30),
                                         (('127.0.0.1',), -1)),
                         ids=('of another host', 'expired'))
def test_a_wrong_certificate_is_refused(authority, access, cluster, users,
                                        hosts, days):
    wrong = authority.issue('wrong', *hosts, days=days)
    with winrm_server.serving(answer_of(cluster), wrong,
                              winrm_server.ntlm) as serving:
        message = error(dataclasses.replace(
            access, port=serving.server_port))
    assert 'certificate is not accepted' in message


def test_a_refused_account_is_named(access, folder):
    path = folder / 'wrong'
    path.touch(mode=0o600)
    path.write_text('wrong')
    message = error(dataclasses.replace(access, password_file=str(path)))
    assert 'account is refused' in message and 'locked' in message


def test_a_wrong_endpoint_is_named(access):
    message = error(dataclasses.replace(access, configuration_name='nope'))
    assert 'code 2150858843' in message and 'configuration_name' in message


@pytest.mark.parametrize('weather, words', (
    ((503, b''), 'HTTP 503'),
    ((200, b'<html>proxy</html>'), 'port'),
    ((200, b'\xff\x00garbage'), 'port'),
    ((200, b''), 'port'),
    ((500, b'<html>oops</html>'), 'refuses the request'),
), ids=str)
def test_an_answer_that_is_not_winrm_is_named(access, server, weather,
                                              words):
    server.weather = lambda handler: weather
    assert words in error(access)


@pytest.mark.parametrize('chunks', (
    b'zz\r\nno number\r\n', b'5\r\n<s:En\r\nffffffffff\r\nx',
    b'-1\r\n\r\n', b''), ids=repr)
def test_chunked_garbage_is_named(access, server, chunks):
    def garbage(handler):
        handler.wfile.write(
            b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'
            b'Content-Type: application/soap+xml;charset=UTF-8\r\n\r\n'
            + chunks)
        handler.connection.shutdown(socket.SHUT_RDWR)
        raise ConnectionAbortedError
    server.weather = garbage
    assert 'port' in error(access)


def test_an_account_that_is_locked_meanwhile_is_refused(access, server,
                                                       folder):
    assert ask(access)
    (folder / 'users').write_text('LAB:other:secret\n')
    with pytest.raises(exception.AccountRefused, match='locked'):
        ask(access)
    assert server.open_shells() == 0


def test_a_certificate_that_is_renewed_needs_nothing(
        access, authority, cluster, users):
    again = authority.issue('renewed', '127.0.0.1')
    with winrm_server.serving(answer_of(cluster), again, winrm_server.ntlm
                              ) as serving:
        assert ask(dataclasses.replace(access, port=serving.server_port))


def test_a_certificate_that_changed_hands_is_refused_and_facts_grow_old(
        access, folder, cluster, users):
    """Whoever takes the place of a node learns no secret and tells nothing.
    """
    other = certificates.Authority(folder, 'changed').issue(
        'changed', '127.0.0.1')
    port = []

    def answered(host, access, question):
        return endpoint.ask(host, dataclasses.replace(
            access, port=(port or [access.port])[0]), question)
    remembered = memory.ClusterMemory(access, answered, Asking(4),
                                      memory.Clock())
    cluster.nodes = {'HV-N01': cluster.nodes['HV-N01']}
    before = remembered.collect()
    with winrm_server.serving(answer_of(cluster), other, winrm_server.ntlm
                              ) as serving:
        port.append(serving.server_port)
        assert remembered.collect()[0] == before[0]
        assert serving.requests == 0


def test_another_cluster_is_not_believed(access, cluster):
    access = dataclasses.replace(access, guid=simulated.guid('another'))
    with pytest.raises(exception.SourceUnavailable, match=cluster.guid):
        memory.ClusterMemory(access, endpoint.ask, Asking(4),
                             memory.Clock()).collect()


def test_a_broken_connection_is_named(access, server):
    server.weather = lambda handler: handler.connection.shutdown(
        socket.SHUT_RDWR)
    assert 'port' in error(access)


def test_nobody_there_is_named(access):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    message = error(dataclasses.replace(access, port=port))
    assert 'no connection' in message and f'port {port}' in message


def test_a_name_nobody_knows_is_named(access):
    assert 'check its name' in error(access, host='nowhere.invalid')


def test_a_proxy_of_the_environment_is_ignored(access, monkeypatch):
    for name in ('HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'):
        monkeypatch.setenv(name, 'http://127.0.0.1:9')
    assert ask(access)


def test_a_command_that_hangs_costs_its_deadline_and_keeps_what_came(
        access, pair, cluster, users):
    lines = cluster.cluster_answer('HV-N01').splitlines()

    def hang(command):
        raise winrm_server.Hangs(*lines[:3])
    with winrm_server.serving(hang, pair, winrm_server.ntlm) as serving:
        text = ask(dataclasses.replace(access, port=serving.server_port),
                   dataclasses.replace(questions.CLUSTER, seconds=1))
    assert text.splitlines() == lines[:3]


def test_a_command_that_says_nothing_is_named(access, pair, users):
    with winrm_server.serving(lambda command: [], pair,
                              winrm_server.ntlm) as serving:
        message = error(dataclasses.replace(
            access, port=serving.server_port))
    assert 'Get-HvSchedCluster printed nothing' in message


def test_an_endless_answer_is_cut_off(access, pair, users, monkeypatch):
    monkeypatch.setattr(endpoint, 'MAX_ANSWER_BYTES', 1000)
    with winrm_server.serving(lambda command: ['x' * 2000], pair,
                              winrm_server.ntlm) as serving:
        message = error(dataclasses.replace(
            access, port=serving.server_port))
    assert 'larger than' in message


def test_two_may_ask_one_node_at_a_time(access, server, cluster):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(access)))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4 and len(set(answers)) == 1
