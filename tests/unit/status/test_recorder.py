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

"""What is reported by many threads is one status."""

import threading

import pytest

from hv_sched import exit_codes
from hv_sched import model
from hv_sched.notices import Kind
from hv_sched.notices import Notice
from hv_sched.providers import changes
from hv_sched.providers.plan import ClusterPlan
from hv_sched.providers.plan import Plan
from hv_sched.status import findings
from hv_sched.status import metrics
from hv_sched.status import verdict
from hv_sched.status.recorder import Recorder
from tests import status_clouds
from tests.status_recorder import parsed
from tests.status_recorder import value


@pytest.fixture
def recorder():
    return Recorder(60, clock=lambda: status_clouds.NOW)


def samples(recorder):
    return parsed(metrics.rendered(recorder, '1').decode())


def notice(code='facts-stale', kind=Kind.FROZEN):
    return Notice('hvc1', 'hvc1', kind, 'they are old', code)


def plan(*uuids):
    return Plan(clusters=(ClusterPlan('hvc1', tuple(
        changes.CreateProvider(changes.Step.CREATE, uuid, uuid)
        for uuid in uuids)),))


@pytest.mark.parametrize('code, result', [
    (exit_codes.OK, 'ok'), (exit_codes.PARTIAL, 'partial'),
    (exit_codes.ADOPT, 'adopt'), (exit_codes.ERROR, 'error')])
def test_a_pass_is_counted_by_its_result(recorder, code, result):
    recorder.started('Sync')
    recorder.passed('Sync', code, 1.5, 'why')
    part, = recorder.status().parts
    assert (part.passes, part.result) == ({result: 1}, result)
    assert (part.last_success is None) == (result == 'error')


def test_a_pass_that_runs_is_seen_to(recorder):
    recorder.started('Sync')
    part, = recorder.status().parts
    assert part.running_since == status_clouds.NOW
    recorder.passed('Sync', 0, 1.0)
    assert recorder.status().parts[0].running_since is None


def test_a_part_that_is_gone_stays_gone(recorder):
    """Its last pass may end after its cluster left the source."""
    recorder.started('Sync of cluster hvc1')
    recorder.gone('Sync of cluster hvc1')
    recorder.passed('Sync of cluster hvc1', 0, 1.0)
    assert recorder.status().parts == ()


def test_findings_last_until_the_next_report(recorder):
    recorder.told('sync', findings.of_notices('sync', [notice()]), 'hvc1')
    recorder.told('sync', (), 'hvc2')
    assert len(recorder.status().findings) == 1
    recorder.told('sync', (), 'hvc1')
    assert recorder.status().findings == ()


def test_what_two_clusters_say_alike_is_said_once(recorder):
    for cluster in ('hvc1', 'hvc2'):
        recorder.told('sync', findings.of_notices('sync', [notice()]),
                      cluster)
    assert len(recorder.status().findings) == 1


def test_a_cluster_that_left_takes_its_findings_along(recorder):
    recorder.synced('hvc1', plan('a'), ())
    recorder.told('sync', findings.of_notices('sync', [notice()]), 'hvc1')
    recorder.described(model.Facts(()), ['hvc2'])
    assert recorder.status().findings == ()
    assert recorder.plan_sizes() == {}


def test_drift_is_what_of_the_plan_was_not_written(recorder):
    planned = plan('a', 'b')
    recorder.described(model.Facts(()), ['hvc1'])
    recorder.synced('hvc1', planned, planned.changes[:1])
    assert recorder.source().drift == {'b'}
    assert recorder.plan_sizes() == {'hvc1': 2}
    assert recorder.counters().writes == {'CreateProvider': 1}


def test_only_the_last_changes_are_kept(recorder):
    for number in range(1000):
        recorder.changed('sync', str(number))
    kept = [change.text for change in recorder.status().changes]
    assert kept[:2] == ['999', '998'] and len(kept) == 20


def test_notes_are_information_and_the_rest_warns(recorder):
    told = findings.of_notices('sync', [
        notice(kind=kind) for kind in Kind])
    assert [finding.severity.value for finding in told] == [
        'warning', 'warning', 'warning', 'warning', 'info']


def test_one_that_stands_by_is_neither_stalled_nor_drifting(recorder):
    recorder.leads()
    assert value(samples(recorder), 'hv_sched_leader') == 1
    for part in ('Sync', 'Status'):
        recorder.started(part)
        recorder.passed(part, exit_codes.ERROR, 1.0)
    recorder.synced('hvc1', plan('a'), ())
    recorder.told('sync', findings.of_notices('sync', [notice()]), 'hvc1')
    recorder.told('doctor', status_clouds.FINDINGS[:1])
    recorder.unread('Nova', 'away')
    recorder.unread('Placement', 'away, too')
    recorder.stands_by(['Status'])
    status = recorder.status()
    assert [part.name for part in status.parts] == ['Status']
    assert [finding.origin for finding in status.findings] == ['doctor']
    assert value(samples(recorder), 'hv_sched_leader') == 0
    assert list(status.unread) == ['Placement']
    assert recorder.source().facts is None


def test_without_a_source_nothing_of_it_is_said_any_more(recorder):
    for part in ('Sync', 'Audit'):
        recorder.started(part)
        recorder.passed(part, exit_codes.OK, 1.0)
    recorder.described(model.Facts(()), ['hvc1'])
    recorder.synced('hvc1', plan('a'), ())
    recorder.told('sync', findings.of_notices('sync', [notice()]), 'hvc1')
    recorder.told('audit', status_clouds.FINDINGS[1:2])
    recorder.undescribed(['Sync', 'Reading the source'])
    status = recorder.status()
    assert [part.name for part in status.parts] == ['Audit']
    assert [finding.origin for finding in status.findings] == ['audit']
    assert recorder.source().facts is None and recorder.plan_sizes() == {}


def test_reports_of_many_threads_are_all_counted(recorder):
    def report():
        for _ in range(200):
            recorder.started('Sync')
            recorder.passed('Sync', 0, 0.1)
            recorder.healed('missing')
            recorder.changed('sync', 'x')
            recorder.unread('Nova', '')
            verdict.judge(recorder.status(), status_clouds.NOW)

    threads = [threading.Thread(target=report) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder.counters().heals == {'missing': 1600}
    assert recorder.status().parts[0].passes == {'ok': 1600}
