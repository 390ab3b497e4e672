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


"""The pages of what upkeep and shares cost, and what breaks first."""

import json

import pytest

from doc import limits_page
from doc import plot
from doc import upkeep_page

JOINED = 'PUT /resource_providers/UUID/aggregates'


def figures(nodes, requests, **more):
    return {'requests': requests, 'writes': 3 * nodes, 'seconds': 1,
            'server seconds': nodes / 100, 'client seconds': nodes / 1000,
            'peak MiB': 100 + nodes // 100, 'MiB more': nodes // 100,
            'by request': {JOINED: nodes, 'GET /resource_providers': 3,
                           'PUT /traits/NAME': nodes},
            'seconds by request': {JOINED: nodes / 100},
            'longest answer': ['GET /resource_providers', nodes * 1000],
            'slowest request': ['GET /resource_providers', nodes / 1000],
            **more}


def run(nodes, **stories):
    return {'nodes': nodes, 'workers': 4, 'Placement workers': 1,
            'stories': stories}


@pytest.fixture
def record():
    return {'commit': 'abc', 'machine': 'M', 'date': '2026-01-01',
            'ms a name at 10,000': 156, 'runs': [
        run(1000, **{'first sync': figures(1000, 7000),
                     'idle pass': figures(1000, 10),
                     'fresh no-op': figures(1000, 70)}),
        run(100, **{'first sync': figures(100, 700),
                    'idle pass': figures(100, 10),
                    'fresh no-op': figures(100, 30)})],
        'before': {'commit': 'old', 'runs': [
            run(100, **{'first sync': figures(100, 1056)})]},
        'homes': {'commit': 'new', 'runs': [
            {**run(nodes, **{'first sync': figures(nodes, requests)}),
             'nodes per home trait': number}
            for nodes, number, requests in (
                (100, 7, 600), (1000, 7, 6000), (100, 1, 700))]},
        'workers': {'commit': 'abc', 'machine': 'M', 'date': '2026-01-01',
                    'runs': [
            {**run(1000, **{'first sync': figures(
                1000, 7000, seconds=seconds)}), 'workers': threads}
            for threads, seconds in ((1, 20), (16, 10))]}}


@pytest.mark.parametrize(('nodes', 'least'), [
    (16, 96), (100, 612), (1000, 6008)])
def test_the_floor_counts_the_volumes_of_a_cluster_that_is_not_full(
        nodes, least):
    assert upkeep_page.floor(nodes) == least


def test_ratios_come_first_before_beside_now(record):
    text = '\n'.join(upkeep_page._first_syncs(record))
    before, now = text.index('before (old)'), text.index('- now')
    assert before < now
    assert f'- {1056 / 612:.2f}\n     - 10.56' in text
    assert f'- {700 / 612:.2f}\n     - 7.00' in text


def test_both_forms_of_homes_stand_side_by_side(record):
    rows = '\n'.join(upkeep_page._forms(record))
    assert rows.index('- 100\n     - 1\n') < rows.index(
        '- 100\n     - 7\n') < rows.index('- 1,000\n     - 7\n')
    assert f'- {600 / 612:.2f}\n     - 6.00' in rows


def test_workers_are_compared_with_one(record):
    rows = '\n'.join(upkeep_page._faster(record['workers']))
    assert 'A first sync of 1,000 nodes' in rows
    # Of 10 and 1 seconds of servers and client.
    assert '- 20\n     - 1.00\n     - 0.55' in rows
    assert '- 10\n     - 2.00\n     - 1.10' in rows


def test_runs_are_in_the_order_of_their_size(record):
    assert [one['nodes'] for one in upkeep_page.runs_of(
        record, 'idle pass')] == [100, 1000]


def test_a_figure_goes_on_along_the_line_of_the_two_largest(record):
    record['runs'].append(run(10, **{'idle pass': figures(10, 999)}))
    value, arithmetic = limits_page.continued(
        record, 'idle pass', 'server seconds')
    assert value == pytest.approx(1000)
    assert arithmetic == '1 at 100, 10 at 1,000 nodes: 10 for 1,000 more'


def test_what_falls_is_not_taken_to_fall_for_ever(record):
    for one, seconds in zip(record['runs'], (1, 5), strict=True):
        one['stories']['idle pass']['server seconds'] = seconds
    assert limits_page.continued(
        record, 'idle pass', 'server seconds')[0] == 1


def test_what_a_node_costs_grows_with_the_names_there_are(record):
    record['runs'][0]['stories']['first sync']['server seconds'] = 19
    value, _arithmetic = limits_page.continued(
        record, 'first sync', 'server seconds', is_each=True)
    assert value == pytest.approx(19 + 0.01 * (100_000 - 1000))


def test_the_worst_comes_first(record):
    shares = [limit.share for limit in limits_page.limits(record)]
    assert shares == sorted(shares, reverse=True) and shares[0] > 1


def test_the_records_that_are_kept_say_what_they_measured():
    for path in (upkeep_page.RECORD, upkeep_page.SHARES):
        kept = json.loads(path.read_text())
        assert kept['runs'] and {'commit', 'machine', 'date'} <= kept.keys()
        # Of hv_sched as it was committed, not of what nobody can look up.
        assert not kept['commit'].endswith('+')


def test_a_first_sync_of_the_record_is_near_its_floor():
    kept = json.loads(upkeep_page.RECORD.read_text())
    for one in upkeep_page.runs_of(kept, upkeep_page.FIRST):
        requests = one['stories'][upkeep_page.FIRST]['requests']
        assert requests <= 1.4 * upkeep_page.floor(one['nodes'])


def test_an_idle_pass_of_the_record_has_as_many_requests_at_any_size():
    kept = json.loads(upkeep_page.RECORD.read_text())
    counts = {one['stories']['idle pass']['requests']
              for one in upkeep_page.runs_of(kept, 'idle pass')}
    assert len(counts) == 1 and counts.pop() <= 40


def test_a_plot_has_each_series_and_each_of_its_points():
    drawn = plot.lines('nodes', 'requests', {
        'a & b': [(100, 10), (1000, 0)], 'c': [(100, 5)]})
    assert drawn.startswith('.. raw:: html\n\n   <svg')
    assert drawn.count('<circle') == 3 and drawn.count('<polyline') == 2
    assert 'a &amp; b' in drawn and '>1,000</text>' in drawn


def test_a_plot_of_one_value_has_axes():
    assert plot.lines('x', 'y', {'a': [(10, 10)]}).count('<circle') == 1
