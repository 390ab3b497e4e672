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

"""Every option of every command given junk: no traceback, an exit code.

The commands and their options are those the parsers list, so that a new one
is tried, too. Placement is real; nothing may be written by a junk argument.
Overrides that cannot be read stop no command: a new volume is closed then.
"""

from importlib import metadata

import pytest

pytestmark = pytest.mark.wide

PREFIX = 'resource_provider_csv_'
COMMANDS = sorted(
    (point for point in metadata.entry_points(
        group='openstack.placement.v1')
     if point.value.startswith('hv_sched.')), key=lambda point: point.name)
QUICK = ('', 'nan', '9' * 5000)
JUNK = (*QUICK, '-1', 'x' * 65536, '\N{SNOWMAN}\x1b[31m', '/dev/zero',
        '%s{0}$x', '--', "'; --")
# Those of the commands, and that of argparse.
EXIT_CODES = (0, 1, 2, 3, 4)
# cliff's own it judges itself.
FORMATS = ('output formatters', 'table formatter', 'CSV Formatter',
           'json formatter', 'shell formatter')


def words_of(command):
    return command.name[len(PREFIX):].split('_')


def options_of(command):
    """Each of our options that takes a value."""
    parser = command.load()(None, None).get_parser('csv')
    return [action.option_strings[-1] for action in parser._actions
            if action.option_strings and action.nargs != 0
            and action.container.title not in FORMATS]


def run(csv, *arguments):
    """As the shell of an operator sees it, also where argparse ends it."""
    try:
        return csv(*arguments)
    except SystemExit as exc:
        return exc.code, '', ''


@pytest.fixture
def each_option(csv, source, cloud, tmp_path, monkeypatch):
    """Gives each option of a command these values, one after the other."""
    monkeypatch.chdir(tmp_path)

    def give(command, values):
        words, options = words_of(command), options_of(command)
        if '--source' in options:
            words += ['--source', source]
        before = cloud.state()
        for option in options:
            for value in values:
                code, out, err = run(csv, *words, f'{option}={value}')
                assert 'Traceback' not in out + err, (option, value[:20])
                assert code in EXIT_CODES, (option, value[:20])
                if option == '--overrides':
                    before = cloud.state()  # without them it goes on
                assert cloud.state() == before, (option, value[:20])
    return give


@pytest.mark.parametrize('command', COMMANDS,
                         ids=lambda command: ' '.join(words_of(command)))
def test_junk_is_no_traceback_and_changes_nothing(each_option, command):
    each_option(command, QUICK)


@pytest.mark.long
@pytest.mark.parametrize('command', COMMANDS,
                         ids=lambda command: ' '.join(words_of(command)))
def test_any_junk_is_no_traceback_and_changes_nothing(each_option, command):
    each_option(command, JUNK)
