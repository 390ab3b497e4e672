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

"""What ``python -m tests.cloud status`` lists."""

import json

import pytest

from tests.cloud import __main__ as main
from tests.cloud import cloud
from tests.cloud import folder
from tests.cloud import processes


@pytest.fixture
def home(tmp_path):
    home = cloud.Cloud(folder.Folder(tmp_path / 'cloud'))
    home.folder.prepare()
    (home.folder.run / 'ports.json').write_text(json.dumps(
        {'hv-sched-agent': 21001, 'mariadb': 21002, 'keystone': 21003}))
    yield home
    home.processes.stop()


def test_where_each_answers_that_runs(home, capsys):
    for name in ('hv-sched-agent', 'mariadb', 'nova-scheduler'):
        home.processes.ensure(processes.Program(name, ('sleep', '600')))
    assert {name: address for name, (_pid, address)
            in home.addresses().items()} == {
                'hv-sched-agent': 'http://127.0.0.1:21001/',
                'mariadb': '127.0.0.1:21002', 'nova-scheduler': ''}
    assert main.main(['--folder', str(home.folder.root), 'status']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(home.addresses())
    assert lines[0].endswith(' http://127.0.0.1:21001/')


def test_what_does_not_run_is_not_listed(home):
    assert home.addresses() == {}
