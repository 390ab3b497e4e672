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

"""``make installs``: each way to install, tried, with its time.

Each in a virtual environment of its own, with the constraints of a release:
pip installs it, ``pip check`` agrees, and every console script and command
that the way is for starts.
"""

import argparse
from collections.abc import Iterable
import dataclasses
import json
import pathlib
import platform
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from typing import Any

from doc import installs_page
from tests import records
from tests import repository

ROOT = repository.ROOT
CONTAINERFILE = ROOT / 'contrib' / 'container' / 'Containerfile'
AGENT = ('hv-sched-agent --help',)
COMMANDS = ('openstack resource provider csv list --help',
            'hv-sched-status upgrade check --help', *AGENT)
# What nova-scheduler does when it starts.
PLUGINS = ('python -W ignore -c "from nova import config; '
           'import hv_sched.filters, hv_sched.weighers, '
           'hv_sched.request_filters, hv_sched.extra_specs"',)


@dataclasses.dataclass(frozen=True)
class Way:
    """A way to install.

    :param title: for whom and from what
    :param packages: what pip installs, in as many runs; {wheel}, {sdist},
        {clone} and {archive} are what was made of the checkout
    :param uses: what has to start afterwards
    """

    title: str
    packages: tuple[str, ...]
    uses: tuple[str, ...] = COMMANDS


def ways() -> tuple[Way, ...]:
    """All that pip does; the role and the cloud have targets of their own."""
    return (
        Way('commands and agent, from the wheel', ('{wheel}',)),
        Way('commands and agent, from the source tarball', ('{sdist}',)),
        Way('commands and agent, from a clone of one commit', ('{clone}',)),
        Way('commands and agent, from an archive without history',
            ('{archive}',)),
        Way('plug-ins of nova-scheduler, with nova', ('{wheel}[scheduler]',),
            PLUGINS),
        Way('agent with status, events, several agents and WinRM',
            ('{wheel}[status,agent,winrm]', 'tooz[redis,etcd3gw]')),
        Way('what the container image installs', container_packages()))


def container_packages() -> tuple[str, ...]:
    """What the RUN of the recipe gives to pip."""
    text = CONTAINERFILE.read_text().replace('\\\n', ' ')
    extras = re.findall('^ARG EXTRAS=(.*)$', text, re.MULTILINE)
    last = re.findall(r'\.txt"\s+(\S+)', text)
    return tuple(
        package.strip('"\'').replace('/src', '{clone}').replace(
            '${EXTRAS}', extras[0]) for package in last)


def made(folder: pathlib.Path) -> dict[str, str]:
    """Where the packages are that ``make dist`` built, and copies of files."""
    clone, archive = folder / 'clone', folder / 'archive'
    _run('git', 'clone', '--quiet', '--depth', '1', f'file://{ROOT}',
         str(clone))
    _run('git', '-C', str(ROOT), 'archive', '--output',
         str(folder / 'archive.tar'), 'HEAD')
    with tarfile.open(folder / 'archive.tar') as tar:
        tar.extractall(archive, filter='data')
    wheel, = (ROOT / 'dist').glob('*.whl')
    sdist, = (ROOT / 'dist').glob('*.tar.gz')
    return {'wheel': str(wheel), 'sdist': str(sdist), 'clone': str(clone),
            'archive': str(archive)}


def try_way(way: Way, sources: dict[str, str], release: str,
            folder: pathlib.Path) -> dict[str, Any]:
    """Install and use it.

    :returns: what was installed, seconds, versions and date
    """
    _run(sys.executable, '-m', 'venv', str(folder))
    python, started = str(folder / 'bin' / 'python'), time.monotonic()
    constraints = ROOT / 'constraints' / f'{release}.txt'
    for package in way.packages:
        _run(python, '-m', 'pip', 'install', '--quiet',
             '--disable-pip-version-check', '--constraint', str(constraints),
             package.format_map(sources))
    seconds = round(time.monotonic() - started)
    _run(python, '-m', 'pip', 'check')
    for use in way.uses:
        _run('sh', '-c', f'PATH={folder}/bin:$PATH; {use}')
    version = _run(python, '-c', 'from importlib import metadata; '
                   'print(metadata.version("hv_sched"))')
    return {'command': ' and '.join(
                f'pip install {package}' for package in way.packages),
            'seconds': seconds, 'release': release, 'version': version,
            'python': platform.python_version(),
            'date': records.today()}


def _run(*command: str) -> str:
    """What a command prints; ends where it fails."""
    result = subprocess.run(command, check=False, text=True,
                            capture_output=True)
    if result.returncode:
        sys.exit(f'{" ".join(command)}\n{result.stdout}{result.stderr}')
    return result.stdout.strip()


def fill(record: dict[str, Any], chosen: Iterable[Way], release: str) -> None:
    """Try ways, and keep each result as it comes."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sources = made(folder)
        for number, way in enumerate(chosen):
            print(f'== {way.title}', flush=True)
            record[way.title] = try_way(way, sources, release,
                                        folder / str(number))
            print(f'   {record[way.title]["seconds"]} s', flush=True)
            installs_page.RECORD.write_text(
                json.dumps(record, indent=1) + '\n')


def main(arguments: list[str] | None = None) -> int:
    """Try all ways."""
    parser = argparse.ArgumentParser(prog='python -m tests.installs.run')
    parser.add_argument('--release', default='2026.2')
    parsed = parser.parse_args(arguments)
    record = (json.loads(installs_page.RECORD.read_text())
              if installs_page.RECORD.exists() else {})
    fill(record, ways(), parsed.release)
    return 0


if __name__ == '__main__':
    sys.exit(main())
