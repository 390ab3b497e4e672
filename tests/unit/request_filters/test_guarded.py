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

from nova import exception
import nova.conf
import pytest

from hv_sched import conf as options
from hv_sched import request_filters

RAW = 'image a\x1b[2J\u202e\nb'
SHOWN = 'image a\\x1b[2J\\u202e\\nb'
CONF = nova.conf.CONF


@pytest.fixture(autouse=True)
def _options():
    if 'hv_sched' not in CONF:
        options.register_opts(CONF)


def guarded(raised):
    def fail(context, request_spec):
        raise raised
    return request_filters.guarded(fail, 'request_filter_closed')


@pytest.mark.parametrize('raised', [
    exception.RequestFilterFailed(reason=RAW),
    exception.RequestFilterFailed(RAW), ValueError(RAW)])
def test_a_reason_is_shown_to_users_as_one_line_of_visible_text(raised):
    with pytest.raises(exception.RequestFilterFailed) as caught:
        guarded(raised)(None, None)
    assert SHOWN in str(caught.value).replace('\\\\', '\\')
    assert str(caught.value).isprintable()
