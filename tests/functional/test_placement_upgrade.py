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

"""Placement is upgraded from 9 to the release of this environment.

Under a running agent, which nobody restarts. ``make test-placement-upgrade``
installs the old one; without it this is skipped.
"""

import os
import pathlib
import subprocess
import threading
import time
import urllib.parse

import pytest

from hv_sched.placement import client
from hv_sched.placement import names
from tests import repository
from tests.functional import agent_process
from tests.functional import cloud as clouds
from tests.functional import command_line
from tests.functional import mariadb
from tests.functional import placement_process

OLD = pathlib.Path(os.environ.get(
    'OLD_PLACEMENT', repository.ROOT / '.venv-placement/bin/python'))
PATIENCE_SECONDS = 120

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(bool(mariadb.missing()), reason=mariadb.missing()),
    pytest.mark.skipif(not OLD.exists(), reason=f'no Placement 9 in {OLD}: '
                       f'make test-placement-upgrade')]


class Upgrade:
    """A database, and whichever Placement is on it at one address."""

    def __init__(self, folder, url):
        self.folder = folder
        self.url = url
        self.port = 0

    def serving(self, **options):
        return placement_process.serving(
            self.folder, self.url, 2, port=self.port, **options)

    def write(self, endpoint):
        source = self.folder / 'clusters.yaml'
        source.write_text(command_line.SOURCE)
        conf = self.folder / 'hv_sched.conf'
        conf.write_text(f'''
[hv_sched]
source = {source}
agent_interval = 1
[keystone]
auth_type = admin_token
token = admin
endpoint = {endpoint}
''')
        return source, conf


def until(ready):
    end = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.1)


def release(python):
    return subprocess.run(
        [python, '-c', 'from importlib import metadata; '
         'print(metadata.version("openstack-placement"))'],
        check=True, text=True, capture_output=True).stdout.strip()


def is_open(cloud):
    """Published, and what the nodes offer is the volume."""
    listed = {provider.uuid for provider in cloud.api.list_providers()}
    return clouds.VOLUME in listed and (
        'MISC_SHARES_VIA_AGGREGATE' in cloud.api.traits(clouds.VOLUME)[1]
        and len(cloud.hosts(400)) == 2)


def holds(api, volume, total_gb, used_gb):
    inventories = api.inventories(volume)[1]
    usages = api.usages(volume)[1]
    return (inventories[names.DISK_GB].total == total_gb
            and usages.get(names.DISK_GB) == used_gb)


def test_an_agent_goes_on_with_the_new_release(tmp_path):
    with mariadb.database(tmp_path) as url:
        upgrade = Upgrade(tmp_path, url)
        with upgrade.serving(python=str(OLD)) as endpoint:
            assert release(str(OLD)).startswith('9.')
            upgrade.port = urllib.parse.urlsplit(endpoint).port
            adapter = placement_process.adapter(endpoint)
            adapter.another = lambda: adapter
            cloud = clouds.Cloud(adapter)
            cloud.register('hv01', 'hv02')
            source, conf = upgrade.write(endpoint)
            agent = agent_process.AgentProcess(str(conf), tmp_path)
            # What it tells systemd has to be read by somebody.
            reading = threading.Thread(target=agent.until, args=('ENDED=1',))
            reading.start()
            until(lambda: is_open(cloud))
            server = cloud.create(50)
        # Down for the upgrade of its tables.
        with upgrade.serving() as endpoint:
            source.write_text(command_line.SOURCE.replace(
                'size_gb: 500, free_gb: 410', 'size_gb: 600, free_gb: 510'))
            api = client.from_adapter(placement_process.adapter(endpoint))
            until(lambda: holds(api, clouds.VOLUME, 600, 50))
            cloud.admin.delete(f'/allocations/{server}')
            agent.end()
            reading.join()
            agent.kill()
    assert 'Traceback' not in agent.log.read_text()
