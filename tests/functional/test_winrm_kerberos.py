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

"""Kerberos, the default, against a real KDC: a keytab and nothing else."""

import dataclasses

import pytest

from hv_sched import exception
from hv_sched.demo.windows import certificates
from hv_sched.demo.windows import lab
from hv_sched.demo.windows import simulated
from hv_sched.demo.windows import winrm_server
from hv_sched.sources.winrm import endpoint
from hv_sched.sources.winrm import questions
from hv_sched.sources.winrm.access import Access
from tests.functional import kerberos_realm

MISSING = kerberos_realm.missing()
pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f'a KDC of our own needs {", ".join(MISSING)}')
HOST = 'hv-n01.lab.example'
READER = f'hvsched@{kerberos_realm.REALM}'


@pytest.fixture(scope='module')
def realm(tmp_path_factory):
    made = kerberos_realm.KerberosRealm(tmp_path_factory.mktemp('realm'))
    made.add(READER, 'client.keytab')
    made.add(f'HTTP/{HOST}@{kerberos_realm.REALM}', 'service.keytab')
    with made.running():
        yield made


@pytest.fixture
def access(realm, tmp_path, monkeypatch):
    for name, value in realm.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv('KRB5CCNAME', f'FILE:{tmp_path}/cache')
    authority = certificates.Authority(tmp_path, 'authority')
    pair = authority.issue('kerberos', HOST, 'hv-n02.lab.example')
    cluster = simulated.cluster('HV', nodes=2)
    with lab.running([cluster], tmp_path) as running, winrm_server.serving(
            running.answer, pair, winrm_server.kerberos) as server:
        yield Access('HV', (HOST,), ca_file=authority.file,
                     port=server.server_port)


def error(access, host=HOST):
    with pytest.raises(exception.SourceUnavailable) as raised:
        endpoint.ask(host, access, questions.CLUSTER)
    return str(raised.value)


@pytest.mark.parametrize('username', (None, READER), ids=str)
def test_a_keytab_is_enough(access, username):
    access = dataclasses.replace(access, username=username)
    assert '"part": "cluster"' in endpoint.ask(
        HOST, access, questions.CLUSTER)


def test_an_account_without_a_key_is_named_with_what_to_check(access):
    message = error(dataclasses.replace(
        access, username=f'nobody@{kerberos_realm.REALM}'))
    assert 'kerberos fails' in message and 'KRB5_CLIENT_KTNAME' in message


def test_a_node_without_a_service_principal_is_named(access):
    message = error(access, 'hv-n02.lab.example')
    assert 'not found in Kerberos database' in message
    assert 'HTTP/hv-n02.lab.example' in message


def test_a_keytab_that_is_not_there_is_named(access, monkeypatch, tmp_path):
    monkeypatch.setenv('KRB5_CLIENT_KTNAME', str(tmp_path / 'none'))
    assert 'KRB5_CLIENT_KTNAME' in error(access)


def test_the_ticket_of_one_node_is_none_for_another_service(
        access, monkeypatch, tmp_path):
    """A node that cannot decrypt a ticket lets nobody in."""
    monkeypatch.setenv('KRB5_KTNAME', str(tmp_path / 'none'))
    assert 'node hv-n01' in error(access)
