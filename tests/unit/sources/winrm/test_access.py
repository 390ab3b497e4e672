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

"""How clusters are reached is a file whose every fault is named."""

import os

import pytest

from hv_sched import exception
from hv_sched.sources.winrm import access

GUID = '5f4a1d52-6e0c-4f57-8f5e-0d2c5a0b9a01'


def read(**fields):
    cluster = {'name': 'HVLAB', 'nodes': ['hv01.lab.example'], **fields}
    return access.read({'clusters': [cluster]})[0]


def secret(tmp_path, mode=0o600, content='pass word\n'):
    path = tmp_path / 'secret'
    path.write_text(content)
    os.chmod(path, mode)
    return str(path)


def test_kerberos_on_the_port_of_https_is_what_needs_no_field():
    reached = read()
    assert (reached.auth, reached.port) == ('kerberos', 5986)
    assert not reached.is_jea
    assert reached.guid is None


def test_an_endpoint_of_its_own_is_asked_by_its_two_functions():
    assert read(configuration_name='hv_sched').is_jea


def test_a_guid_has_one_form():
    assert read(guid=f'{{{GUID.upper()}}}').guid == GUID


@pytest.mark.parametrize('fields, message', (
    ({'guid': 'x'}, r"clusters\[0\]\.guid: 'x' is no GUID"),
    ({'auth': 'basic'}, r"clusters\[0\]\.auth: 'basic' is not one of "
                        'kerberos, ntlm, certificate'),
    ({'auth': 'ntlm'}, 'auth ntlm needs username and password_file'),
    ({'auth': 'certificate'},
     'auth certificate needs certificate and certificate_key'),
    ({'port': 0}, r'clusters\[0\]\.port: 0 is not allowed'),
    ({'port': True}, r'clusters\[0\]\.port'),
    ({'nodes': []}, r'clusters\[0\]\.nodes'),
    ({'nodes': ['hv01; rm -rf /']}, r'clusters\[0\]\.nodes\[0\]'),
    ({'nodes': ['hv01\n']}, r'clusters\[0\]\.nodes\[0\]'),
    ({'nodes': 'hv01'}, r'clusters\[0\]\.nodes'),
    ({'pasword_file': 'x'}, "'pasword_file' is not known.*password_file"),
    ({'password': 'hunter2'}, "'password' is not known"),
    ({'ca_file': None}, r'clusters\[0\]\.ca_file'),
    ({'configuration_name': 'a b'}, 'configuration_name'),
))
def test_a_wrong_field_is_named(fields, message):
    with pytest.raises(exception.InvalidConfig, match=message) as raised:
        read(**fields)
    assert 'hunter2' not in str(raised.value)


@pytest.mark.parametrize('content', (
    None, [], 'x', {}, {'clusters': []}, {'clusters': [None]},
    {'clusters': [{}]}, {'cluster': []}))
def test_what_is_no_such_file_is_refused(content):
    with pytest.raises(exception.InvalidConfig):
        access.read(content)


@pytest.mark.parametrize('second', (
    {'name': 'hvlab', 'nodes': ['hv09']},
    {'name': 'B', 'nodes': ['HV01.lab.example']},
    {'name': 'B', 'nodes': ['hv09'], 'guid': GUID.upper()}))
def test_two_clusters_share_no_name_node_or_guid(second):
    first = {'name': 'HVLAB', 'nodes': ['hv01.lab.example'], 'guid': GUID}
    with pytest.raises(exception.InvalidConfig, match='belong to one'):
        access.read({'clusters': [first, second]})


def test_a_password_is_a_line_of_a_file_nobody_else_reads(tmp_path):
    reached = read(auth='ntlm', username='LAB\\reader',
                   password_file=secret(tmp_path))
    assert reached.password() == 'pass word'
    assert 'pass word' not in repr(reached)


@pytest.mark.parametrize('content', (
    '\ufeffpass word\r\n', 'pass word', 'pass word\r\n'))
def test_a_password_is_what_an_editor_on_windows_leaves(tmp_path, content):
    assert read(auth='ntlm', username='u', password_file=secret(
        tmp_path, content=content)).password() == 'pass word'


@pytest.mark.parametrize('content', (
    '', '\n', 'pass word\nother\n', 'user\r\npass word'))
def test_what_is_no_password_is_not_tried(tmp_path, content):
    with pytest.raises(exception.InvalidConfig, match='alone') as raised:
        read(auth='ntlm', username='u', password_file=secret(
            tmp_path, content=content)).password()
    assert 'pass word' not in str(raised.value)


@pytest.mark.parametrize('mode', (0o640, 0o604, 0o644, 0o660))
def test_a_password_others_can_read_is_refused(tmp_path, mode):
    path = secret(tmp_path, mode)
    with pytest.raises(exception.InvalidConfig,
                       match=f'chmod 0600 {path}') as raised:
        read(auth='ntlm', username='u', password_file=path).password()
    assert 'pass word' not in str(raised.value)


def test_a_password_that_is_not_there_is_named(tmp_path):
    with pytest.raises(exception.InvalidConfig, match='absent'):
        read(auth='ntlm', username='u',
             password_file=str(tmp_path / 'absent')).password()


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    path = tmp_path / 'clusters.yaml'
    path.write_bytes(b'clusters: [\xff')
    with pytest.raises(exception.InvalidConfig, match='clusters.yaml'):
        access.load(str(path))
    with pytest.raises(exception.InvalidConfig, match='nowhere'):
        access.load(str(tmp_path / 'nowhere'))
    os.mkfifo(tmp_path / 'fifo')
    with pytest.raises(exception.InvalidConfig, match='a pipe'):
        access.load(str(tmp_path / 'fifo'))
