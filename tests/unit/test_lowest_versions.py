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

"""constraints/lowest.txt installs the lower bounds, no more and no less."""

import configparser

from packaging import requirements
from packaging import utils

from tests.repository import ROOT

# What `make test-lowest` installs: linters and Sphinx are newer.
EXTRAS = ('scheduler', 'demo', 'test')


def lines(text):
    return [line for line in text.splitlines()
            if line.strip() and not line.startswith('#')]


def required():
    setup = configparser.ConfigParser()
    setup.read(ROOT / 'setup.cfg')
    texts = [(ROOT / 'requirements.txt').read_text(),
             *(setup['extras'][extra] for extra in EXTRAS)]
    return [requirements.Requirement(line)
            for text in texts for line in lines(text)]


def test_the_lowest_versions_are_the_lower_bounds():
    installed = dict(
        line.split('==')
        for line in lines((ROOT / 'constraints/lowest.txt').read_text()))
    installed = {utils.canonicalize_name(name): version
                 for name, version in installed.items()}
    for requirement in required():
        version = installed[utils.canonicalize_name(requirement.name)]
        assert str(requirement.specifier) == f'>={version}', requirement


def test_the_build_needs_what_make_test_lowest_builds_with():
    makefile = (ROOT / 'Makefile').read_text()
    project = (ROOT / 'pyproject.toml').read_text()
    assert 'requires = ["pbr>=5.8.0", "setuptools>=64,<81"]' in project
    assert "'pbr==5.8.0' 'setuptools==64.0.0'" in makefile
    assert "setup_requires=['pbr>=5.8.0']" in (ROOT / 'setup.py').read_text()
