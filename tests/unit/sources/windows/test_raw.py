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


"""Lines of the collector that no collector should print."""

import datetime
import json

import pytest

from hv_sched.sources.windows import raw

WRITTEN = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)


def lines(utc='2026-02-01T00:00:00Z', **section):
    return '\n'.join(map(json.dumps, (
        {'section': 'begin', 'rows': [{
            'format': '1', 'part': 'cluster', 'node': 'HV01', 'utc': utc}]},
        {'section': 'nodes', **section},
        {'section': 'end', 'part': 'cluster'})))


@pytest.mark.parametrize('utc', ['2026-02-01T00:00:00', '2026-02-01',
                                 'yesterday', ''])
def test_a_time_without_zone_is_none_and_the_file_says_how_old_it_is(utc):
    answer, = raw.dated(raw.answers(lines(utc, rows=[])), WRITTEN)
    assert answer.collected_at == WRITTEN


def test_rows_that_powershell_wrapped_many_times_are_the_rows():
    rows = [{'name': 'HV01'}]
    for _number in range(200):
        rows = {'value': rows, 'Count': 1}
    answer, = raw.answers(lines(rows=rows))
    assert answer.rows['nodes'] == ({'name': 'HV01'},)


@pytest.mark.parametrize('error,text', [
    ('denied', 'denied'), (5, '5'), ([[]], 'no reason given'),
    ([], 'no reason given'), ('', 'no reason given')])
def test_an_error_of_another_form_is_an_error(error, text):
    answer, = raw.answers(lines(error=error))
    assert answer.failures['nodes'].text == text
