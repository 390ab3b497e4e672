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

"""What a scrape is answered: parsed by Prometheus' own parser."""

import dataclasses

import pytest

from hv_sched.status import metrics
from hv_sched.status import recorder
from tests import status_clouds
from tests.status_recorder import FixedRecorder
from tests.status_recorder import parsed
from tests.status_recorder import value

GIB = 1024 ** 3


def scraped(recorded):
    return parsed(metrics.rendered(recorded, '1.2.3').decode())


@pytest.fixture
def samples():
    return scraped(FixedRecorder(status_clouds.status(16, 8)))


@pytest.mark.parametrize('kind, gb', [
    ('total', 2000), ('reserved', 180), ('capacity', 1820),
    ('allocated', 300), ('held', 260), ('free', 1260), ('physical', 2000),
    ('physical_free', 1660), ('floor', 100)])
def test_space_by_kind_in_bytes(samples, kind, gb):
    assert value(samples, 'hv_sched_volume_bytes', cluster='hvc1',
                 volume='Volume2', kind=kind) == gb * GIB


def test_what_nobody_told_has_no_sample(samples):
    with pytest.raises(KeyError):
        value(samples, 'hv_sched_volume_bytes', cluster='hvc1',
              volume='Volume7', kind='physical_free')


def test_states_reasons_and_reach(samples):
    volume = {'cluster': 'hvc1', 'volume': 'Volume3'}
    assert value(samples, 'hv_sched_volume_state', state='closed',
                 **volume) == 1
    assert value(samples, 'hv_sched_volume_closed', reason='floor',
                 **volume) == 1
    assert value(samples, 'hv_sched_volume_drift', cluster='hvc1',
                 volume='Volume6') == 1
    assert value(samples, 'hv_sched_volume_cut_off_nodes', cluster='hvc1',
                 volume='Volume6') == 3
    assert value(samples, 'hv_sched_nodes', cluster='hvc1',
                 state='paused') == 1
    assert value(samples, 'hv_sched_nodes', cluster='hvc1',
                 state='down') == 1


def test_findings_by_code(samples):
    assert value(samples, 'hv_sched_findings', origin='doctor',
                 severity='error', code='volume-wiped') == 1


def test_failed_sections(samples):
    assert value(samples, 'hv_sched_section_errors', cluster='hvc1',
                 section='guarded') == 1


def test_parts_of_the_agent(samples):
    assert value(samples, 'hv_sched_passes_total', part='Sync',
                 result='ok') == 1440
    assert value(samples, 'hv_sched_pass_seconds', part='Sync') == 1.5
    assert value(samples, 'hv_sched_last_success_timestamp_seconds',
                 part='Sync') == status_clouds.before(12).timestamp()


@pytest.mark.parametrize('name', [
    'a"b', 'a\\b', 'a\nb', '{x="y"} 1', '\u202e', '\ud800', '', '\x00'])
def test_a_name_is_a_label_and_nothing_else(name):
    status = status_clouds.status(1, 1)
    cluster = status.clusters[0]
    samples = scraped(FixedRecorder(dataclasses.replace(status, clusters=(
        dataclasses.replace(cluster, volumes=(dataclasses.replace(
            cluster.volumes[0], name=name),)),))))
    values = [number for key, number in samples.items()
              if key[0] == 'hv_sched_volume_bytes'
              and ('kind', 'total') in key]
    assert values == [2000 * GIB]


def test_no_label_is_a_text_that_may_hold_a_secret():
    """Nor one of which there is no end: evidence, errors, servers."""
    secret = 'rabbit://nova:secret@controller'
    status = status_clouds.status(2, 2)
    finding = dataclasses.replace(
        status.findings[0], subject=secret, evidence=secret, remedy=secret)
    cluster = dataclasses.replace(status.clusters[0], sections=tuple(
        dataclasses.replace(section, error=secret)
        for section in status.clusters[0].sections))
    text = metrics.rendered(FixedRecorder(dataclasses.replace(
        status, findings=(finding,) * 9999, clusters=(cluster,),
        unread={secret: secret}, parts=tuple(
            dataclasses.replace(part, error=secret)
            for part in status.parts), changes=(dataclasses.replace(
                status.changes[0], text=secret),))), '1')
    assert b'secret' not in text
    assert len(text.splitlines()) < 150


def test_without_data_there_is_still_a_scrape():
    samples = scraped(recorder.Recorder(60))
    assert value(samples, 'hv_sched_info', version='1.2.3') == 1
    assert value(samples, 'hv_sched_interval_seconds') == 60
    assert value(samples, 'hv_sched_conflicts_total') == 0
    with pytest.raises(KeyError):
        value(samples, 'hv_sched_timestamp_seconds', of='placement')
