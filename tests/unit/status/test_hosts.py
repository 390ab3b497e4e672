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

"""The names by which the status may be asked."""

import pytest

from hv_sched.status.hosts import AllowedHosts


@pytest.mark.parametrize('host', [
    None, '', 'localhost', 'LOCALHOST:9482', 'localhost.', '127.0.0.1',
    '127.0.0.1:9482', '127.8.9.1', '[::1]', '[::1]:9482',
    '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '127.0.0.1:'])
@pytest.mark.parametrize('address', ['127.0.0.1', '::1', '192.0.2.10'])
def test_loopback_is_allowed_by_any_port(address, host):
    assert AllowedHosts.of(address).allow(host)


@pytest.mark.parametrize(('address', 'host'), [
    ('192.0.2.10', '192.0.2.10:9482'), ('2001:db8::1', '[2001:DB8:0::1]:9'),
    ('0.0.0.0', '192.0.2.77'), ('::', '[2001:db8::9]:9482'),
    ('::', '192.0.2.77:9482')])
def test_the_address_that_is_listened_on_is_allowed(address, host):
    assert AllowedHosts.of(address).allow(host)


@pytest.mark.parametrize('host', [
    'evil.example', 'evil.example:9482', 'localhost.evil.example',
    '127.0.0.1.evil.example', 'localhost, evil.example', 'localhost evil',
    '192.0.2.11', '[2001:db8::9]', '::1', '[::1', '[localhost]', 'localhost@x',
    'evil@localhost', 'http://localhost', 'localhost/', 'localhost:x',
    'localhost:123456', '127.1', '2130706433', '0x7f.1', '.', '-', ':9482',
    'localhost\n', '\x00', 'l\u043ecalhost', 'x' * 9999])
@pytest.mark.parametrize('address', ['127.0.0.1', '192.0.2.10'])
def test_any_other_name_is_not(address, host):
    assert not AllowedHosts.of(address).allow(host)


def test_a_name_is_not_allowed_by_listening_everywhere():
    assert not AllowedHosts.of('0.0.0.0').allow('evil.example')


def test_names_that_an_operator_adds_are_allowed():
    hosts = AllowedHosts.of('0.0.0.0', ['Controller1.example.', '::7'])
    for host in ('controller1.EXAMPLE:9482', 'controller1.example.',
                 '[0::7]:9482'):
        assert hosts.allow(host)
    assert not hosts.allow('controller1')
    assert not hosts.allow('x.controller1.example')
