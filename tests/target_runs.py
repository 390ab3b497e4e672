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


"""Runs a target and keeps what came of it for the page of all targets.

``python -m tests.target_runs 'make test-faults' -- make test-faults``
"""

import subprocess
import sys
import time

from doc import targets_page
from tests import records


def main(arguments: list[str]) -> int:
    """Run a command and keep its last line, its time and its date."""
    target, separator, *command = arguments
    if separator != '--' or not command:
        sys.exit('python -m tests.target_runs TARGET -- COMMAND')
    started = time.monotonic()
    code, last_line = _run(command)
    records.keep(targets_page.RECORD, (target,), {
        'date': records.today(),
        'seconds': round(time.monotonic() - started),
        'result': f'exit code {code}' if code else last_line,
        'commit': subprocess.run(
            ['git', 'log', '-1', '--format=%h'], check=True, text=True,
            stdout=subprocess.PIPE).stdout.strip()})
    return code


def _run(command: list[str]) -> tuple[int, str]:
    """The exit code, and the last line of what is shown meanwhile."""
    last_line = ''
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE
                          ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end='', flush=True)
            last_line = line.strip() or last_line
    return process.returncode, last_line


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
