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

"""The count of names that say nothing."""

import pytest

from tools import vague_names

MODULE = '''
def room(one, total_gb, *every, **options):
    found = [size for size in one]
    for node in every:
        self.known = node
    return found
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'room.py').write_text(MODULE)
    return tmp_path


def test_variables_and_parameters_are_counted(folder, capsys):
    """An attribute is none; uses are not counted again."""
    assert vague_names.main([str(folder), '--list']) == 0
    *names, total = capsys.readouterr().out.splitlines()
    assert names == [f'{folder}/room.py:2: one', f'{folder}/room.py:2: every',
                     f'{folder}/room.py:3: found']
    assert total == ('3 of 7 variables and parameters (42.9 %) have a name '
                     'that says nothing')


@pytest.mark.parametrize(('percent', 'code'), [('42', 1), ('43', 0)])
def test_a_larger_share_than_allowed_is_an_error(folder, percent, code):
    assert vague_names.main([str(folder), '--at-most', percent]) == code


def test_a_leading_underscore_says_no_more(tmp_path, capsys):
    (tmp_path / 'room.py').write_text('_found = 1\nself = 2\n')
    vague_names.main([str(tmp_path), '--list'])
    assert capsys.readouterr().out.startswith(f'{tmp_path}/room.py:1: _found')


def test_the_words_are_those_of_the_list():
    words = vague_names.vague_words()
    assert {'one', 'found', 'known', 'wanted', 'told'} <= words
    assert not any(word.startswith('#') or not word for word in words)
