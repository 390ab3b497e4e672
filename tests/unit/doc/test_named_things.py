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

"""Options, commands, files and extras that the pages name exist."""

import configparser
import re

import pytest

from hv_sched.conf import list_opts
from tests import doc_blocks
from tests.repository import ROOT

OPTIONS = {option.name for _group, options in list_opts()
           for option in options}


@pytest.fixture(scope='module')
def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / 'setup.cfg')
    return parser


@pytest.fixture(scope='module')
def commands(setup):
    """The words after ``csv``, as ``check flavor``."""
    lines = setup['entry_points']['openstack.placement.v1'].split()
    return {line.removeprefix('resource_provider_csv_').replace('_', ' ')
            for line in lines if line.startswith('resource_provider_csv_')}


def named(page, pattern):
    """What stands in double backquotes and matches, without line ends."""
    return {match for literal in re.findall(
        r'``(.+?)``', page.read_text(), re.DOTALL)
        for match in re.findall(pattern, ' '.join(literal.split()))}


@pytest.mark.parametrize('page', doc_blocks.PAGES, ids=lambda page: page.stem)
def test_options_of_a_page_exist(page):
    assert named(page, r'\[hv_sched\]\s?(\w+)') - OPTIONS == set()


@pytest.mark.parametrize('page', doc_blocks.PAGES, ids=lambda page: page.stem)
def test_commands_of_a_page_exist(page, commands):
    first_words = {command.split()[0] for command in commands}
    assert named(page, r'(?:^|provider )csv ([a-z]+)') - first_words == set()


@pytest.mark.parametrize('page', doc_blocks.PAGES, ids=lambda page: page.stem)
def test_files_of_a_page_exist(page):
    folders = r'^((?:hv_sched|tests|doc|examples|tools|benchmarks|contrib)/'
    for path in named(page, folders + r'[\w./-]+)'):
        assert (ROOT / path).exists(), path


def test_the_extras_are_listed_where_they_are_installed(setup):
    page = (ROOT / 'doc/source/install.rst').read_text()
    table = page.partition('The extras are:')[2].partition('====\n\n')[0]
    listed = set(re.findall(r'^``(\w+)``', table, re.MULTILINE))
    assert listed == set(setup['extras']) - {'test', 'lint', 'docs'}, (
        'the table of extras in doc/source/install.rst')


def test_the_options_of_moves_have_the_defaults_that_their_page_names():
    defaults = {option.name: option.default for _group, options in list_opts()
                for option in options}
    page = (ROOT / 'doc/source/moves.rst').read_text()
    listed = re.findall(r'^``(\w+)``(?: \(default: `*(.+?)`*\))?$', page,
                        re.MULTILINE)
    assert {'live_migration_scope', 'request_filter_moves',
            'cold_move_keeps_disk'} <= {name for name, _default in listed}
    for name, default in listed:
        expected = defaults[name]
        assert default in ('', str(expected).lower() or 'empty',
                           'empty' if expected == [] else ''), name
