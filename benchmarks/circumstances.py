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

"""Of what, and where, a result was measured."""

import os
import platform
import subprocess


def of_this_run() -> dict[str, str]:
    """The commit, and the machine with what else it had to do."""
    head = subprocess.run(['git', 'rev-parse', '--short=12', 'HEAD'],
                          check=True, capture_output=True, text=True)
    return {'commit': head.stdout.strip(), 'machine':
            f'{os.cpu_count()} processors ({platform.machine()}), '
            f'Python {platform.python_version()}, '
            f'{os.getloadavg()[1]:.0f} processes waiting'}
