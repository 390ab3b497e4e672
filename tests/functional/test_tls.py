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

"""Who cannot prove to be Keystone, Placement, Nova or Glance learns nothing.

Certificates are verified unless somebody says ``insecure``; those of Windows
nodes always (test_winrm).
"""

import pytest
from wsgi_intercept import requests_intercept

from hv_sched import exception
from hv_sched.agent import clients
from hv_sched.agent import cmd
from hv_sched.demo.windows import certificates
from tests.functional import published_cloud
from tests.functional import token_cloud

SERVICES = ('Placement', 'Nova', 'Glance')


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return certificates.Authority(tmp_path_factory.mktemp('authority'))


@pytest.fixture
def published(placement):
    """Its Placement is in this process; the sockets are real from here on."""
    cloud = published_cloud.PublishedCloud(placement)
    requests_intercept.uninstall()
    yield cloud
    requests_intercept.install()


def reads(cloud, tmp_path, more=''):
    """A read of each service by the agent's own clients."""
    path = tmp_path / 'hv_sched.conf'
    path.write_text('[hv_sched]\nrequest_timeout = 30\n'
                    + cloud.section(more))
    conf = cmd.configure(['--config-file', str(path)])
    placement, nova = clients.connect(conf)
    looking = clients.looking(conf, placement)
    return {'Placement': placement.list_providers, 'Nova': nova.computes,
            'Glance': lambda: list(looking.glance.images())}


@pytest.mark.parametrize('name', SERVICES)
@pytest.mark.parametrize(('hosts', 'days', 'is_trusted'), [
    (('127.0.0.1',), 30, False), (('elsewhere.example',), 30, True),
    (('127.0.0.1',), -1, True)],
    ids=['unknown authority', 'another host', 'expired'])
def test_a_certificate_that_proves_nothing_is_refused(
        authority, published, tmp_path, name, hosts, days, is_trusted):
    """Before a password is sent."""
    pair = authority.issue('wrong', *hosts, days=days)
    with token_cloud.TokenCloud(published, pair) as cloud:
        read = reads(cloud, tmp_path, f'cafile = {authority.file}'
                     if is_trusted else '')[name]
        with pytest.raises((exception.ServiceError,
                            exception.PlacementError),
                           match='(?i)certificate|SSL'):
            read()
    assert cloud.tokens == []


@pytest.mark.parametrize('name', SERVICES)
def test_one_of_a_trusted_authority_is_accepted(authority, published,
                                                tmp_path, name):
    pair = authority.issue('good', '127.0.0.1')
    with token_cloud.TokenCloud(published, pair) as cloud:
        reads(cloud, tmp_path, f'cafile = {authority.file}')[name]()
    assert len(cloud.tokens) == 1


@pytest.mark.parametrize('name', SERVICES)
def test_a_service_behind_a_keystone_that_is_trusted_is_verified_too(
        authority, published, tmp_path, name):
    """The token is for it alone; the catalogue may lead anywhere."""
    pair = authority.issue('good', '127.0.0.1')
    other = certificates.Authority(tmp_path, 'other').issue(
        'other', '127.0.0.1')
    with token_cloud.TokenCloud(published, pair) as cloud, \
            token_cloud.TokenCloud(published, other) as elsewhere:
        cloud.lead_to(elsewhere)
        read = reads(cloud, tmp_path, f'cafile = {authority.file}')[name]
        with pytest.raises((exception.ServiceError,
                            exception.PlacementError),
                           match='(?i)certificate|SSL'):
            read()
    assert len(cloud.tokens) == 1 and not elsewhere.heard
