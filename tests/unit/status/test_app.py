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

"""Four paths that are read, and who may read them."""

import base64
from wsgiref import util as wsgi_util
from wsgiref import validate

import pytest

from hv_sched.status import app
from hv_sched.status import page
from tests import status_clouds

TOKEN = 'a-token-of-some-length'


class Recorded:
    """A recorder that has one status."""

    def __init__(self, status):
        self._status = status

    def status(self):
        return self._status


def asked(path, status=None, token='', method='GET', **headers):
    path, _mark, query = path.partition('?')
    environ = {'REQUEST_METHOD': method, 'PATH_INFO': path,
               'QUERY_STRING': query, 'SCRIPT_NAME': ''}
    wsgi_util.setup_testing_defaults(environ)
    environ.update({f'HTTP_{key.upper()}': value
                    for key, value in headers.items()})
    started = []
    answer = validate.validator(app.StatusApp(
        Recorded(status or status_clouds.healthy()), token,
        clock=lambda: status_clouds.NOW))(
            environ, lambda status, headers, exc=None: started.append(
                (status, dict(headers))))
    try:
        body = b''.join(answer).decode()
    finally:
        answer.close()
    return int(started[0][0][:3]), started[0][1], body


def test_the_page_is_html_with_its_policy_and_is_not_kept():
    code, headers, body = asked('/')
    assert (code, headers['Content-Type']) == (
        200, 'text/html; charset=utf-8')
    assert headers['Content-Security-Policy'] == page.security_policy()
    assert headers['Cache-Control'] == 'no-store'
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert 'All is well' in body
    assert headers['Refresh'] == '60; url=/'


def test_it_may_be_told_not_to_renew_itself():
    _code, headers, body = asked('/?renew=no')
    assert 'Refresh' not in headers
    assert 'does not reload' in body


def test_the_page_of_a_cluster_renews_as_such():
    code, headers, body = asked('/?cluster=hvc1')
    assert (code, headers['Refresh']) == (200, '60; url=/?cluster=hvc1')
    assert 'All clusters' in body and 'Volume1' in body
    code, headers, body = asked('/?cluster=%0d%0aX-Evil%3a+1%ff&renew=no')
    assert (code, 'Refresh' in headers) == (200, False)
    _code, headers, _body = asked('/?cluster=%0d%0aX-Evil%3a+1%ff')
    assert '\n' not in headers['Refresh']
    assert not [name for name in headers if 'evil' in name.lower()]


@pytest.mark.parametrize('method', ['POST', 'PUT', 'DELETE', 'PATCH',
                                    'OPTIONS'])
@pytest.mark.parametrize('path', ['/', '/metrics', '/healthz', '/readyz'])
def test_nothing_but_reading(path, method):
    code, headers, _body = asked(path, method=method)
    assert (code, headers['Allow']) == (405, 'GET, HEAD')


def test_head_tells_the_length_and_no_body():
    code, headers, body = asked('/', method='HEAD')
    assert (code, body) == (200, '')
    assert int(headers['Content-Length']) > 1000


@pytest.mark.parametrize('path', ['/x', '/metrics/', '//', '/../etc/passwd',
                                  '/%00', '/<script>'])
def test_there_is_no_other_page(path):
    code, _headers, body = asked(path)
    assert (code, body) == (404, 'no such page\n')


def test_health_is_of_the_agent_not_of_the_cloud():
    assert asked('/healthz', status_clouds.status(8, 8))[::2] == (200, 'ok\n')
    assert asked('/readyz', status_clouds.status(8, 8))[::2] == (200, 'ok\n')


def test_an_agent_that_is_dead_is_neither_healthy_nor_ready():
    dead = status_clouds.healthy(
        read_at=status_clouds.before(9999), parts=(
            status_clouds.PartStatus('Sync', result='ok',
                                     last_end=status_clouds.before(9999)),))
    assert asked('/healthz', dead)[::2] == (
        503, 'Sync: no pass for 2 h 46 min\n')
    code, _headers, body = asked('/readyz', dead)
    assert code == 503
    assert body.splitlines() == ['Sync: no pass for 2 h 46 min',
                                 'what is shown is 2 h 46 min old']


def test_without_data_it_is_healthy_and_not_ready():
    empty = status_clouds.Status(interval=60.0)
    assert asked('/healthz', empty)[0] == 200
    assert asked('/readyz', empty)[::2] == (
        503, 'no data yet: Placement has not been read\n')


def basic(password, user='anybody'):
    return 'Basic ' + base64.b64encode(f'{user}:{password}'.encode()).decode()


@pytest.mark.parametrize('authorization', [
    None, '', 'Bearer', 'Bearer wrong', 'Bearer ' + TOKEN + 'x', 'Basic !',
    'Basic ' + TOKEN, basic('wrong'), basic('', TOKEN), TOKEN,
    'Digest ' + TOKEN, 'Bearer \xff\u0100', 'Basic \u0100'])
@pytest.mark.parametrize('path', ['/', '/metrics'])
def test_nobody_reads_without_the_token(path, authorization):
    headers = {} if authorization is None else {
        'authorization': authorization}
    code, answered, body = asked(path, token=TOKEN, **headers)
    assert code == 401
    assert answered['WWW-Authenticate'].startswith('Basic')
    assert 'hvc1' not in body and TOKEN not in body


@pytest.mark.parametrize('authorization', [
    f'Bearer {TOKEN}', f'bearer {TOKEN}', basic(TOKEN), basic(TOKEN, '')])
def test_who_has_the_token_reads(authorization):
    assert asked('/', token=TOKEN, authorization=authorization)[0] == 200


def test_health_needs_no_token_and_then_tells_no_reasons():
    empty = status_clouds.Status(interval=60.0)
    assert asked('/readyz', empty, token=TOKEN)[::2] == (
        503, 'failing; reasons need the token\n')
    assert 'no data' in asked('/readyz', empty, token=TOKEN,
                           authorization=f'Bearer {TOKEN}')[2]


def test_a_failure_is_an_answer_without_its_text(caplog):
    class Failing:
        def status(self):
            raise RuntimeError('what nobody should see')

    started = []
    body = app.StatusApp(Failing())(
        {'REQUEST_METHOD': 'GET', 'PATH_INFO': '/'},
        lambda status, headers: started.append(status))
    assert started == ['500 Internal Server Error']
    assert b'nobody' not in b''.join(body)
    assert 'what nobody should see' in caplog.text


@pytest.mark.parametrize('path', ['/', '/metrics', '/healthz', '/readyz',
                                  '/none'])
@pytest.mark.parametrize('token', ['', TOKEN])
def test_a_page_of_somebody_else_reads_nothing_by_a_browser(path, token):
    """By DNS rebinding: with and without the token."""
    code, _headers, body = asked(
        path, token=token, host='evil.example:9482',
        authorization=f'Bearer {TOKEN}')
    assert code == 421
    assert 'Volume1' not in body and 'status_allowed_hosts' in body
