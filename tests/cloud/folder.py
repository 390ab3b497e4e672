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

"""Where everything of one cloud lies: one folder."""

import collections.abc
import contextlib
import dataclasses
import fcntl
import pathlib
import secrets

from tests.cloud import errors

MARKER = 'hv_sched-cloud'


@dataclasses.dataclass(frozen=True)
class Folder:
    """The paths below the folder of a cloud."""

    root: pathlib.Path

    @property
    def venv(self) -> pathlib.Path:
        return self.root / 'venv'

    @property
    def etc(self) -> pathlib.Path:
        return self.root / 'etc'

    @property
    def log(self) -> pathlib.Path:
        return self.root / 'log'

    @property
    def run(self) -> pathlib.Path:
        """Process records and ports."""
        return self.root / 'run'

    @property
    def state(self) -> pathlib.Path:
        """What the services keep: databases, images, guests."""
        return self.root / 'state'

    @property
    def openrc(self) -> pathlib.Path:
        return self.root / 'openrc'

    def program(self, name: str) -> str:
        """The path of a console script of the cloud's environment."""
        return str(self.venv / 'bin' / name)

    def prepare(self) -> None:
        """Make the folder, or recognise it as a cloud's.

        :raises errors.CloudError: the folder holds something else
        """
        marker = self.root / MARKER
        if self.root.is_dir() and any(self.root.iterdir()) and (
                not marker.exists()):
            raise errors.CloudError(
                f'{self.root} is not empty and not the folder of a cloud '
                f'(it has no {MARKER}): choose another folder')
        for path in (self.etc, self.log, self.run, self.state):
            path.mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        marker.touch()

    @contextlib.contextmanager
    def alone(self) -> collections.abc.Iterator[None]:
        """Only one command at a time starts or stops this cloud's processes.

        :raises errors.CloudError: another one is at it
        """
        with (self.root / MARKER).open('a') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise errors.CloudError(
                    f'another command starts or stops the cloud in '
                    f'{self.root}: wait for its end') from exc
            yield

    def password(self) -> str:
        """The password of every user of this cloud, made once."""
        path = self.etc / 'password'
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16))
        return path.read_text()
