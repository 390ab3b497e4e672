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
import pathlib
import platform
import re
import subprocess
import time

_HERE = pathlib.Path(__file__).parent


def of_this_run() -> dict[str, str]:
    """Date, commit, and the machine with what else it had to do."""
    return {'date': time.strftime('%Y-%m-%d', time.gmtime()),
            'commit': _commit(), 'machine':
            f'{os.cpu_count()} x {_processor()}, '
            f'Python {platform.python_version()}, '
            f'{os.getloadavg()[1]:.0f} processes waiting'}


def _commit() -> str:
    """What was measured; with a plus where hv_sched differs from it."""
    changed = _git('status', '--porcelain', '--untracked-files=no', '--',
                   '../hv_sched')
    return _git('rev-parse', '--short=12', 'HEAD') + '+' * bool(changed)


def _git(*arguments: str) -> str:
    return subprocess.run(('git', *arguments), check=True, text=True,
                          capture_output=True, cwd=_HERE).stdout.strip()


def _processor() -> str:
    """What the processors are."""
    kinds = re.findall('model name\\s*: (.*)',
                       pathlib.Path('/proc/cpuinfo').read_text())
    return str((kinds or [platform.machine()])[0])
