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

"""A password in the URL of a service is shown nowhere."""

import io
import json
import logging
import sys

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import exception
from hv_sched import log_handlers
from hv_sched import printable
from hv_sched import url_secrets

SECRET = 'hunter2'
USERINFO = st.text(st.characters(
    min_codepoint=33, max_codepoint=126, blacklist_characters=':/@?#[]"\\'))


@pytest.mark.parametrize('raw, shown', [
    (f'http://user:{SECRET}@host/v3', 'http://user:***@host/v3'),
    (f'redis://:{SECRET}@host:6379', 'redis://:***@host:6379'),
    (f'to http://user:{SECRET}@[::1]:5000/v3: refused',
     'to http://user:***@[::1]:5000/v3: refused'),
    (f'rabbit://u:{SECRET}@h1:5672,u:{SECRET}@h2:5672/v',
     'rabbit://u:***@h2:5672/v'),
    (f'rabbit://h1:5672,u:{SECRET}@h2/', 'rabbit://h1:***@h2/'),
    (f'redis://host?db=1&password={SECRET}&ssl=1',
     'redis://host?db=1&password=***&ssl=1'),
    (f'redis://h?sentinel_password={SECRET}',
     'redis://h?sentinel_password=***'),
    # What is no URL is named in an error, too.
    (f'http://user:{SECRET}/x@host/', 'http://user:***@host/'),
    (f'http://user:0){SECRET}@host/', 'http://user:***@host/'),
    (f'http://user:0/{SECRET}@host/', 'http://user:***@host/'),
    (f'http://user:0"{SECRET}@host/', 'http://user:***@host/'),
    (f'http://user:{SECRET}#x@host/', 'http://user:***@host/'),
    (f'http://user:{SECRET}[x@host/', 'http://user:***@host/'),
    (f'http://user:{SECRET}@x@host/', 'http://user:***@host/'),
    (f'http://user:my {SECRET}@host/', 'http://user:***@host/'),
    (f'"http://user:{SECRET}"x@host/"', '"http://user:***@host/"'),
    (f'http://a:{SECRET}@h, http://b:{SECRET}@k',
     'http://a:***@h, http://b:***@k')])
def test_a_password_is_not_shown(raw, shown):
    assert url_secrets.masked(raw) == shown
    assert url_secrets.masked(shown) == shown


@pytest.mark.parametrize('text', [
    'http://host:5000/v3', 'http://host:5000: refused, says u@h',
    'http://user@host/', 'https://node:5986/wsman: svc@REALM is refused',
    'http://host: svc@REALM is refused', 'http://[::1]:5000/v3 a@b',
    '(http://host:5000) refuses u@h', '"http://host:5000/v3" says: u@h',
    'user:x@host', 'C:\\ClusterStorage\\Volume1', '://', 'a://b:'])
def test_what_has_none_stays(text):
    assert url_secrets.masked(text) == text


@given(USERINFO, USERINFO.map(lambda text: f'{text}{SECRET}'))
def test_whatever_user_and_password_are(user, password):
    assert SECRET not in url_secrets.masked(
        f'at http://{user}:{password}@host:1/v3: refused')


def test_many_urls_cost_no_time():
    for part in ('://a:b', '://a:b ', 'a', '://', 'http://a:b"', '?token',
                 '://a:1', '://a:1/', '://a:1)'):
        url_secrets.masked('://' + part * 200000)


@pytest.mark.parametrize('value, shown', [
    (f'user:{SECRET}@host', '***@host'),
    (f'http://user:{SECRET}@host:5000/', 'http://user:***@host:5000/'),
    (f'http:/user:{SECRET}@host', '***@host'),
    ('controller', 'controller')])
def test_an_option_that_should_be_a_url_may_be_none(value, shown):
    assert url_secrets.masked_option(value) == shown


def test_no_text_that_is_printed_has_one():
    for show in (printable.text, printable.encodable):
        assert show(f'http://u:{SECRET}@h') == 'http://u:***@h'


def test_no_error_has_one():
    for error in (
            exception.InvalidConfig(f'http://u:{SECRET}@h'),
            exception.PlacementUnavailable(f'http://u:{SECRET}@h', 503),
            exception.Contended('hvc1', f'http://u:{SECRET}@h')):
        assert SECRET not in f'{error} {error!r} {exception.told(error)}'


def test_no_line_of_our_loggers_has_one(caplog):
    log = printable.logger('hv_sched.test_url_secrets')
    try:
        raise ValueError(f'http://u:{SECRET}@h')
    except ValueError as exc:
        log.exception('failed: %s', exc)
    assert '***' in caplog.text and SECRET not in caplog.text


@pytest.fixture
def library():
    """A library's logger, and what its handler writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    log = logging.getLogger('library.of.somebody')
    log.addHandler(handler)
    yield log, handler, stream
    log.removeHandler(handler)


def test_nor_has_a_librarys_line(library):
    log, _handler, stream = library
    log_handlers.mask_secrets()
    log_handlers.mask_secrets()
    try:
        raise ValueError(f'http://u:{SECRET}@h')
    except ValueError:
        log.exception('contacting %s', f'http://u:{SECRET}@h')
    assert 'contacting http://u:***@h\n' in stream.getvalue()
    assert 'ValueError: http://u:***@h\n' in stream.getvalue()
    assert SECRET not in stream.getvalue()


def test_nor_has_what_a_formatter_adds(library):
    """As oslo.log adds the exception that is handled."""
    class Adding(logging.Formatter):
        def format(self, record):
            return f'{super().format(record)}: {sys.exc_info()[1]}'

    log, handler, stream = library
    handler.setFormatter(Adding())
    log_handlers.mask_secrets()
    try:
        raise ValueError(f'http://u:{SECRET}@h')
    except ValueError:
        log.warning('failed')
    assert stream.getvalue() == 'failed: http://u:***@h\n'


def test_nor_has_what_is_no_text(library):
    """Fluentd is given a mapping, the journal also the traceback."""
    class Mapping(logging.Formatter):
        def format(self, record):
            record.exc_text = record.getMessage()
            return {'message': record.getMessage(),
                    'args': [record.getMessage(), 1, None]}

    _log, handler, _stream = library
    handler.setFormatter(Mapping())
    log_handlers.mask_secrets()
    record = logging.LogRecord('a', logging.INFO, 'f', 1,
                               f'http://u:{SECRET}@h', (), None)
    assert SECRET not in json.dumps(handler.format(record))
    assert record.exc_text == 'http://u:***@h'


def test_nor_has_what_is_logged_without_a_handler():
    log_handlers.mask_secrets()
    record = logging.LogRecord('a', logging.WARNING, 'f', 1,
                               f'http://u:{SECRET}@h', (), None)
    assert logging.lastResort.format(record) == 'http://u:***@h'
