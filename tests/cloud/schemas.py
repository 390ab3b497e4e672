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

"""The tables of the services, and what must stand in them before a start."""

import grp
import os
import pwd
import subprocess
import threading

from tests.cloud import configuration
from tests.cloud import databases
from tests.cloud import errors
from tests.cloud import folder

# Nova fills these in from its configuration: another port needs no change of
# the cell.
CELL = ('rabbit://{username}:{password}@{hostname}:{port}/',
        '{scheme}://{username}:{password}@{hostname}:{port}/%s?{query}')


class Schemas:
    """Makes them with the services' own tools, once."""

    def __init__(self, cloud: folder.Folder, server: databases.Databases,
                 files: configuration.Configuration) -> None:
        self._cloud = cloud
        self._server = server
        self._files = files

    def prepare(self, auth_url: str) -> None:
        """Create or complete all of them; Keystone knows its address."""
        complete = self._cloud.state / 'schemas.complete'
        if not complete.exists():
            self._server.create()
            _together(self._keystone, self._placement_and_glance, self._nova)
            complete.touch()
        if complete.read_text() == auth_url:
            return
        self._run('keystone-manage', '--config-file',
                  self._files.path('keystone.conf'), 'bootstrap',
                  '--bootstrap-region-id', 'RegionOne',
                  '--bootstrap-public-url', auth_url,
                  '--bootstrap-internal-url', auth_url,
                  '--bootstrap-admin-url', auth_url,
                  OS_BOOTSTRAP_PASSWORD=self._cloud.password())
        complete.write_text(auth_url)

    def _keystone(self) -> None:
        command = ('keystone-manage', '--config-file',
                   self._files.path('keystone.conf'))
        self._run(*command, 'db_sync')
        owner = ('--keystone-user', pwd.getpwuid(os.getuid()).pw_name,
                 '--keystone-group', grp.getgrgid(os.getgid()).gr_name)
        self._run(*command, 'fernet_setup', *owner)
        self._run(*command, 'credential_setup', *owner)

    def _placement_and_glance(self) -> None:
        self._run('placement-manage', '--config-file',
                  self._files.path('placement.conf'), 'db', 'sync')
        self._run('glance-manage', '--config-file',
                  self._cloud.etc / 'glance' / 'glance-api.conf', 'db_sync')

    def _nova(self) -> None:
        command = ('nova-manage', '--config-file',
                   self._files.path('nova.conf'))
        self._run(*command, 'api_db', 'sync')
        self._run(*command, 'cell_v2', 'map_cell0', '--database_connection',
                  CELL[1] % 'nova_cell0')
        self._run(*command, 'db', 'sync')
        if not self._server.sql("SELECT id FROM cell_mappings WHERE name = "
                                "'cell1'", 'nova_api'):
            self._run(*command, 'cell_v2', 'create_cell', '--name', 'cell1',
                      '--transport-url', CELL[0], '--database_connection',
                      CELL[1] % 'nova')

    def _run(self, program: str, *arguments: object, **environment: str
             ) -> None:
        log = self._cloud.log / f'{program}.out'
        with log.open('ab') as output:
            result = subprocess.run(
                [self._cloud.program(program), *map(str, arguments)],
                check=False, stdout=output, stderr=output, cwd='/',
                env={'PATH': '/usr/bin:/bin', 'LC_ALL': 'C.UTF-8',
                     'HOME': str(self._cloud.state), **environment})
        if result.returncode:
            end = log.read_text(errors='replace').splitlines()[-8:]
            raise errors.CloudError(
                f'{program} {" ".join(map(str, arguments[2:4]))} failed; '
                f'{log} ends with:\n' + '\n'.join(end))


def _together(*jobs) -> None:  # type: ignore[no-untyped-def]
    """Run them side by side; raise what the first of them raised."""
    failures: list[BaseException] = []

    def guarded(job) -> None:  # type: ignore[no-untyped-def]
        try:
            job()
        except BaseException as exc:  # noqa: BLE001  handed to the caller
            failures.append(exc)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
