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
KEBAB = '[a-z]+(-[a-z]+)+'


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


def calls(*names):
    """Every call in hv_sched of something of these names, and its file."""
    for path in sorted((ROOT / 'hv_sched').rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (
                    getattr(node.func, 'id', '') in names
                    or getattr(node.func, 'attr', '') in names):
                yield path, node


def argument(call, name, position):
    """An argument given by name, or the one at a position; else None."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return named.get(name, call.args[position] if len(call.args) > position
                     else None)


def literals(node, pattern='.*'):
    """The strings written in a syntax tree that have a form."""
    return {part.value for part in ast.walk(node)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
            and re.fullmatch(pattern, part.value)}


def notices_made():
    """Each creation of a notice: where it stands, its file, and its code."""
    for names, position in ((('Notice',), 4), (('notice',), 3)):
        for path, call in calls(*names):
            yield (f'{path.relative_to(ROOT)}:{call.lineno}', path,
                   argument(call, 'code', position))


def codes_given():
    """The codes of notices, as written.

    Where a variable gives a notice its code, all of its file count.
    """
    given = set()
    for _place, path, code in notices_made():
        given |= literals(code) or literals(
            ast.parse(path.read_text()), KEBAB)
    return given


def test_every_notice_is_created_with_a_code():
    made = [(place, code) for place, _path, code in notices_made()]
    assert len(made) > 30
    assert [place for place, code in made
            if code is None or '' in literals(code)] == []


def test_a_notice_cannot_be_created_without_a_code():
    with pytest.raises(TypeError):
        Notice('c1', 'csv:c1/V1', Kind.REFUSED, 'it is gone')


def test_the_codes_of_notices_are_those_that_have_a_meaning():
    assert codes_given() == finding_codes.NOTICES.keys()


def test_every_problem_of_a_source_has_a_code_with_a_meaning():
    written = {'invalid'} | {
        code for path in (ROOT / 'hv_sched/sources').rglob('*.py')
        for code in literals(ast.parse(path.read_text()), KEBAB)}
    for _path, call in calls('Problem'):
        code = argument(call, 'code', 3)
        written |= literals(code) if isinstance(code, ast.Constant) else set()
    assert written == finding_codes.SOURCE.keys()


def test_codes_are_of_one_kind_only_where_they_mean_the_same():
    assert finding_codes.NOTICES.keys() & {
        check.code for check in checks.CHECKS} == {
            'facts-stale', 'node-unlisted'}
    assert not finding_codes.NOTICES.keys() & {
        code.value for code in findings.Code}
