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

"""What kolla and kolla-ansible make of the role's files.

kolla-build renders the image of nova-scheduler with the template override;
kolla-ansible's own plug-in merges the file that the component ``kolla`` of the
role writes into a ``nova.conf``.
"""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
from typing import Any

import yaml

from tests import repository

HERE = pathlib.Path(__file__).parent
OVERRIDE = (repository.ROOT / 'contrib' / 'ansible' / 'kolla'
            / 'template-override.j2')
# How kolla-ansible's role calls the file of one service.
SERVICE_FILE = '{{ node_custom_config }}/nova/{{ item.key }}.conf'


@dataclasses.dataclass(frozen=True)
class Kolla:
    """kolla and kolla-ansible in a virtual environment.

    :param venv: its folder
    """

    venv: pathlib.Path

    @property
    def _ansible(self) -> pathlib.Path:
        return self.venv / 'share' / 'kolla-ansible' / 'ansible'

    def install_lines(self) -> list[str]:
        """The lines that install something of ours in nova-scheduler's image.
        """
        with tempfile.TemporaryDirectory() as work:
            _run([self.venv / 'bin' / 'kolla-build', '--template-only',
                  '--work-dir', work, '--template-override', OVERRIDE,
                  'nova-scheduler'])
            recipe = pathlib.Path(
                work, 'docker', 'nova', 'nova-scheduler', 'Dockerfile')
            return [line for line in recipe.read_text().splitlines()
                    if line.startswith('RUN') and 'hv_sched' in line]

    def merged_files(self) -> list[str]:
        """What kolla-ansible merges into the nova.conf of a service."""
        tasks = yaml.safe_load((
            self._ansible / 'roles' / 'nova' / 'tasks' / 'config.yml'
            ).read_text())
        merge, = (task['merge_configs'] for task in tasks
                  if task['name'] == 'Copying over nova.conf')
        sources: list[str] = merge['sources']
        return sources

    def merge(self, base: pathlib.Path, custom: pathlib.Path,
              destination: pathlib.Path) -> None:
        """Merge a service's own file into its nova.conf.

        :param base: what kolla-ansible's template would be
        :param custom: node_custom_config, which the role writes to
        """
        sources = [str(base), str(custom / 'nova' / 'nova-scheduler.conf')]
        variables = {'merge_sources': sources,
                     'merge_destination': str(destination)}
        _run([self.venv / 'bin' / 'ansible-playbook', '--inventory',
              'localhost,', '--extra-vars', json.dumps(variables),
              HERE / 'kolla_merge.yml'],
             ANSIBLE_ACTION_PLUGINS=self._ansible / 'action_plugins')


def _run(command: list[Any], **environment: pathlib.Path) -> None:
    result = subprocess.run(
        command, check=False, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **{name: str(value) for name, value
                              in environment.items()}})
    if result.returncode:
        sys.exit(f'{command[0]}\n{result.stdout}')
