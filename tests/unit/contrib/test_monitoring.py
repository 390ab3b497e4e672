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

"""Alerts and dashboard name metrics there are, and Prometheus takes them."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from hv_sched.status import metrics
from tests import status_clouds
from tests.repository import ROOT
from tests.status_recorder import FixedRecorder

RULES = ROOT / 'contrib/prometheus/hv_sched.rules.yml'
DASHBOARD = ROOT / 'contrib/grafana/hv_sched.json'
RUNBOOK = ROOT / 'doc/source/alerts.rst'
TIMED = ROOT / 'tests/unit/contrib/alerts.yml'
_METRIC = re.compile(r'\bhv_sched_\w+')


def metric_names():
    """All that a scrape may have, as queries name them."""
    return {f'{family.name}_total' if family.type == 'counter'
            else family.name for family in metrics.StatusCollector(
                FixedRecorder(status_clouds.status(16, 8)), '1').collect()}


def rules():
    groups = yaml.safe_load(RULES.read_text())['groups']
    return [rule for group in groups for rule in group['rules']]


def queries():
    """Each query of the dashboard, without Grafana's variables."""
    board = json.loads(DASHBOARD.read_text())
    texts = [target['expr'] for panel in board['panels']
             for target in panel['targets']]
    return [text.replace('$__rate_interval', '5m').replace('$cluster', '.*')
            .replace('$volume', '.*') for text in texts]


def variables():
    board = json.loads(DASHBOARD.read_text())
    return [variable['query'] for variable in board['templating']['list']]


@pytest.mark.parametrize('text', [
    *(rule['expr'] for rule in rules()), *queries(), *variables()])
def test_every_metric_it_names_exists(text):
    assert set(_METRIC.findall(text)) <= metric_names()


def test_no_metric_is_seen_by_nobody():
    """Neither in an alert nor on the dashboard: but for these."""
    texts = ' '.join([*(rule['expr'] for rule in rules()), *queries()])
    assert metric_names() - set(_METRIC.findall(texts)) == set()


def test_each_alert_has_a_section_of_the_runbook():
    text = RUNBOOK.read_text()
    sections = re.findall(r'^(HvSched\w+)\n~+$', text, re.MULTILINE)
    assert sections == [rule['alert'] for rule in rules()]
    paragraphs = re.split(r'^HvSched\w+\n~+\n', text, flags=re.MULTILINE)
    assert all(len(paragraph.split()) > 20 for paragraph in paragraphs[1:])


def test_each_alert_is_tested_in_time():
    tested = {test['alertname']
              for group in yaml.safe_load(TIMED.read_text())['tests']
              for test in group['alert_rule_test'] if 'exp_alerts' in test}
    assert tested == {rule['alert'] for rule in rules()}


def test_panels_do_not_overlap_and_have_titles_of_their_own():
    panels = json.loads(DASHBOARD.read_text())['panels']
    cells = [(x, y) for panel in panels for position in [panel['gridPos']]
             for x in range(position['x'], position['x'] + position['w'])
             for y in range(position['y'], position['y'] + position['h'])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _y in cells) < 24
    titles = [panel['title'] for panel in panels]
    assert len(titles) == len(set(titles))


def promtool(folder, *arguments):
    program = shutil.which('promtool')
    if program is None:
        pytest.skip('promtool is not installed (Debian: prometheus)')
    ran = subprocess.run(
        [program, *arguments], check=False, cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return ran.returncode, ran.stdout


def test_prometheus_takes_the_alerts(tmp_path):
    code, said = promtool(tmp_path, 'check', 'rules', str(RULES))
    assert code == 0, said
    assert f'{len(rules())} rules found' in said


def test_each_alert_fires_and_not_before_its_time(tmp_path):
    for path in (RULES, TIMED):
        shutil.copy(path, tmp_path)
    code, said = promtool(tmp_path, 'test', 'rules', TIMED.name)
    assert code == 0, said


def test_prometheus_takes_the_queries_of_the_dashboard(tmp_path):
    path = tmp_path / 'queries.yml'
    path.write_text(yaml.safe_dump({'groups': [{
        'name': 'dashboard', 'rules': [
            {'record': f'query_{number}', 'expr': query}
            for number, query in enumerate(queries())]}]}))
    code, said = promtool(tmp_path, 'check', 'rules', str(path))
    assert code == 0, said


def test_prometheus_finds_nothing_wrong_with_a_scrape(tmp_path):
    """Names, units and help texts, as its linter wants them."""
    program = shutil.which('promtool')
    if program is None:
        pytest.skip('promtool is not installed (Debian: prometheus)')
    ran = subprocess.run(
        [program, 'check', 'metrics'], check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, input=metrics.rendered(
            FixedRecorder(status_clouds.status(16, 8)), '1'))
    assert (ran.returncode, ran.stdout.decode()) == (0, '')
