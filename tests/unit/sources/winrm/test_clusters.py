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

"""The source is there without its extra; what reaches nodes is not."""

import subprocess
import sys

_WITHOUT = '''
import sys
sys.modules['pypsrp'] = None
from hv_sched import exception, sources
import hv_sched.agent.cmd, hv_sched.demo.__main__, hv_sched.osc.collect
try:
    sources.load(sys.argv[1], 'winrm')
except exception.InvalidConfig as exc:
    print(exc)
'''


def test_without_pypsrp_only_its_own_source_is_missing(tmp_path):
    path = tmp_path / 'winrm.yaml'
    path.write_text('clusters:\n- name: HV\n  nodes: [hv01]\n')
    run = subprocess.run([sys.executable, '-W', 'ignore', '-c', _WITHOUT,
                          str(path)], capture_output=True, text=True,
                         check=False)
    assert (run.returncode, run.stderr) == (0, '')
    assert 'pip install hv_sched[winrm]' in run.stdout
