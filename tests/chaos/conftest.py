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

"""Counts what the commands made of their faults, at the end."""

import collections

# Kept from one module to the next; a worker's reports arrive here, too.
_outcomes: collections.Counter[str] = collections.Counter()


def pytest_runtest_logreport(report):
    if report.when == 'call':
        _outcomes.update(value for name, value in report.user_properties
                         if name == 'fault')


def pytest_terminal_summary(terminalreporter):
    if _outcomes:
        counts = ', '.join(f'{outcome}: {count}' for outcome, count
                           in _outcomes.most_common())
        terminalreporter.write_line(
            f'{sum(_outcomes.values())} faults put in; {counts}')
    _outcomes.clear()
