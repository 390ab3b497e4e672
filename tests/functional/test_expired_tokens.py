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

"""A token that runs out, or is revoked, in the middle of the work.

It is renewed once; whoever takes no token at all is named.
"""

import logging

import pytest

from hv_sched import exception
from hv_sched.agent import clients
from hv_sched.agent import cmd
from tests.functional import published_cloud
from tests.functional import token_cloud


@pytest.fixture
def cloud(placement):
    with token_cloud.TokenCloud(
            published_cloud.PublishedCloud(placement)) as running:
        yield running


@pytest.fixture
def conf(cloud, tmp_path):
    return configured(cloud, tmp_path)


def configured(cloud, folder):
    """The options of a file that is written anew."""
    path = folder / 'hv_sched.conf'
    path.write_text(f'[hv_sched]\nrequest_timeout = 30\n{cloud.section()}')
    return cmd.configure(['--config-file', str(path)])


@pytest.fixture
def services(conf):
    """A read of each service by the agent's own clients."""
    placement, nova = clients.connect(conf)
    looking = clients.looking(conf, placement)
    return {'Placement': placement.list_providers, 'Nova': nova.computes,
            'Glance': lambda: list(looking.glance.images())}


@pytest.mark.parametrize('name', ['Placement', 'Nova', 'Glance'])
def test_a_token_that_is_no_longer_good_is_renewed_once(cloud, services,
                                                        name):
    before = services[name]()
    issued = len(cloud.tokens)
    cloud.good.clear()
    assert services[name]() == before
    assert len(cloud.tokens) == issued + 1


@pytest.mark.parametrize(('name', 'error'), [
    ('Placement', exception.PlacementDenied),
    ('Nova', exception.NovaDenied), ('Glance', exception.ServiceDenied)])
def test_a_service_that_takes_no_token_is_named_after_one_more(
        cloud, services, name, error):
    services[name]()
    issued = len(cloud.tokens)
    cloud.refuses_all = True
    with pytest.raises(error, match=f'{name} answered 401') as raised:
        services[name]()
    assert len(cloud.tokens) == issued + 1
    for secret in (token_cloud.PASSWORD, *cloud.tokens):
        assert secret not in str(raised.value)


def test_a_write_is_sent_again_with_the_new_token(cloud, conf):
    placement, _nova = clients.connect(conf)
    placement.list_providers()
    cloud.good.clear()
    placement.ensure_trait('CUSTOM_HYPERV_PAUSED')
    assert 'CUSTOM_HYPERV_PAUSED' in placement.all_traits()
    assert len(cloud.tokens) == 2


def test_a_password_that_is_changed_is_said_and_then_read_again(
        cloud, conf, tmp_path):
    """SIGHUP makes clients of what the file says, as here."""
    placement, _nova = clients.connect(conf)
    providers = placement.list_providers()
    cloud.password = 'another-one'
    cloud.good.clear()
    with pytest.raises(exception.PlacementDenied,
                       match='Keystone answered 401') as raised:
        placement.list_providers()
    assert token_cloud.PASSWORD not in str(raised.value)
    placement, _nova = clients.connect(configured(cloud, tmp_path))
    assert placement.list_providers() == providers


def test_no_log_of_all_that_has_a_token_or_the_password(
        cloud, services, caplog):
    """Also not those of keystoneauth and urllib3 at DEBUG."""
    with caplog.at_level(logging.DEBUG):
        for name in ('keystoneauth', 'urllib3', 'requests', 'openstack'):
            logging.getLogger(name).setLevel(logging.DEBUG)
        for read in services.values():
            read()
            cloud.good.clear()
            read()
    assert '/resource_providers' in caplog.text, 'the requests are logged'
    assert len(cloud.tokens) > 2
    for secret in (token_cloud.PASSWORD, *cloud.tokens):
        assert secret not in caplog.text
