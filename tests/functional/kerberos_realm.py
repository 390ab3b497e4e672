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

"""A Kerberos realm of our own on loopback, by MIT's krb5kdc."""

from collections.abc import Iterator
import contextlib
import importlib.util
import os
import pathlib
import shutil
import socket
import subprocess
import time

REALM = 'HV.TEST'
_TOOLS = ('krb5kdc', 'kdb5_util', 'kadmin.local')
_PATH = os.pathsep.join((os.environ.get('PATH', ''), '/usr/sbin', '/sbin'))


def missing() -> list[str]:
    """What is not installed of what a realm needs; empty when all is."""
    tools = [tool for tool in _TOOLS if shutil.which(tool, path=_PATH) is None]
    modules = [module for module in ('gssapi', 'krb5')
               if importlib.util.find_spec(module) is None]
    return tools + modules


class KerberosRealm:
    """:ivar environment: what a process of the realm needs"""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self._port = free.getsockname()[1]
        self.environment = {
            'KRB5_CONFIG': str(folder / 'krb5.conf'),
            'KRB5_KDC_PROFILE': str(folder / 'kdc.conf'),
            'KRB5CCNAME': f'FILE:{folder}/cache',
            'KRB5RCACHETYPE': 'none',
            'KRB5_KTNAME': str(folder / 'service.keytab'),
            'KRB5_CLIENT_KTNAME': str(folder / 'client.keytab')}
        self._write()
        self._run('kdb5_util', 'create', '-s', '-r', REALM, '-P', 'master')

    def add(self, principal: str, keytab: str) -> None:
        """A principal with its key in a keytab of the folder."""
        for query in (f'addprinc -randkey {principal}',
                      f'ktadd -k {self._folder / keytab} {principal}'):
            self._run('kadmin.local', '-r', REALM, '-q', query)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """The key distribution centre answers while the block runs."""
        kdc = subprocess.Popen(
            [str(shutil.which('krb5kdc', path=_PATH)), '-n', '-r', REALM],
            env={**os.environ, **self.environment},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._await()
            yield
        finally:
            kdc.terminate()
            kdc.wait()

    def _await(self) -> None:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(
                    ('127.0.0.1', self._port)):
                return
            time.sleep(0.1)
        raise RuntimeError('krb5kdc does not answer')

    def _run(self, tool: str, *arguments: str) -> None:
        subprocess.run(
            [str(shutil.which(tool, path=_PATH)), *arguments], check=True,
            env={**os.environ, **self.environment}, capture_output=True)

    def _write(self) -> None:
        (self._folder / 'krb5.conf').write_text(f'''
[libdefaults]
    default_realm = {REALM}
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    udp_preference_limit = 1
[realms]
    {REALM} = {{
        kdc = 127.0.0.1:{self._port}
    }}
[domain_realm]
    .lab.example = {REALM}
''')
        (self._folder / 'kdc.conf').write_text(f'''
[realms]
    {REALM} = {{
        database_name = {self._folder}/principal
        key_stash_file = {self._folder}/stash
        kdc_listen = 127.0.0.1:{self._port}
        kdc_tcp_listen = 127.0.0.1:{self._port}
    }}
''')
