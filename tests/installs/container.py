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

"""``make container``: the agent's image is built from its recipe and used.

podman, docker or buildah builds it. Its agent makes a pass on an embedded
Placement, as the user of the recipe, with its configuration read-only.
"""

import argparse
from collections.abc import Iterator
import contextlib
import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any

from doc import installs_page
from hv_sched import sources
from hv_sched.demo import nodes
from hv_sched.demo import service
from tests import records
from tests.installs import run

IMAGE = 'hv-sched-agent'
NAME = 'hv-sched-agent-check'
USER = '42475'
SOURCE = run.ROOT / 'examples' / 'spec.yaml'
CONFIGURATION = """
[hv_sched]
source = /etc/hv_sched/clusters.yaml
held_settle_time = 0

[keystone]
auth_type = admin_token
token = admin
endpoint = {endpoint}
"""


@dataclasses.dataclass(frozen=True)
class Engine:
    """A program that builds images and runs them."""

    program: str

    def build(self, *arguments: str) -> None:
        """Build the image from the recipe."""
        if subprocess.run([self.program, 'build', *arguments, '--file',
                           run.CONTAINERFILE, '--tag', IMAGE, run.ROOT],
                          check=False).returncode:
            sys.exit(f'{self.program} did not build {run.CONTAINERFILE}: see '
                     'above. Without a registry, give it a base image: '
                     '--build-arg PYTHON=VERSION.')

    def run(self, folder: pathlib.Path, *command: str) -> str:
        """What a command prints in a container with this configuration."""
        volume = ('--volume', f'{folder}:/etc/hv_sched:ro')
        if pathlib.Path(self.program).name != 'buildah':
            return _output(self.program, 'run', '--rm', '--network', 'host',
                           '--read-only', *volume, IMAGE, *command)
        _output(self.program, 'from', '--pull-never', '--name', NAME, IMAGE)
        try:
            return _output(self.program, 'run', *volume, NAME, '--', *command)
        finally:
            _output(self.program, 'rm', NAME)


def _output(*command: str) -> str:
    """What a command prints; ends where it fails."""
    result = subprocess.run(command, check=False, text=True,
                            capture_output=True)
    if result.returncode:
        sys.exit(f'FAILED ({result.returncode}): {" ".join(command)}\n'
                 f'{result.stdout}{result.stderr}')
    return result.stdout.strip()


def engine(program: str | None) -> Engine:
    """The program asked for, or the first that has all it needs."""
    for name in (program,) if program else ('podman', 'docker', 'buildah'):
        if shutil.which(name) and not subprocess.run(
                [name, 'info'], check=False, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL).returncode:
            return Engine(name)
    sys.exit('No container engine works here: install podman, docker with '
             'its daemon, or buildah, then run make container again.')


@contextlib.contextmanager
def configuration() -> Iterator[tuple[pathlib.Path, str]]:
    """A folder for /etc/hv_sched, and the Placement it is for."""
    with (service.temporary() as endpoint,
          tempfile.TemporaryDirectory() as name):
        nodes.register(service.client(endpoint), sources.load(str(SOURCE)))
        folder = pathlib.Path(name)
        # Its user is nobody here.
        folder.chmod(0o755)
        shutil.copy(SOURCE, folder / 'clusters.yaml')
        (folder / 'hv_sched.conf').write_text(
            CONFIGURATION.format(endpoint=endpoint))
        yield folder, endpoint


def use(container: Engine) -> None:
    """See that the image does what it is for."""
    with configuration() as (folder, endpoint):
        _expect('runs without privileges', USER,
                container.run(folder, 'id', '-u'))
        for command in run.COMMANDS:
            container.run(folder, *command.split())
            print(f'ok: {command}', flush=True)
        # There is no Nova to audit by, which is what its exit code says.
        container.run(folder, 'sh', '-c', 'hv-sched-agent --config-file '
                      '/etc/hv_sched/hv_sched.conf --once || [ $? -eq 1 ]')
        listed = json.loads(container.run(
            folder, 'openstack', '--os-auth-type', 'admin_token', '--os-token',
            'admin', '--os-endpoint', endpoint, 'resource', 'provider', 'csv',
            'list', '-f', 'json'))
        volumes = sum(len(cluster.volumes) for cluster
                      in sources.load(str(SOURCE)).clusters)
        _expect('a pass publishes each volume', volumes, len(listed))


def _expect(text: str, expected: object, measured: object) -> None:
    if expected != measured:
        sys.exit(f'FAILED: {text}: {measured} instead of {expected}')
    print(f'ok: {text}', flush=True)


def keep(container: Engine, seconds: int) -> None:
    """Write the figure down for the page of all ways to install."""
    with tempfile.TemporaryDirectory() as name:
        version = container.run(
            pathlib.Path(name), 'python', '-c', 'import platform; '
            'from importlib import metadata; '
            'print(metadata.version("hv_sched"), platform.python_version())')
    number, python = version.split()
    record: dict[str, Any] = json.loads(installs_page.RECORD.read_text())
    record["agent's container image, from its recipe"] = {
        'command': f'{container.program} build', 'seconds': seconds,
        'release': '2026.2', 'version': number, 'python': python,
        'date': records.today()}
    installs_page.RECORD.write_text(json.dumps(record, indent=1) + '\n')


def main() -> int:
    """The command; what it does not know is for the engine's build."""
    parser = argparse.ArgumentParser(
        prog='python -m tests.installs.container',
        description='Build the image and use it. Further arguments are those '
                    "of the engine's build.")
    parser.add_argument('--engine', metavar='PROGRAM')
    parsed, arguments = parser.parse_known_args()
    container = engine(parsed.engine)
    started = time.monotonic()
    container.build(*arguments)
    seconds = round(time.monotonic() - started)
    use(container)
    keep(container, seconds)
    print(f'{seconds} s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
