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

"""``make cloud-ansible``: contrib/ansible's role, run against a real cloud.

Stock Nova runs in ``.cloud-ansible``; the role installs hv_sched beside its
scheduler and the agent in an environment of its own. Then a volume is
published, a server has its share of it, and a second run changes nothing. At
last the scheduler runs with what kolla-ansible makes of the role's file.
"""

from collections.abc import Iterator
import contextlib
import getpass
import grp
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import time
from typing import Any

from doc import installs_page
from tests import records
from tests import repository
from tests.ansible import kolla
from tests.cloud import client
from tests.cloud import cloud
from tests.cloud import folder
from tests.cloud import installation
from tests.cloud import topology

HERE = pathlib.Path(__file__).parent
ROLES = repository.ROOT / 'contrib' / 'ansible' / 'roles'
SERVER_GB = 20
# The last task above a line that says so.
CHANGED = re.compile(r'^TASK \[hv_sched : ([^]]+)\][^\n]*\n(?:(?!TASK).*\n)*?'
                     r'changed: ', re.MULTILINE)


class Play:
    """The role on a cloud.

    :param ansible: folder of ansible-playbook
    :param wheel: of hv_sched
    """

    def __init__(self, home: cloud.Cloud, ansible: pathlib.Path,
                 wheel: pathlib.Path) -> None:
        self._home = home
        self._program = ansible / 'ansible-playbook'
        self._wheel = wheel
        self.venv = home.folder.root / 'agent-venv'
        # Not where the cloud writes its own.
        self.conf = home.folder.root / 'agent-etc' / 'hv_sched.conf'

    def run(self, **more: Any) -> list[str]:
        """The tasks that changed something.

        :param more: variables of the role, before those of the cloud
        """
        variables = self._home.folder.root / 'variables.json'
        variables.write_text(json.dumps({**self._variables(), **more}))
        result = subprocess.run(
            [self._program, '--inventory', 'localhost,', '--extra-vars',
             f'@{variables}', HERE / 'playbook.yml'], check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={
                **os.environ, 'ANSIBLE_ROLES_PATH': str(ROLES),
                'ANSIBLE_NOCOLOR': '1'})
        if result.returncode:
            sys.exit(result.stdout)
        return CHANGED.findall(result.stdout)

    def _variables(self) -> dict[str, Any]:
        values = self._home.files.values()
        return {
            'hv_sched_components': ['scheduler', 'agent'],
            'hv_sched_package': str(self._wheel),
            'hv_sched_constraints': str(installation.CONSTRAINTS),
            'hv_sched_scheduler_venv': str(self._home.folder.venv),
            'hv_sched_agent_venv': str(self.venv),
            'hv_sched_agent_extras': ['status'],
            'hv_sched_python': sys.executable,
            'hv_sched_nova_conf_dir': f'{values["etc"]}/nova/nova.conf.d',
            'hv_sched_conf_dir': str(self.conf.parent),
            'hv_sched_source_file': self._source(),
            'hv_sched_agent_options': {'agent_interval': 10,
                                       'held_settle_time': 0},
            'hv_sched_keystone': {
                'auth_type': 'password', 'auth_url': values['auth_url'],
                'username': 'hv_sched', 'password': values['password'],
                'project_name': 'service', 'user_domain_name': 'Default',
                'project_domain_name': 'Default'},
            'hv_sched_create_user': False, 'hv_sched_user': getpass.getuser(),
            'hv_sched_owner': getpass.getuser(),
            'hv_sched_group': grp.getgrgid(os.getgid()).gr_name,
            'hv_sched_scheduler_unit': '', 'hv_sched_agent_unit': ''}

    def _source(self) -> str:
        """A file that is not where the role puts it."""
        path = self._home.folder.root / 'clusters.yaml'
        path.write_text(topology.source())
        return str(path)

    def version(self) -> str:
        """Of what was installed."""
        return self.program(
            'python', '-c', 'from importlib import metadata; '
            'print(metadata.version("hv_sched"))').stdout.strip()

    def program(self, name: str, *arguments: str
                ) -> 'subprocess.CompletedProcess[str]':
        """Run a program of the agent's environment."""
        return subprocess.run(
            [self.venv / 'bin' / name, *arguments], check=False, text=True,
            capture_output=True, env=self._home.client_environment(),
            cwd=self._home.folder.run)


def check(text: str, is_true: bool, more: object = '') -> None:
    """Say that something is so, or end with what is."""
    if not is_true:
        sys.exit(f'FAILED: {text}\n{more}')
    print(f'ok: {text}', flush=True)


def try_role(home: cloud.Cloud, play: Play) -> None:
    """Install with the role and use what it installed."""
    started = time.monotonic()
    changed = play.run()
    check('the role changes a stock cloud',
          'Enable the plug-ins' in changed, changed)
    seconds = round(time.monotonic() - started)
    home.processes.stop(['nova-api'])
    home.up(stock=True)
    once = play.program('hv-sched-agent', '--config-file', str(play.conf),
                        '--once')
    check('the agent makes a pass', once.returncode == 0, once.stderr)
    listed = play.program('openstack', 'resource', 'provider', 'csv', 'list',
                          '-f', 'json')
    check('the commands list the volumes', listed.returncode == 0 and len(
        json.loads(listed.stdout)) == len(topology.CLUSTERS), listed.stderr)
    openstack = client.OpenStack(home)
    zone = topology.CLUSTERS[0].zone
    openstack.create('by-the-role', f'disk{SERVER_GB}',
                     '--availability-zone', zone)
    server = openstack.settled('by-the-role')
    check('a server is built', server.status == 'ACTIVE', server)
    listed = play.program('openstack', 'resource', 'provider', 'csv', 'show',
                          f'{topology.CLUSTERS[0].name}/Volume1', '-f',
                          'json')
    check('it has its share of the volume', listed.returncode == 0
          and server.uuid in listed.stdout, listed.stdout + listed.stderr)
    again = play.run()
    check('a second run changes nothing', not again, again)
    keep(seconds, play.version())


# What nova-scheduler would filter and weigh by.
PLUGINS = """
import sys
from nova import config, objects
config.parse_args(['nova-scheduler', '--config-dir', sys.argv[1]])
objects.register_all()
from nova.scheduler import host_manager
manager = host_manager.HostManager()
print(*(type(plugin).__name__
        for plugin in manager.enabled_filters + manager.weighers))
"""


def try_kolla(home: cloud.Cloud, play: Play, tools: kolla.Kolla) -> None:
    """Run the scheduler with what kolla-ansible makes of the role's file."""
    lines = tools.install_lines()
    check('kolla-build installs hv_sched in nova-scheduler', len(lines) == 1
          and lines[0].endswith(' hv_sched'), lines)
    check('kolla-ansible merges a file of one service',
          kolla.SERVICE_FILE in tools.merged_files(), tools.merged_files())
    custom = home.folder.root / 'kolla-config'
    changed = play.run(hv_sched_components=['kolla'],
                       hv_sched_kolla_config_dir=str(custom))
    check('the role writes it', "Enable the plug-ins in kolla's "
          'nova-scheduler' in changed, changed)
    nova_conf = home.files.path('nova.conf')
    merged = nova_conf.parent / 'nova.conf.d'
    (merged / 'hv_sched.conf').unlink()
    tools.merge(nova_conf, custom, merged / 'kolla.conf')
    plugins = subprocess.run(
        [home.folder.venv / 'bin' / 'python', '-W', 'ignore', '-c', PLUGINS,
         merged], check=False, text=True, capture_output=True)
    check('its filters and weighers are loaded', {
        'ComputeFilter', 'HyperVFeatureFilter', 'SharedVolumeFilter',
        'SharedVolumeFreeSpaceWeigher'} <= set(plugins.stdout.split()),
        plugins.stdout + plugins.stderr)
    home.up(stock=True)
    openstack = client.OpenStack(home)
    openstack.create('by-kolla', f'disk{SERVER_GB}', '--availability-zone',
                     topology.CLUSTERS[0].zone)
    server = openstack.settled('by-kolla')
    check('nova-scheduler works with it', server.status == 'ACTIVE', server)


def keep(seconds: int, version: str) -> None:
    """Write the figure down for the page of all ways to install."""
    record = json.loads(installs_page.RECORD.read_text())
    record['plug-ins and agent, by the Ansible role'] = {
        'command': 'ansible-playbook', 'seconds': seconds,
        'release': installation.CONSTRAINTS.stem, 'version': version,
        'python': platform.python_version(),
        'date': records.today()}
    installs_page.RECORD.write_text(json.dumps(record, indent=1) + '\n')


@contextlib.contextmanager
def stock_cloud() -> Iterator[cloud.Cloud]:
    """A cloud without hv_sched, for as long as it is needed."""
    home = cloud.Cloud(folder.Folder(repository.ROOT / '.cloud-ansible'))
    home.down(purge=True)
    try:
        home.up(stock=True)
        yield home
    finally:
        home.down()


def main() -> int:
    """The command; its argument is the folder of ansible-playbook."""
    started = time.monotonic()
    wheel, = (repository.ROOT / 'dist').glob('*.whl')
    programs = pathlib.Path(sys.argv[1]).absolute()
    with stock_cloud() as home:
        play = Play(home, programs, wheel)
        try_role(home, play)
        try_kolla(home, play, kolla.Kolla(programs.parent))
    print(f'{time.monotonic() - started:.0f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
