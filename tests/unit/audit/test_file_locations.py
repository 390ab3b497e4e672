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

"""Where a source says that servers' files are."""

import dataclasses
import datetime

from hv_sched import model
from hv_sched.audit import file_locations
from hv_sched.placement import ids

NOW = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)


def vm(uuid, *volumes):
    return model.Vm(uuid, None, tuple(
        model.VmDisk(volume, 1, 1) for volume in volumes))


SERVER = vm('s', 'v1')


def facts(collected_at=None, vms=(SERVER,)):
    return model.Facts((model.Cluster(
        'g', 'c', (), (), vms=vms, collected_at=collected_at),))


def test_a_server_with_all_files_on_one_volume():
    found = file_locations.volumes_of(
        facts(vms=(vm('s', 'v1', 'v1'), vm('t', 'v1', 'v2'), vm('u'))),
        NOW, 3600)
    assert found == {'s': ids.volume_uuid('g', 'v1')}
    assert file_locations.volumes_of(facts(vms=None), NOW, 3600) == {}


def test_facts_that_are_too_old_prove_nothing():
    old = facts(NOW - datetime.timedelta(seconds=3601))
    assert file_locations.volumes_of(old, NOW, 3600) == {}
    assert file_locations.volumes_of(old, NOW, 0) != {}


def test_facts_of_the_future_prove_nothing():
    ahead = facts(NOW + datetime.timedelta(seconds=301))
    assert file_locations.volumes_of(ahead, NOW, 3600) == {}
    assert file_locations.volumes_of(ahead, NOW, 0) == {}


def test_a_listing_that_is_older_than_its_cluster_proves_nothing():
    """As of one node whose task writes its file no more."""
    old = model.SectionReport(NOW - datetime.timedelta(seconds=3601))
    for listed in (
            {'nodes': (model.Node('hv1', sections={
                model.Section.FILES: old}),)},
            {'sections': {model.Section.GROUPS: old}}):
        cluster = dataclasses.replace(facts(NOW).clusters[0], **listed)
        assert file_locations.volumes_of(
            model.Facts((cluster,)), NOW, 3600) == {}
