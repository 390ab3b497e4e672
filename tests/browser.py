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

"""Chromium as a test drives it: the W3C WebDriver protocol of chromedriver.

Debian's packages are ``chromium`` and ``chromium-driver``. Where they are
missing, a test that needs a browser is skipped.
"""

import base64
import collections.abc
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import typing

import pytest
import requests

_DEADLINE_SECONDS = 120
_ARGUMENTS = ('--headless=new', '--no-sandbox', '--disable-gpu',
              '--hide-scrollbars', '--disable-dev-shm-usage',
              '--force-device-scale-factor=1', '--no-first-run',
              '--disable-background-networking', '--disable-extensions')


class Browser:
    """One window of a browser.

    :param url: of the WebDriver session
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def _post(self, path: str, **body: typing.Any) -> typing.Any:
        answer = requests.post(f'{self._url}{path}', json=body,
                               timeout=_DEADLINE_SECONDS)
        answer.raise_for_status()
        return answer.json()['value']

    def open(self, url: str) -> None:
        """Load a page, until all of it is there."""
        self._post('/url', url=url)

    def run(self, script: str, *arguments: typing.Any) -> typing.Any:
        """What a function's body returns, which may be a promise.

        The page itself may run no script; the browser's driver may.
        """
        return self._post('/execute/sync', script=script,
                          args=list(arguments))

    def devtools(self, command: str, **parameters: typing.Any) -> typing.Any:
        """A command of the Chrome DevTools Protocol."""
        return self._post('/goog/cdp/execute', cmd=command,
                          params=parameters)

    def show(self, width: int, scheme: str) -> None:
        """:param scheme: ``light`` or ``dark``"""
        self.devtools('Emulation.setDeviceMetricsOverride', width=width,
                      height=1000, deviceScaleFactor=1, mobile=False)
        self.devtools('Emulation.setEmulatedMedia', features=[
            {'name': 'prefers-color-scheme', 'value': scheme}])

    def screenshot(self, path: pathlib.Path) -> None:
        """All of the page, as PNG."""
        taken = self.devtools('Page.captureScreenshot', format='png',
                              captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken['data']))

    def press(self, key: str) -> None:
        """A key of the keyboard; ``\\ue004`` is Tab."""
        self._post('/actions', actions=[{
            'type': 'key', 'id': 'keyboard', 'actions': [
                {'type': 'keyDown', 'value': key},
                {'type': 'keyUp', 'value': key}]}])


def _programs() -> tuple[str, str]:
    browser = shutil.which('chromium') or shutil.which('google-chrome')
    driver = shutil.which('chromedriver')
    if not browser or not driver:
        pytest.skip('chromium and chromedriver are not installed (Debian: '
                    'chromium, chromium-driver)')
    return browser, driver


@contextlib.contextmanager
def running() -> collections.abc.Iterator[Browser]:
    """A browser with a profile of its own."""
    browser, driver = _programs()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [driver, '--port=0'], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
            env={**os.environ, 'TMPDIR': folder, 'HOME': folder})
        try:
            with _session(_base_url(process), browser, folder) as session:
                yield session
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def _base_url(process: subprocess.Popen) -> str:
    """chromedriver takes a free port and says which."""
    for line in process.stdout:
        if started := re.search(r'started successfully on port (\d+)', line):
            return f'http://127.0.0.1:{started[1]}'
    return pytest.fail('chromedriver did not start')


@contextlib.contextmanager
def _session(url: str, browser: str, folder: str
             ) -> collections.abc.Iterator[Browser]:
    answer = requests.post(f'{url}/session', timeout=_DEADLINE_SECONDS, json={
        'capabilities': {'alwaysMatch': {'goog:chromeOptions': {
            'binary': browser, 'args': [
                *_ARGUMENTS, f'--user-data-dir={folder}/profile']}}}})
    value = answer.json()['value']
    if answer.status_code != 200:
        pytest.fail(f'no browser: {value["message"]}')
    session = f'{url}/session/{value["sessionId"]}'
    try:
        yield Browser(session)
    finally:
        requests.delete(session, timeout=_DEADLINE_SECONDS)
