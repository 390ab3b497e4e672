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

"""The services of a catalogue that has public endpoints alone."""

import gc
import weakref

from keystoneauth1 import access
from keystoneauth1 import fixture
from keystoneauth1 import loading
from keystoneauth1.identity import access as access_plugin
import pytest

from hv_sched.agent import clients
from hv_sched.agent import cmd

PUBLIC, INTERNAL = 'http://public.example/v2.1', 'http://internal.example/v2.1'


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / 'hv_sched.conf'
    path.write_text('[keystone]\nauth_type = none\n')
    return cmd.configure(['--config-file', str(path)])


def signed_in(monkeypatch, **endpoints):
    """As whom the options say, with a catalogue of these endpoints."""
    token = fixture.V3Token()
    for service_type in ('compute', 'image', 'placement'):
        token.add_service(service_type).add_standard_endpoints(**endpoints)
    plugin = access_plugin.AccessInfoPlugin(
        access.create(body=token, auth_token='a-token'))
    monkeypatch.setattr(loading, 'load_auth_from_conf_options',
                        lambda *_arguments: plugin)


@pytest.mark.parametrize('endpoints, expected', [
    ({'public': PUBLIC}, PUBLIC),
    ({'public': PUBLIC, 'internal': INTERNAL}, INTERNAL)])
def test_the_doctor_takes_the_endpoint_there_is(
        conf, monkeypatch, endpoints, expected):
    """Internal before public, as the rest of the agent does."""
    signed_in(monkeypatch, **endpoints)
    placement, _nova = clients.connect(conf)
    looking = clients.looking(conf, placement)
    config = looking.nova._connection.config
    for service_type in ('compute', 'image'):
        assert config.get_session().get_endpoint(
            service_type=service_type,
            interface=config.get_interface(service_type)) == expected


def test_what_looks_for_the_doctor_is_gone_when_nobody_uses_it(conf):
    """Each reload makes it anew."""
    placement, _nova = clients.connect(conf)
    looking = clients.looking(conf, placement)
    sessions = [weakref.ref(each._connection.session)
                for each in (looking.nova, looking.glance)]
    del looking
    gc.collect()
    assert [session() for session in sessions] == [None, None]
