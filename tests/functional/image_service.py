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

"""A real Glance for the tests, where an environment with one is at hand."""

import os
import pathlib
import socket
import subprocess
import time

import pytest
import requests

from tests.repository import ROOT

_PATIENCE_S = 120


def python() -> pathlib.Path:
    """The Python that has glance; skips the test when there is none."""
    found = pathlib.Path(os.environ.get(
        'HV_SCHED_GLANCE_PYTHON', ROOT / '.venv-glance/bin/python'))
    if not (found.parent / 'glance-manage').exists():
        pytest.skip(f'no glance beside {found}: make glance, or set '
                    'HV_SCHED_GLANCE_PYTHON')
    return found


class Glance:
    """A running one; who asks is what the token says.

    :param folder: for its database, images and log
    """

    def __init__(self, folder: pathlib.Path) -> None:
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        self.endpoint = f'http://127.0.0.1:{port}'
        self._log = folder / 'glance.log'
        with open(self._log, 'wb') as log:
            self._process = subprocess.Popen(
                [python(), pathlib.Path(__file__).parent / 'glance_server.py',
                 folder, str(port)], stdout=log, stderr=log)

    def wait(self) -> None:
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            try:
                requests.get(self.endpoint, timeout=5)
                return
            except requests.ConnectionError:
                assert self._process.poll() is None, self._log.read_text()
                time.sleep(0.2)
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def create(self, token: str, name: str, **properties: str) -> str:
        """The id of a new image."""
        answer = self._send(
            'POST', '/v2/images', token, json={
                'name': name, 'disk_format': 'vhdx',
                'container_format': 'bare', **properties})
        return str(answer['id'])

    def properties(self, token: str, image: str) -> dict[str, str]:
        """What an image says, as Glance shows it."""
        return self._send('GET', f'/v2/images/{image}', token)

    def _send(self, method: str, path: str, token: str,
              **body: object) -> dict[str, str]:
        answer = requests.request(
            method, self.endpoint + path, timeout=30,
            headers={'X-Auth-Token': token}, **body)  # type: ignore
        assert answer.ok, answer.text
        return dict(answer.json())
