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

"""``python -m tests.cloud up | down | test | status``."""

import argparse
import os
import pathlib
import subprocess
import sys
import time

from tests import repository
from tests.cloud import cloud
from tests.cloud import errors
from tests.cloud import folder
from tests.cloud import machine

HERE = pathlib.Path(__file__).parent
START = time.monotonic()


def say(text: str) -> None:
    """A line with the seconds since the start."""
    print(f'{time.monotonic() - START:6.1f} s  {text}', flush=True)


def main(arguments: list[str] | None = None) -> int:
    """The command; its exit code."""
    options = _parser().parse_args(arguments)
    home = cloud.Cloud(folder.Folder(options.folder.absolute()), say)
    try:
        options.run(home, options)
    except errors.CloudError as exc:
        print(f'cloud: {exc}', file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m tests.cloud',
        description='A cloud of real services on loopback.')
    parser.add_argument('--folder', type=pathlib.Path,
                        default=repository.ROOT / '.cloud',
                        help='everything of the cloud lies there '
                             '(default: .cloud in the checkout)')
    commands = parser.add_subparsers(required=True)
    up = commands.add_parser('up', help='start what does not run')
    up.add_argument('--stock', action='store_true',
                    help='Nova without hv_sched')
    up.set_defaults(run=_up)
    down = commands.add_parser('down', help='stop what was started')
    down.add_argument('--purge', action='store_true',
                      help='forget databases and guests, too')
    down.set_defaults(run=lambda home, options: home.down(
        purge=options.purge))
    test = commands.add_parser(
        'test', help='acceptance tests, on a new cloud in this folder')
    test.add_argument('--from', metavar='TEST', dest='first',
                      help='go on at this test, on the cloud that stands')
    test.add_argument('pytest_arguments', nargs='*', metavar='ARGUMENT',
                      help='of pytest, after --')
    test.set_defaults(run=_test)
    status = commands.add_parser(
        'status', help='what runs, and where it answers')
    status.set_defaults(run=_status)
    return parser


def _up(home: cloud.Cloud, options: argparse.Namespace) -> None:
    home.up(stock=options.stock)
    say(f'the cloud is up; now: . {home.folder.openrc}')


def _test(home: cloud.Cloud, options: argparse.Namespace) -> None:
    machine.check()
    started = time.time()
    if not options.first:
        home.down()
    home.folder.prepare()
    home.installation.services()
    result = subprocess.run(
        [home.folder.program('python'), *_pytest_arguments(options)],
        check=False, cwd=repository.ROOT, env={
            **os.environ, 'CLOUD_FOLDER': str(home.folder.root),
            'CLOUD_STARTED': str(started)})
    say('the tests have ended')
    sys.exit(result.returncode)


def _pytest_arguments(options: argparse.Namespace) -> list[str]:
    first = ['--from', options.first] if options.first else []
    return ['-m', 'pytest', '-x', '-v', '-s', '--confcutdir', str(HERE),
            *first, *(options.pytest_arguments or [str(HERE)])]


def _status(home: cloud.Cloud, options: argparse.Namespace) -> None:
    for name, (pid, address) in home.addresses().items():
        print(f'{name:24} {pid:8} {address}'.rstrip())


if __name__ == '__main__':
    sys.exit(main())
