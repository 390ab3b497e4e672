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

"""The cloud's own virtual environment, with hv_sched from its wheel."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from tests import repository
from tests.cloud import errors
from tests.cloud import folder

CONSTRAINTS = repository.ROOT / 'constraints' / '2026.2.txt'
PACKAGES = ('setuptools<81', 'nova', 'openstack-placement', 'keystone',
            'glance', 'python-openstackclient', 'osc-placement', 'PyMySQL',
            'pyuwsgi', 'pytest')
PYTHON = (3, 11)


class Installation:
    """What ``make cloud`` installs, and when it has to again."""

    def __init__(self, cloud: folder.Folder) -> None:
        self._cloud = cloud
        self._log = cloud.log / 'pip.log'
        self._services = cloud.venv / 'services.digest'

    @property
    def wheel(self) -> pathlib.Path:
        """A file that changes when another wheel was installed."""
        return self._cloud.venv / 'hv_sched.digest'

    def services(self) -> None:
        """Install the OpenStack services, unless they are.

        :raises errors.CloudError: this Python is too old, or pip failed
        """
        if sys.version_info < PYTHON:
            raise errors.CloudError(
                f'{sys.executable} is Python {sys.version_info[0]}.'
                f'{sys.version_info[1]}, Nova needs {PYTHON[0]}.{PYTHON[1]}: '
                f'make cloud PYTHON=/path/to/python3')
        if self.has_services():
            return
        if not (self._cloud.venv / 'bin' / 'pip').exists():
            self._run(sys.executable, '-m', 'venv', '--clear',
                      str(self._cloud.venv))
        self._pip('--constraint', str(CONSTRAINTS), *PACKAGES)
        self._services.write_text(_services_digest())

    def has_services(self) -> bool:
        """Whether these packages, of these constraints, are installed."""
        return _text(self._services) == _services_digest()

    def hv_sched(self) -> bool:
        """Build the wheel of the checkout and install it, unless it is.

        :returns: whether another one was installed
        """
        files = checkout_files()
        digest = _digest(files)
        if _text(self.wheel) == digest:
            return False
        source = self._cloud.root / 'source'
        shutil.rmtree(source, ignore_errors=True)
        for path in files:
            target = source / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(repository.ROOT / path, target)
        wheels = self._cloud.root / 'wheels'
        shutil.rmtree(wheels, ignore_errors=True)
        # The copy has no history that a version could be read from.
        self._run(self._cloud.program('python'), '-m', 'pip', 'wheel',
                  '--no-deps', '--wheel-dir', str(wheels), str(source),
                  PBR_VERSION=f'0.0.1+{digest[:8]}')
        self._pip('--constraint', str(CONSTRAINTS),
                  *(f'{wheel}[scheduler,status]'
                    for wheel in wheels.glob('*.whl')))
        self.wheel.write_text(digest)
        return True

    def uninstall_hv_sched(self) -> None:
        """As an operator removes it."""
        self._run(self._cloud.program('python'), '-m', 'pip', 'uninstall',
                  '--yes', 'hv_sched')
        self.wheel.unlink(missing_ok=True)

    def _pip(self, *arguments: str) -> None:
        self._run(self._cloud.program('python'), '-m', 'pip', 'install',
                  '--disable-pip-version-check', '--no-compile', *arguments)

    def _run(self, *command: str, **environment: str) -> None:
        with self._log.open('ab') as log:
            log.write(f'$ {" ".join(command)}\n'.encode())
            log.flush()
            result = subprocess.run(
                command, check=False, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env={**os.environ, **environment})
        if result.returncode:
            lines = self._log.read_text(errors='replace').splitlines()
            reasons = [line for line in lines if line.startswith('ERROR')]
            raise errors.CloudError(
                f'{" ".join(command[:5])} … failed: '
                f'{" ".join(reasons[-2:]) or lines[-1]} (all of it in '
                f'{self._log})')


def checkout_files() -> list[pathlib.Path]:
    """What the wheel is made of: the package and what setup.py reads."""
    names = ('setup.py', 'setup.cfg', 'pyproject.toml', 'requirements.txt',
             'README.rst', 'LICENSE', 'MANIFEST.in')
    return [pathlib.Path(name) for name in names] + sorted(
        path.relative_to(repository.ROOT)
        for folder in ('hv_sched', 'examples', 'contrib')
        for path in (repository.ROOT / folder).rglob('*')
        if path.is_file() and path.suffix != '.pyc')


def _services_digest() -> str:
    return hashlib.sha256(CONSTRAINTS.read_bytes()
                          + repr(PACKAGES).encode()).hexdigest()


def _digest(files: list[pathlib.Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f'{path}\0'.encode())
        digest.update((repository.ROOT / path).read_bytes())
    return digest.hexdigest()


def _text(path: pathlib.Path) -> str:
    return path.read_text() if path.exists() else ''
