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

"""What hv_sched requires, and under which licences."""

import email
from importlib import metadata

import pytest

from tests.repository import ROOT
from tools import licences


class Package:
    """An installed one, as far as its licence is concerned."""

    version = '1.0'
    requires = None

    def __init__(self, *lines):
        self.metadata = email.message_from_string(
            'Name: it\n' + ''.join(f'{line}\n' for line in lines))


def _is_newest():
    """Whether the dependencies are those of the newest release."""
    pinned = max((ROOT / 'constraints').glob('2*.txt')).read_text()
    return f'keystoneauth1=={metadata.version("keystoneauth1")}\n' in pinned


@pytest.mark.skipif(not _is_newest(), reason='older releases of libraries '
                    'write their licences otherwise')
def test_every_dependency_has_a_licence_that_is_allowed():
    distributions = list(licences.closure())
    assert len(distributions) > 60
    assert {'keystoneauth1', 'pypsrp', 'waitress', 'tooz'} <= {
        each.metadata['Name'] for each in distributions}
    assert licences.refused(distributions) == []


@pytest.mark.parametrize(('lines', 'said'), [
    (('License-Expression: Apache-2.0 OR (MIT AND BSD-3-Clause)',),
     ['Apache-2.0', 'MIT', 'BSD-3-Clause']),
    (('License: a text', 'Classifier: License :: OSI Approved :: MIT License'),
     ['MIT License']),
    (('Classifier: License :: OSI Approved', 'License: MIT'), ['MIT']),
    (('License: MIT\n and more of it',), ['MIT']), ((), [])])
def test_a_licence_is_what_the_metadata_says(lines, said):
    assert licences.licences(Package(*lines)) == said


@pytest.mark.parametrize(('lines', 'shown'), [
    (('License-Expression: GPL-3.0-only',), 'it 1.0: GPL-3.0-only'),
    (('License-Expression: MIT AND AGPL-3.0-only',), 'it 1.0: AGPL-3.0-only'),
    (('Classifier: License :: Other/Proprietary License',),
     'it 1.0: Other/Proprietary License'), ((), 'it 1.0: says no licence')])
def test_what_is_not_listed_is_named(lines, shown):
    assert licences.refused([Package(*lines)]) == [shown]


def test_what_is_allowed_is_allowed():
    assert licences.refused([Package('License-Expression: MIT')]) == []
