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


"""The unit of systemd: shipped, parsed by systemd's rules, and hardened."""

import collections
import configparser
import pathlib
import re
import shutil
import subprocess

import pytest

from hv_sched.agent import passes
from hv_sched.agent import service
from tests import repository

UNIT = repository.ROOT / 'contrib' / 'systemd' / 'hv-sched-agent.service'
# systemd calls up to 2.0 "OK" and the best without a sandbox of its own.
WORST_EXPOSURE = 2.0


def sections():
    """Sections with their keys; a key may be given several times."""
    result = collections.defaultdict(lambda: collections.defaultdict(list))
    section = None
    for line in UNIT.read_text().splitlines():
        if not line or line.startswith(('#', ';')):
            continue
        if line.startswith('['):
            section = line.strip('[]')
            continue
        key, equals, value = line.partition('=')
        assert equals and re.fullmatch('[A-Za-z]+', key), line
        result[section][key].append(value)
    return result


def test_it_is_notified_watched_reloaded_and_stopped_as_the_agent_does():
    unit = sections()['Service']
    assert unit['Type'] == ['notify']
    watchdog_seconds = float(unit['WatchdogSec'][0])
    assert watchdog_seconds > 2 * service.LOOK_SECONDS
    assert float(unit['TimeoutStopSec'][0]) > passes.LAST_PASS_SECONDS
    assert unit['ExecReload'] == ['/bin/kill -HUP $MAINPID']
    assert unit['ExecStart'][0].split()[0].endswith('/hv-sched-agent')


def test_it_is_in_the_wheel():
    setup = configparser.ConfigParser()
    setup.read(repository.ROOT / 'setup.cfg')
    listed = dict(line.split(' = ') for line in setup[
        'files']['data_files'].strip().splitlines())
    folder = pathlib.PurePath(UNIT.parent.relative_to(repository.ROOT))
    assert listed['share/hv_sched/systemd'] == f'{folder}/*'


@pytest.mark.skipif(not shutil.which('systemd-analyze'),
                    reason='systemd-analyze is not installed')
def test_systemd_finds_it_hardened():
    answer = subprocess.run(
        ['systemd-analyze', 'security', '--offline=true', '--no-pager',
         str(UNIT)], capture_output=True, text=True, check=False)
    level = re.search(r'exposure level for \S+: ([0-9.]+)', answer.stdout)
    assert level, answer.stderr
    assert float(level[1]) <= WORST_EXPOSURE
