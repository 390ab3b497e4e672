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

"""Each claim of the threat model names tests, and they are there."""

import ast
import functools
import re

import pytest

from tests.repository import DOC
from tests.repository import ROOT

PAGE = DOC / 'source' / 'reference' / 'threat-model.rst'
_ROW = re.compile(r'^   \* - (.+?)\n     - (.+?)(?=^   \* - |^\S|\Z)',
                  re.MULTILINE | re.DOTALL)
_TEST = re.compile(r'``([\w/.]+\.py)::([\w:]+)``')
# Who may attack.
ATTACKERS = ('collector', 'Windows node', 'image or flavor', 'tenant',
             'network', 'reader of logs', 'notification', 'wrong role',
             'token', 'status page', 'user of the controller')


def rows():
    """Claims with the node ids of their tests."""
    return [(' '.join(claim.split()), _TEST.findall(tests))
            for claim, tests in _ROW.findall(PAGE.read_text())
            if claim != 'Claim']


@functools.cache
def _tests_of(path):
    """The test functions of a file, those of classes as Class::name."""
    names = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef):
            names.update(f'{node.name}::{member.name}' for member in node.body
                         if isinstance(member, ast.FunctionDef))
    return names


@pytest.mark.parametrize(('claim', 'tests'), rows(),
                         ids=lambda value: str(value)[:50])
def test_each_test_of_a_claim_exists(claim, tests):
    assert tests, f'no test shows: {claim}'
    for path, name in tests:
        assert name.rpartition('::')[2].startswith('test_')
        assert name in _tests_of(path), f'{path} has no {name}'


def test_each_attacker_has_claims():
    titles = re.findall(r'^(.+)\n-{5,}$', PAGE.read_text(), re.MULTILINE)
    assert len(rows()) > 30
    for attacker in ATTACKERS:
        assert any(attacker.lower() in title.lower() for title in titles), (
            attacker)
