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

import pathlib
import re
import textwrap

from oslo_config import generator
import pytest

from hv_sched.agent import clients
from hv_sched.agent import cmd
from tests.repository import EXAMPLES
from tests.repository import ROOT


def _made(namespace: str, path: pathlib.Path) -> str:
    generator.main(['--namespace', namespace, '--wrap-width', '79',
                    '--output-file', str(path)])
    return path.read_text()


def test_the_sample_config_is_current(tmp_path: pathlib.Path) -> None:
    """``make sample-config`` writes both anew."""
    assert (EXAMPLES / 'hv_sched.conf.sample').read_text() == _made(
        'hv_sched', tmp_path / 'made')


def test_the_sample_of_the_agents_credentials_is_current(
        tmp_path: pathlib.Path) -> None:
    made = _made('hv_sched.agent', tmp_path / 'made')
    if 'tls_min_version' not in made:
        pytest.skip('this keystoneauth has fewer options than the newest')
    assert (EXAMPLES / 'keystone.conf.sample').read_text() == made


def test_the_readmes_agent_is_configured(tmp_path: pathlib.Path) -> None:
    """What it shows is taken as it stands, and gives the agent clients."""
    text = (ROOT / 'README.rst').read_text()
    shown, = re.findall(r'hv_sched\.conf``:\n\n\.\. code-block:: ini\n\n'
                        r'((?:    .*\n|\n)+)', text)
    path = tmp_path / 'hv_sched.conf'
    path.write_text(textwrap.dedent(shown))
    conf = cmd.configure(['--config-file', str(path), '--once'])
    clients.connect(conf)
    assert conf.hv_sched.source == '/etc/hv_sched/clusters.yaml'
    assert conf.placement.service_type == 'placement'
    assert conf.nova.valid_interfaces == ['internal', 'public']
