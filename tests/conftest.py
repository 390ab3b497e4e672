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

"""What holds for all suites."""

from collections.abc import Iterator

import hypothesis
import pytest

from tests import checked_schemas
from tests import fault_record
from tests import shared_statements

checked_schemas.share()
shared_statements.share()

# How fast an example runs is a matter of the machine, not of the code.
hypothesis.settings.register_profile(
    'hv_sched', deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile('hv_sched')


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """xdist sends what a test printed, and dies of half a surrogate pair."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    report.sections = [
        (name, text.encode(errors='backslashreplace').decode())
        for name, text in report.sections]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take what a test says of the faults it put in."""
    fault_record.collect(report)


def pytest_terminal_summary(
        terminalreporter: 'pytest.TerminalReporter') -> None:
    """Say what became of them."""
    line = fault_record.summary()
    if line:
        terminalreporter.write_line(line)
