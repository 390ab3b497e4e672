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

from oslo_config import generator

SAMPLE = (pathlib.Path(__file__).parents[2] / 'examples'
          / 'hv_sched.conf.sample')


def test_the_sample_config_is_current(tmp_path: pathlib.Path) -> None:
    """``make sample-config`` writes it anew."""
    made = tmp_path / 'made'
    generator.main(['--namespace', 'hv_sched', '--wrap-width', '79',
                    '--output-file', str(made)])
    assert SAMPLE.read_text() == made.read_text()
