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


"""The page of asks is current and says of each release what is true."""

import importlib
import pathlib
import sys

import pytest

from hv_sched.features import hosts

DOC = pathlib.Path(__file__).parents[2] / 'doc'


@pytest.fixture
def generate_asks(monkeypatch):
    monkeypatch.syspath_prepend(str(DOC))
    yield importlib.import_module('generate_asks')
    for name in ('generate_asks', 'generate'):
        sys.modules.pop(name, None)


def test_the_page_is_current(generate_asks):
    """``python doc/generate_asks.py`` writes it anew."""
    assert generate_asks.PAGE.read_text() == generate_asks.page()


def test_every_example_stands_where_it_belongs(generate_asks):
    for example in generate_asks.ASKS:
        assert not example.asked().contradictions, example
    for example in generate_asks.REFUSED:
        assert example.asked().contradictions, example


@pytest.mark.parametrize(('words', 'expected'), [
    ('``hw:cpu_features=vmx``',
     ('no', 'INTEL only', 'INTEL only', 'yes', 'yes')),
    ('``vcpus=240``, ``hw_machine_type=hyperv-gen2``',
     ('no', 'yes', 'yes', 'yes', 'yes')),
    ('``vcpus=2048``, ``hw_machine_type=hyperv-gen2``',
     ('no', 'no', 'no', 'no', 'yes')),
    ('``os:resolution=1024x768``, ``os:monitors=8``',
     ('no', 'yes', 'no', 'no', 'no')),
    ('``hw_machine_type=hyperv-gen2``, ``os_secure_boot=required``, '
     '``os_type=linux``', ('no', 'yes', 'yes', 'yes', 'yes'))])
def test_releases_answer_as_microsoft_says(generate_asks, words, expected):
    example = next(one for one in generate_asks.ASKS
                   if one.words() == words)
    cells = [generate_asks.cell(example.asked(), build)
             for build in hosts.BUILDS]
    assert tuple(cell.split(':')[0] for cell in cells) == expected
