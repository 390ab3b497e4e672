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

"""What an operator leaves out, and what he cannot."""

import ast
import re

import pytest

from hv_sched import finding_codes
from hv_sched.audit import findings
from hv_sched.doctor import checks
from hv_sched.doctor import finding_catalogue
from hv_sched.ignored_findings import IgnoredFindings
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from tests.repository import ROOT

LEFT_OUT = Notice('c1', 'csv:c1/V1', Kind.REFUSED, 'it is gone',
                  'volume-left-out')


@pytest.mark.parametrize('entry', [
    'volume-left-out', 'volume-left-out:csv:c1/V1', 'volume-left-out:C1/v1',
    ' volume-left-out : c1/V1 ', 'volume-left-out:c1'])
def test_a_finding_is_left_out_by_its_code_and_name(entry):
    assert IgnoredFindings((entry,)).notices([LEFT_OUT]) == ([], 1)


@pytest.mark.parametrize('entry', [
    'volume-left', 'volume-left-out:c1/V10', 'c1/V1', '', ':c1/V1'])
def test_any_other_is_told(entry):
    assert IgnoredFindings((entry,)).notices([LEFT_OUT]) == ([LEFT_OUT], 0)


def test_a_code_there_is_none_of_is_said_with_what_was_meant():
    ignored = IgnoredFindings(('volume-leftout:V1', 'drift', 'qqq'))
    first, second = ignored.unknown(finding_catalogue.codes())
    assert "'volume-leftout' is no code" in first
    assert 'did you mean volume-left-out' in first
    assert second.endswith("'qqq' is no code of a finding")


def notices_made():
    """The codes that plans and passes give their notices, as written."""
    for path in sorted((ROOT / 'hv_sched').rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (
                    getattr(node.func, 'id', '') == 'Notice'
                    or getattr(node.func, 'attr', '') == 'notice'):
                yield path, node


def test_every_code_of_a_notice_has_a_meaning():
    written = {
        part.value for _path, call in notices_made()
        for argument in (*call.args, *(key.value for key in call.keywords))
        for part in ast.walk(argument)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
        and re.fullmatch('[a-z]+(-[a-z]+)+', part.value)}
    assert len(written) > 15
    assert written <= finding_codes.NOTICES.keys()


def test_every_fault_of_a_source_has_a_code_with_a_meaning():
    written = {
        part.value for path in (ROOT / 'hv_sched/sources').rglob('*.py')
        for part in ast.walk(ast.parse(path.read_text()))
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
        and re.fullmatch('[a-z]+(-[a-z]+)+', part.value)}
    assert written == finding_codes.SOURCE.keys() - {'invalid'}


def test_codes_are_of_one_kind_only_where_they_mean_the_same():
    assert finding_codes.NOTICES.keys() & {
        check.code for check in checks.CHECKS} == {
            'facts-stale', 'node-unlisted'}
    assert not finding_codes.NOTICES.keys() & {
        code.value for code in findings.Code}
