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


"""``python -m tests.storm``: a storm of so many events, then it is over."""

import argparse
import os
import pathlib
import subprocess
import sys

from tests import repository
from tests.cloud import cloud
from tests.cloud import errors
from tests.cloud import folder
from tests.cloud import machine

HERE = pathlib.Path(__file__).parent


def main(arguments: list[str] | None = None) -> int:
    """The exit code of the tests."""
    options = _parser().parse_args(arguments)
    home = cloud.Cloud(folder.Folder(options.folder.absolute()))
    try:
        machine.check()
        home.folder.prepare()
        home.installation.services()
    except errors.CloudError as exc:
        print(f'storm: {exc}', file=sys.stderr)
        return 1
    return subprocess.run(
        [home.folder.program('python'), '-m', 'pytest', '-x', '-v', '-s',
         '--confcutdir', str(HERE), *options.pytest_arguments, str(HERE)],
        check=False, cwd=repository.ROOT, env={
            **os.environ, 'STORM_FOLDER': str(home.folder.root),
            'STORM_EVENTS': str(options.events),
            'STORM_KILLS': str(options.kills),
            'STORM_SEED': str(options.seed),
            'STORM_MINUTES': str(options.minutes),
            'STORM_EARLIER': options.earlier,
            'STORM_KEEP': '1' * options.keep}).returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m tests.storm',
        description='A storm over a cloud of real services on loopback.')
    parser.add_argument('--folder', type=pathlib.Path,
                        default=repository.ROOT / '.cloud-storm',
                        help='everything of the cloud lies there')
    parser.add_argument('--events', type=int, default=500)
    parser.add_argument('--kills', type=int, default=20,
                        help='how often the agent gets a SIGKILL')
    parser.add_argument('--seed', type=int, default=20261127)
    parser.add_argument('--minutes', type=int, default=0,
                        help='how long the events take at least')
    parser.add_argument('--earlier', metavar='COMMIT', default='',
                        help='of hv_sched: a second scheduler and every other '
                             'agent are of it')
    parser.add_argument('--keep', action='store_true',
                        help='use the cloud that stands, and leave it so')
    parser.add_argument('pytest_arguments', nargs='*', metavar='ARGUMENT',
                        help='of pytest, after --')
    return parser


if __name__ == '__main__':
    sys.exit(main())
