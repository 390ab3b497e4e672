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

"""What a request filter of ours may raise, and how it reads."""

from nova import context as nova_context
from nova import exception
from nova import objects
import nova.conf
from oslo_config import cfg
from oslo_log import formatters
from oslo_log import log
import pytest

from hv_sched import conf as options
from hv_sched import request_filters
from hv_sched.request_filters import refusal

RAW = 'image a\x1b[2J\u202e\nb'
SHOWN = 'image a\\x1b[2J\\u202e\\nb'
CONF = nova.conf.CONF
SERVER = 'a8f6b3a0-6f0e-4d1c-9a0f-4d2f1f6f2a11'


@pytest.fixture(scope='module', autouse=True)
def registered_objects():
    objects.register_all()


@pytest.fixture(autouse=True)
def _options():
    if 'hv_sched' not in CONF:
        options.register_opts(CONF)


def guarded(raised):
    def fail(context, request_spec):
        raise raised
    return request_filters.guarded(fail, 'request_filter_closed')


def refused(raised):
    """What Nova shows to the owner of the server."""
    with pytest.raises(exception.RequestFilterFailed) as caught:
        guarded(raised)(None, objects.RequestSpec(instance_uuid=SERVER))
    return str(exception.NoValidHost(reason=caught.value.message))


@pytest.mark.parametrize('raised', [
    exception.RequestFilterFailed(reason=RAW),
    exception.RequestFilterFailed(RAW), refusal.Refused(RAW, 'details')])
def test_a_reason_is_shown_to_users_as_one_line_of_visible_text(raised):
    shown = refused(raised)
    assert SHOWN in shown.replace('\\\\', '\\')
    assert shown.isprintable()


def test_a_fault_is_for_the_log_alone(caplog):
    assert refused(ValueError(RAW)) == (
        f'No valid host was found. Scheduling failed: {refusal.FAULT}')
    [record] = caplog.records
    assert 'image a\\x1b[2J\\u202e\nb' in record.exc_text
    assert record.getMessage() == (
        f'Server {SERVER}: request_filter_closed failed')


def test_details_are_for_the_log_alone(caplog):
    with caplog.at_level('INFO'):
        shown = refused(refusal.Refused('Use another.', 'host hv1 is full'))
    assert shown.endswith(': Use another.')
    [record] = caplog.records
    assert (record.levelname, record.getMessage()) == (
        'INFO', f'Server {SERVER}: request_filter_closed refused the request:'
        ' host hv1 is full')


def test_the_line_begins_with_the_id_of_the_request(caplog):
    """oslo.log takes it from the context nova-scheduler keeps."""
    asking = nova_context.RequestContext('user', 'project', is_admin=False)
    with caplog.at_level('INFO'):
        refused(refusal.Refused('Use another.', 'host hv1 is full'))
    options_of_log = cfg.ConfigOpts()
    log.register_options(options_of_log)
    options_of_log([])
    written = formatters.ContextFormatter(config=options_of_log).format(
        caplog.records[0])
    assert f'[None {asking.request_id} user project' in written


@pytest.mark.parametrize('causes', [['x' * 300], ['y' * 90] * 4, ['z']])
def test_nova_keeps_all_of_a_reason(causes):
    """It stores 255 characters of a fault."""
    shown = refused(refusal.Refused(
        refusal.sentence('No host can run it', causes), ''))
    assert len(shown) <= 255
    assert 'No host can run it: ' + causes[0][:100] in shown


def test_causes_that_do_not_fit_are_counted():
    assert refusal.sentence('It needs', ['y' * 110, 'y' * 80, 'a', 'b']
                            ).endswith('y' * 110 + ' (and 3 more)')
    assert refusal.sentence('It needs', ['a', 'b']) == 'It needs: a; b'
