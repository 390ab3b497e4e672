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


"""What lasts is said when it begins, seldom, and when it ends."""

import logging

import pytest

from hv_sched import causes
from hv_sched import printable

LOG = printable.logger(__name__)


def test_begin_reminder_and_end(caplog):
    caplog.set_level(logging.INFO)
    now = [0.0]
    made = causes.Causes(LOG, lambda: now[0])
    made.update({'a': 'volume 1 is closed', 'b': 'node 2 is paused'})
    for now[0] in (60.0, 120.0):
        made.update({'a': 'volume 1 is closed', 'b': 'node 2 is paused'})
    assert made.standing == ('volume 1 is closed', 'node 2 is paused')
    now[0] = causes.REMINDER_SECONDS
    made.update({'a': 'volume 1 is closed'})
    made.update({})
    assert [record.getMessage() for record in caplog.records] == [
        'volume 1 is closed', 'node 2 is paused',
        'No longer (after 3600 seconds): node 2 is paused',
        'For 3600 seconds: volume 1 is closed',
        'No longer (after 3600 seconds): volume 1 is closed']


def test_numbers_make_no_new_cause():
    assert causes.without_numbers('3,601.5 seconds old') == (
        causes.without_numbers('12,700 seconds old'))
    assert causes.without_numbers('volume full') != (
        causes.without_numbers('volume gone'))


@pytest.mark.parametrize(('text', 'one', 'other'), [
    ('NewConnectionError(<urllib3.connection.HTTPConnection object at {}>)',
     '0x7f1cab3de050', '0x7fd2c0ffee90'),
    ('Keystone answered 503: Unavailable (HTTP 503) (Request-ID: req-{})',
     '9a1b2c3d-0000-4aaa-8bbb-0123456789ab',
     'deadbeef-1111-4ccc-9ddd-ba9876543210')])
def test_ids_and_addresses_make_no_new_cause(text, one, other):
    assert causes.without_numbers(text.format(one)) == (
        causes.without_numbers(text.format(other)))
