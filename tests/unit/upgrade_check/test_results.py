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


"""What the doctor finds becomes the results of an upgrade check."""

from oslo_upgradecheck import upgradecheck
import pytest

from hv_sched.doctor import checks
from hv_sched.doctor import runner
from hv_sched.notices import Severity
from hv_sched.upgrade_check import results

Code = upgradecheck.Code
CHECK = runner.Check('nova-release', Severity.ERROR, 'It is too old.',
                     'Upgrade Nova.', lambda evidence: ())
OTHER = runner.Check('clock-skew', Severity.ERROR, 'It is late.',
                     'Set it.', lambda evidence: ())
TOPIC = results.Topic('Releases', (CHECK,))


def diagnosis(check=CHECK, severity=None):
    return runner.Diagnosis(check, runner.Symptom(
        'Nova', 'it is nova 26', severity))


def test_every_check_of_the_doctor_is_in_one_topic():
    codes = [check.code for topic in results.TOPICS for check in topic.checks]
    assert sorted(codes) == sorted(check.code for check in checks.CHECKS)


@pytest.mark.parametrize('severity, code', [
    (Severity.ERROR, Code.FAILURE), (Severity.WARNING, Code.WARNING),
    (Severity.INFO, Code.SUCCESS)])
def test_what_is_found_is_told_with_what_to_do(severity, code):
    result = results.of_topic(
        TOPIC, [diagnosis(severity=severity), diagnosis(OTHER)], [])
    assert result.code == code
    assert result.details == (
        'nova-release: Nova: it is nova 26. Upgrade Nova.')


def test_the_gravest_counts():
    result = results.of_topic(TOPIC, [
        diagnosis(severity=severity) for severity in reversed(Severity)], [])
    assert result.code == Code.FAILURE


@pytest.mark.parametrize('failed, code', [
    (True, Code.WARNING), (False, Code.SUCCESS)])
def test_what_could_not_be_read_is_a_warning(failed, code):
    result = results.of_topic(TOPIC, [], [
        runner.Skipped(('clock-skew', 'nova-release'), 'HTTP 403', failed),
        runner.Skipped(('clock-skew',), 'HTTP 500', True)])
    assert result.code == code
    assert result.details == 'Not checked: nova-release (HTTP 403).'


def test_nothing_wrong_has_no_details():
    result = results.of_topic(TOPIC, [diagnosis(OTHER)], [])
    assert (result.code, result.details) == (Code.SUCCESS, None)


def test_text_from_outside_is_escaped():
    odd = runner.Diagnosis(CHECK, runner.Symptom('a\x1b[2Jb', 'odd'))
    assert '\x1b' not in results.of_topic(TOPIC, [odd], []).details
