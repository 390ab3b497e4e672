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

"""Numbers and files given to a command: refused with one line, never begun."""

import json
import os

import pytest

from hv_sched.agent import cmd

WORDS = 'has to be a number of seconds from 0 to 86400'


def refused(answer, *words):
    code, out, err = answer
    assert (code, out) == (1, '')
    assert 'Traceback' not in err and len(err.strip().splitlines()) == 1
    assert all(word in err for word in words), err


@pytest.mark.parametrize('value', ['nan', 'inf', '-5', '1e400', 'soon',
                                   '9' * 5000, '86401', ''])
@pytest.mark.parametrize('command', [('adopt', '--wait'),
                                     ('doctor', '--watch')])
def test_seconds_are_finite_and_in_range(csv, source, cloud, command, value):
    before = cloud.state()
    name, option = command
    refused(csv(name, '--source', source, f'{option}={value}'), option,
            value[:20], WORDS)
    assert cloud.state() == before


@pytest.mark.parametrize('value', ['0', '-1', '10001', '1.5', 'x',
                                   '9' * 5000])
@pytest.mark.parametrize('command', ['adopt', 'retire'])
def test_a_batch_is_a_whole_number_in_range(csv, source, command, value):
    refused(csv(command, '--source', source, f'--batch={value}'), '--batch',
            value[:20], 'has to be a whole number from 1 to 10000')


@pytest.mark.parametrize('value', ['nan', 'inf', '0', '1e400'])
def test_a_ratio_of_the_configuration_is_finite(csv, source, tmp_path, cloud,
                                                value):
    before = cloud.state()
    config = tmp_path / 'hv_sched.conf'
    config.write_text('[hv_sched]\n'
                      f'initial_csv_allocation_ratio = {value}\n')
    for command in (('sync',), ('plan',), ('list',), ('adopt',)):
        refused(csv(*command, '--source', source, '--config-file',
                    str(config)), 'initial_csv_allocation_ratio', value,
                'from 0.001 to 10000')
    assert cloud.state() == before


def test_a_bad_number_anywhere_is_said_before_anything_is_done(
        csv, source, tmp_path, cloud):
    before = cloud.state()
    config = tmp_path / 'hv_sched.conf'
    config.write_text('[hv_sched]\nfull_read_every = -1\n')
    refused(csv('sync', '--source', source, '--config-file', str(config)),
            'full_read_every', '-1')
    assert cloud.state() == before


@pytest.mark.parametrize('option', ['--source', '--config-file', '--from'])
def test_a_pipe_is_no_file_and_nobody_waits_for_it(csv, source, tmp_path,
                                                   option):
    pipe = str(tmp_path / 'pipe.yaml')
    os.mkfifo(pipe)
    given = {'--source': source, option: pipe}
    refused(csv('retire', '--dry-run', *(
        word for pair in given.items() for word in pair)), pipe, 'is a pipe')


@pytest.mark.parametrize('option', ['--nova-conf', '--compute-conf',
                                    '--placement-conf'])
def test_a_pipe_as_somebodys_configuration_is_refused(csv, tmp_path, option):
    pipe = str(tmp_path / 'nova.conf')
    os.mkfifo(pipe)
    refused(csv('doctor', option, pipe), pipe, 'is a pipe')
    refused(csv('doctor', option, str(tmp_path)), pipe, 'is a pipe')


def test_a_saved_ratio_that_is_no_number_stops_a_retire(csv, source, cloud,
                                                        tmp_path):
    before = cloud.state()
    saved = tmp_path / 'saved.json'
    saved.write_text(json.dumps({'hv_sched_export': 1, 'providers': {
        cloud.nodes['hv01']: {'inventories': {
            'DISK_GB': {'allocation_ratio': -1}}}}}))
    refused(csv('retire', '--source', source, '--from', str(saved)),
            cloud.nodes['hv01'], 'allocation_ratio is -1')
    assert cloud.state() == before


def test_an_agent_does_not_start_with_a_number_that_is_none(tmp_path,
                                                            capsys):
    config = tmp_path / 'hv_sched.conf'
    config.write_text('[hv_sched]\nagent_interval = inf\n')
    code = cmd.main(['--config-file', str(config), '--once'])
    refused((code, *capsys.readouterr()), 'agent_interval', 'inf',
            'from 1 to 86400')
