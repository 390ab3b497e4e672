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

"""Every option given junk: a value that works, or our own clear error.

Of the agent's file, of ``hv-sched-status`` and of the commands: they register
the same options. Junk that cannot be is said by the option's name.
"""

from oslo_config import cfg
import pytest

from hv_sched import conf as options
from hv_sched import exception
from hv_sched.agent import cmd
from hv_sched.conf import nova_conf
from hv_sched.upgrade_check import cmd as upgrade_check

OPTIONS = sorted((opt.name for _group, opts in options.list_opts()
                  for opt in opts))
JUNK = ('', ' ', 'nan', '-inf', '1e400', '-1', '9' * 5000, 'x' * 65536,
        'true', 'a,b,,c', '[]', '$no_such_option', '%', '%(x)s', '\N{SNOWMAN}',
        'a = b', '/dev/zero', '\x1b[31m', 'x\x00y')
ERRORS = (exception.InvalidConfig, cfg.Error)


def write(folder, text):
    path = folder / 'hv_sched.conf'
    path.write_bytes(text)
    return ['--config-file', str(path)]


@pytest.mark.parametrize('name', OPTIONS)
def test_each_option_takes_junk_or_names_itself(tmp_path, name):
    for value in JUNK:
        arguments = write(tmp_path, f'[hv_sched]\n{name} = {value}\n'
                          .encode())
        try:
            cmd.configure(arguments)
        except ERRORS as exc:
            assert name in exception.told(exc) or value.startswith('$')


FILES = (b'', b'\0' * 100, b'\xff\xfe', b'[', b'[hv_sched', b'= x\n',
         b'[hv_sched]\n' * 3, b' x\n', b'[hv_sched]\nsource', b'x' * 65536,
         b'[hv_sched]\nworkers = 1\nworkers = 2\n',
         b'\xef\xbb\xbf[hv_sched]\n',
         '[hv_sched]\nworkers = 1\n'.encode('utf-16'), b'[' * 5000,
         b'[hv_sched]\nsource = ' + b'$source' * 3 + b'\n')


@pytest.mark.parametrize('content', FILES, ids=range(len(FILES)))
@pytest.mark.parametrize('main,arguments', [
    (cmd.main, ['--once']), (upgrade_check.main, ['upgrade', 'check'])],
    ids=['agent', 'status'])
def test_a_file_that_is_no_configuration_ends_in_one_line(
        tmp_path, capsys, main, arguments, content):
    """[keystone] is missing in each of them, so none can begin."""
    code = main([*write(tmp_path, content), *arguments])
    out, err = capsys.readouterr()
    assert code in (1, 255) and 'Traceback' not in out + err
    assert err.startswith('hv-sched-')


@pytest.mark.parametrize('main,arguments', [
    (cmd.main, ['--once']), (upgrade_check.main, ['upgrade', 'check'])],
    ids=['agent', 'status'])
@pytest.mark.parametrize('values', [
    {'source': '$source'}, {'source': 'a$status_address$source'},
    {'source': '$status_address', 'status_address': '$source'}])
def test_an_option_that_refers_to_itself_is_named(tmp_path, capsys, main,
                                                  arguments, values):
    lines = ''.join(f'{name} = {value}\n' for name, value in values.items())
    code = main([*write(tmp_path, f'[hv_sched]\n{lines}'.encode()),
                 *arguments])
    out, err = capsys.readouterr()
    assert (code, out) in ((1, ''), (255, ''))
    assert '[hv_sched]source refers to itself' in err
    assert len(err.splitlines()) == 1


def test_an_option_of_nova_that_refers_to_itself_is_named(tmp_path):
    path = tmp_path / 'nova.conf'
    path.write_text('[filter_scheduler]\nenabled_filters = '
                    '$filter_scheduler.enabled_filters\n')
    with pytest.raises(exception.InvalidConfig, match='refers to itself'):
        nova_conf.read_nova([str(path)])
