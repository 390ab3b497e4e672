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

"""Names from outside are escaped where they are printed, and only there."""

import contextlib
import csv as comma_separated
import io
import json
import signal

from openstackclient import shell
import pytest
import yaml

from hv_sched.osc import format_columns
from hv_sched.placement import names
from tests.functional import cloud as clouds
from tests.functional.command_line import SOURCE

RAW = 'hv\x1b[31m\u202e\u200b\x9b99'
SHOWN = 'hv\\x1b[31m\\u202e\\u200b\\x9b99'
UNSEEN = ('\x1b', '\u202e', '\u200b', '\x9b', '\u2028')


@pytest.fixture
def bad_source(tmp_path):
    """A second cluster whose name plays with terminals, and is refused."""
    path = tmp_path / 'bad.json'
    document = yaml.safe_load(SOURCE)
    cluster = document['clusters'][0]
    document['clusters'].append({
        **cluster, 'name': RAW, 'guid': clouds.CLUSTER_GUID[:-1] + '9',
        'nodes': [{'name': 'hv77', 'build': RAW}]})
    path.write_text(json.dumps(document))
    return str(path)


def unseen(text):
    return [character for character in UNSEEN if character in text]


@pytest.mark.parametrize('formatter', ['table', 'value'])
@pytest.mark.parametrize('command', ['plan', 'sync'])
def test_names_of_a_source_are_escaped_for_people(csv, bad_source, command,
                                                  formatter):
    code, out, err = csv(command, '--source', bad_source, '-f', formatter,
                         *(('--max-width', '0')
                           if formatter == 'table' else ()))
    assert code == 4
    assert 'frozen' in out and SHOWN in out
    assert unseen(out + err) == []


@pytest.mark.parametrize('formatter,read', [
    ('json', json.loads), ('yaml', yaml.safe_load),
    ('csv', lambda text: list(comma_separated.DictReader(
        io.StringIO(text))))])
def test_programs_get_the_name_itself(csv, bad_source, formatter, read):
    _code, out, _err = csv('plan', '--source', bad_source, '-f', formatter)
    assert RAW in {row['Provider'] for row in read(out)}


@pytest.mark.parametrize('formatter', ['table', 'value', 'json', 'yaml',
                                       'csv'])
def test_half_a_surrogate_pair_is_printed_and_not_a_traceback(
        csv, tmp_path, formatter):
    path = tmp_path / 'half.json'
    document = yaml.safe_load(SOURCE)
    document['clusters'].append({'name': 'hv\ud80099'})
    path.write_text(json.dumps(document))
    code, out, err = csv('plan', '--source', str(path), '-f', formatter)
    assert code == 4
    (out + err).encode('utf-8')
    assert 'd800' in out


def test_a_cell_of_several_lines_keeps_them_and_escapes_each(csv, source):
    csv('sync', '--source', source)
    _code, out, _err = csv('show', 'hvc1/Volume1', '--source', source)
    assert not any(names.VOLUME in line and names.SHARING in line
                   for line in out.splitlines())
    lines = format_columns.Lines([RAW, 'a\nb'])
    assert lines.human_readable() == f'{SHOWN}\na\\nb'
    assert lines.machine_readable() == [RAW, 'a\nb']
    mapping = format_columns.Mapping({RAW: 'a\nb'})
    assert mapping.human_readable() == f'{SHOWN}: a\\nb'


def test_an_error_names_what_it_cannot_find_escaped(csv, source):
    csv('sync', '--source', source)
    code, out, err = csv('show', f'hvc1/{RAW}')
    assert code == 1
    assert SHOWN in err
    assert unseen(out + err) == []


def test_an_error_of_a_source_is_one_line(csv, tmp_path):
    folder = tmp_path / 'a\nb\x1b[2J'
    folder.mkdir()
    path = folder / 'x.yaml'
    path.write_text('version: [')
    code, _out, err = csv('plan', '--source', str(path))
    assert code == 1
    assert len(err.strip().splitlines()) == 1
    assert unseen(err) == []


def run_into(output, cloud, *arguments):
    """Exit code and errors of a command that writes to this output."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(output), (
            contextlib.redirect_stderr(errors)):
        code = shell.OpenStackShell().run([
            '--os-auth-type', 'admin_token', '--os-token', 'admin',
            '--os-endpoint', cloud.placement.service.endpoint,
            'resource', 'provider', 'csv', *arguments])
    return code, errors.getvalue()


def test_an_output_without_unicode_gets_names_escaped(csv, source, cloud,
                                                      tmp_path):
    (tmp_path / 'hvc1.yaml').write_text(SOURCE.replace('Volume1', 'Å雲'))
    written = io.BytesIO()
    output = io.TextIOWrapper(written, encoding='ascii')
    for command in ('plan', 'sync', 'list'):
        code, err = run_into(output, cloud, command, '--source', source)
        assert code in {0, 2} and 'Traceback' not in err, err
    output.flush()
    assert '\\xc5\\u96f2' in written.getvalue().decode('ascii')


def test_a_pipe_that_is_closed_is_no_traceback(csv, source, cloud):
    class ClosedPipe(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    code, err = run_into(ClosedPipe(), cloud, 'plan', '--source', source)
    assert code == 128 + signal.SIGPIPE
    assert 'Traceback' not in err


@pytest.mark.parametrize('command,words', [
    (('list',), 'Nothing was written'),
    (('plan', '--source', '{source}'), 'Nothing was written'),
    (('sync', '--source', '{source}'), 'run the same command again')])
def test_ctrl_c_exits_with_130_and_says_what_stands(csv, source, cloud,
                                                    command, words):
    def interrupt(environ):
        raise KeyboardInterrupt

    cloud.placement.service.before = interrupt
    code, _out, err = csv(*(word.format(source=source) for word in command))
    assert code == 130
    assert words in err and 'Traceback' not in err
