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


"""The table of findings is current."""

import importlib
import pathlib
import sys

import pytest

from hv_sched.audit.findings import Code

DOC = pathlib.Path(__file__).parents[3] / 'doc'


@pytest.fixture
def generate_findings(monkeypatch):
    monkeypatch.syspath_prepend(str(DOC))
    yield importlib.import_module('generate_findings')
    sys.modules.pop('generate_findings', None)


def test_the_table_is_current(generate_findings):
    """``python doc/generate_findings.py`` writes it anew."""
    page = generate_findings.page()
    assert generate_findings.PAGE.read_text() == page
    assert all(f'``{code.value}``' in page for code in Code)
