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

"""Both console scripts, and what is wrong with their configuration.

What cannot be read is one line and an exit code of its own: 1 is a warning
of hv-sched-status.
"""

import os

import pytest

from hv_sched import exception
from hv_sched.agent import cmd as agent
from hv_sched.conf import nova_conf
from hv_sched.upgrade_check import cmd as status
from tests.functional import command_line

COMPLETE = '''
[keystone]
auth_type = admin_token
endpoint = http://127.0.0.1:9
token = t
'''
NOT_CHECKED = 255


@pytest.fixture
def conf(tmp_path):
    """Writes a configuration file."""
    def write(text=COMPLETE):
        path = tmp_path / 'hv_sched.conf'
        path.write_text(text)
        return str(path)
    return write


def status_of(*arguments):
    return status.main([*arguments, 'upgrade', 'check'])


def agent_of(*arguments):
    return agent.main([*arguments, '--once'])


SCRIPTS = pytest.mark.parametrize('run, code', [
    pytest.param(status_of, NOT_CHECKED, id='hv-sched-status'),
    pytest.param(agent_of, 1, id='hv-sched-agent')])


def assert_is_one_line(capsys, *words):
    out, err = capsys.readouterr()
    assert out == '' and err.count('\n') == 1, out + err
    assert all(word in err for word in words), err
    assert SECRET not in err


@SCRIPTS
def test_a_folder_is_no_file(run, code, capsys, tmp_path):
    assert run('--config-file', str(tmp_path)) == code
    assert_is_one_line(capsys, str(tmp_path), 'is a folder')


@SCRIPTS
def test_a_device_is_not_read(run, code, capsys):
    assert run('--config-file', '/dev/zero') == code
    assert_is_one_line(capsys, '/dev/zero', 'is a device')


@SCRIPTS
def test_a_pipe_is_not_waited_for(run, code, capsys, tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    assert run(f'--config-file={tmp_path}/pipe') == code
    assert_is_one_line(capsys, 'is a pipe')


@SCRIPTS
def test_a_folder_in_the_folder_of_files_is_named(
        run, code, capsys, tmp_path):
    (tmp_path / 'x.conf').mkdir()
    assert run('--config-dir', str(tmp_path)) == code
    assert_is_one_line(capsys, f'{tmp_path}/x.conf', 'is a folder')


@SCRIPTS
def test_a_file_that_is_not_utf_8_is_named(run, code, capsys, tmp_path):
    path = tmp_path / 'latin.conf'
    path.write_bytes('[hv_sched]\nsource = ä\n'.encode('latin-1'))
    assert run('--config-file', str(path)) == code
    assert_is_one_line(capsys, str(path), 'not UTF-8')


PASSWORD = COMPLETE.replace('admin_token', 'password').replace(
    'endpoint', 'auth_url') + 'username = u\npassword = p\n'


@SCRIPTS
@pytest.mark.parametrize('text, words', [
    (COMPLETE.replace('127.0.0.1:9', '[::1'), ('endpoint is no URL',)),
    (COMPLETE + '[nova]\nendpoint_override = http://[::1\n',
     ('section [nova]: endpoint_override is no URL',)),
    (PASSWORD.replace('127.0.0.1:9', '[::1'), ('auth_url is no URL',)),
    (PASSWORD.replace('http://127.0.0.1:9', 'controller'),
     ("auth_url is no URL: 'controller'",)),
    (PASSWORD.replace('username = u', 'username = $username'),
     ('[keystone]', 'refers to itself with $'))],
    ids=['endpoint', 'override', 'auth_url', 'no scheme', 'itself'])
def test_an_address_or_a_reference_that_leads_nowhere(
        run, code, text, words, conf, capsys):
    assert run('--config-file', conf(text)) == code
    assert_is_one_line(capsys, *words)


SECRET = 'hunter2'
# A line that is none of a configuration, and where it is.
BROKEN = pytest.mark.parametrize('text, line', [
    (f'[keystone]\npassword {SECRET}\n', 2),
    (f' password = {SECRET}\n', 1), (f'[keystone {SECRET}\n', 1),
    (f'[keystone]\n= {SECRET}\n', 2)],
    ids=['no equals sign', 'indented', 'section', 'no name'])


@SCRIPTS
@BROKEN
def test_a_line_that_cannot_be_read_is_named_by_its_number(
        run, code, text, line, conf, capsys):
    """It may hold a password."""
    path = conf(text)
    assert run('--config-file', path) == code
    assert_is_one_line(capsys, f'{path}: line {line}: ')
    assert run('--config-dir', os.path.dirname(path)) == code
    assert_is_one_line(capsys, f'{path}: line {line}: ')


@BROKEN
def test_nor_is_such_a_line_of_nova_shown(text, line, conf):
    path = conf(text)
    with pytest.raises(exception.InvalidConfig) as caught:
        nova_conf.read_nova([path])
    assert str(caught.value).startswith(f'{path}: line {line}: ')
    assert SECRET not in str(caught.value)


@BROKEN
def test_nor_does_a_command_show_one(text, line, conf):
    path = conf(text)
    code, out, err = command_line.run_csv(
        'http://127.0.0.1:9', 'list', '--config-file', path)
    assert code == 1 and f'{path}: line {line}: ' in err
    assert SECRET not in out + err


@pytest.mark.parametrize('run, code, text, where', [
    (run, code, text, '[keystone]')
    for run, code in ((status_of, NOT_CHECKED), (agent_of, 1))
    for text in (PASSWORD.replace('= p\n', f'= a${SECRET}\n'),
                 PASSWORD.replace('= p\n', f'= a${{{SECRET}}}\n'),
                 PASSWORD.replace('= p\n', f'= a$keystone.{SECRET}\n'),
                 PASSWORD.replace('= p\n', '= a$keystone\n'))] + [
    (agent_of, 1, f'{COMPLETE}[hv_sched_events]\n'
     f'transport_url = rabbit://u:a${SECRET}@127.0.0.1:9/\n',
     '[hv_sched_events]transport_url'),
    (agent_of, 1, f'{COMPLETE}[coordination]\n'
     f'backend_url = redis://:a${SECRET}@127.0.0.1:9\n',
     '[coordination]backend_url')])
def test_half_a_password_is_not_taken_for_the_name_of_an_option(
        run, code, text, where, conf, capsys):
    assert run('--config-file', conf(text)) == code
    out, err = capsys.readouterr()
    assert where in err and 'write $$ for a dollar sign' in err
    assert SECRET not in out + err and err.count('\n') == 1, err


@pytest.mark.parametrize('arguments', [
    (), ('--no-such-option',), ('upgrade', 'check', '--nova-conf', 'x')],
    ids=' '.join)
def test_a_wrong_command_line_is_no_result(arguments, capsys):
    """2 says that something has to be mended before an upgrade."""
    assert status.main(list(arguments)) == NOT_CHECKED
    assert 'usage: hv-sched-status' in capsys.readouterr().err


@pytest.mark.parametrize('run', [status.main, agent.main])
def test_the_version_is_shown(run, capsys):
    with pytest.raises(SystemExit) as ended:
        run(['--version'])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip()[:1].isdigit()


@pytest.mark.skipif(os.geteuid() == 0, reason='root may read everything')
def test_a_folder_nobody_may_read_is_no_empty_one(conf, capsys, tmp_path):
    folder = tmp_path / 'nova.conf.d'
    folder.mkdir(mode=0)
    assert status_of('--config-file', conf(), '--nova-conf',
                     str(folder)) == NOT_CHECKED
    assert_is_one_line(capsys, str(folder))


def test_a_folder_without_files_is_no_nova_conf(conf, capsys, tmp_path):
    (tmp_path / 'nova.conf.d').mkdir()
    assert status_of('--config-file', conf(), '--nova-conf',
                     str(tmp_path / 'nova.conf.d')) == NOT_CHECKED
    assert 'has no *.conf' in capsys.readouterr().err
