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

"""What nova-scheduler logs when its Placement cannot be reached."""

from unittest import mock

from keystoneauth1 import exceptions as ksa_exceptions
from oslo_config import cfg
from oslo_log import formatters
from oslo_log import log
import pytest

from hv_sched.snapshot import cache
from hv_sched.snapshot import nova_reader

SECRET = 'hunter2'


@pytest.fixture
def written(caplog):
    """The lines as Nova writes them: with the exception that is handled."""
    conf = cfg.ConfigOpts()
    log.register_options(conf)
    conf([])
    caplog.handler.setFormatter(formatters.ContextFormatter(config=conf))
    return caplog


def test_a_password_in_the_url_of_placement_is_not_logged(
        monkeypatch, written):
    away = ksa_exceptions.ConnectFailure(
        f'Unable to establish connection to http://u:{SECRET}@host/traits')
    monkeypatch.setattr(
        'nova.scheduler.client.report.report_client_singleton',
        lambda: mock.Mock(get=mock.Mock(side_effect=away)))
    assert cache.Cache(nova_reader.read).get(60) is None
    assert 'http://u:***@host/traits' in written.text
    assert SECRET not in written.text
