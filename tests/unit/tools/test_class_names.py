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

"""The check of public class names."""

import pytest

from tools import class_names


@pytest.fixture
def package(tmp_path):
    def write(path, text):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
        return tmp_path
    write('model.py', 'class Volume:\n    pass\n')
    return write


def test_a_name_for_two_classes_is_told_with_both_places(package, capsys):
    folder = package('shares/room.py', '\nclass Volume:\n    pass\n')
    assert class_names.main([str(folder)]) == 1
    assert capsys.readouterr().out == (
        f'Volume: {folder}/model.py:1, {folder}/shares/room.py:2\n'
        '1 public class names are defined more than once\n')


@pytest.mark.parametrize('text', [
    'class Node:\n    pass\n',
    'class _Volume:\n    pass\n',
    'from model import Volume\n'])
def test_a_name_for_one_public_class_is_fine(package, text, capsys):
    folder = package('shares/room.py', text)
    assert class_names.main([str(folder)]) == 0


def test_commands_are_named_after_what_they_show(package):
    folder = package('osc/volumes.py', 'class Volume:\n    pass\n')
    assert class_names.duplicates(folder) == {}
