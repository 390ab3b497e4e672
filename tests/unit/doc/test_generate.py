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

"""The pages made of the code are current."""

import pathlib

import pytest

from doc import generate


@pytest.mark.parametrize('name', generate.PAGES)
def test_the_page_is_current(name):
    """``python -m doc.generate`` writes it."""
    page = generate.PAGES[name]
    assert page.PAGE.read_text() == page.page()


def test_every_page_is_written_by_the_generator():
    """A module that makes a page is registered."""
    folder = pathlib.Path(generate.__file__).parent
    modules = {path.stem for path in folder.glob('*_page.py')}
    assert modules == {page.__name__.removeprefix('doc.')
                       for page in generate.PAGES.values()}


def test_a_page_that_does_not_exist_is_refused(capsys):
    with pytest.raises(SystemExit):
        generate.main(['trait'])
    assert 'no such page: trait' in capsys.readouterr().err
