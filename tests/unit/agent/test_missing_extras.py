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

"""What needs a library of an extra names that extra, and the option."""

import sys

from oslo_config import cfg
import pytest

from hv_sched import exception
from hv_sched.agent import leadership
from hv_sched.agent.events import listener
from hv_sched.conf import agent as agent_options


@pytest.fixture
def conf():
    conf = cfg.ConfigOpts()
    agent_options.register_opts(conf)
    conf([])
    return conf


@pytest.mark.parametrize('module,group,option,configure', [
    ('tooz.coordination', 'coordination', 'backend_url',
     lambda conf: leadership.configured(conf, dict, print)),
    ('oslo_messaging', 'hv_sched_events', 'transport_url',
     lambda conf: listener.Listener(conf, print))])
def test_a_missing_library_is_an_error_that_names_its_extra(
        conf, monkeypatch, module, group, option, configure):
    conf.set_override(option, 'kombu+memory:////', group=group)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(exception.InvalidConfig) as err:
        configure(conf)
    message = str(err.value)
    assert 'hv_sched[agent]' in message
    assert group in message and option in message
