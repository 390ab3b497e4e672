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

import dataclasses
import datetime

from hv_sched import model
from hv_sched.audit import owners

NOW = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)
BEFORE = NOW - datetime.timedelta(seconds=3601)


def facts(*vms, **fields):
    return model.Facts((model.Cluster('g', 'c', (), (), vms=vms, **fields),))


def owners_of(facts_, stale_after=3600):
    return owners.owners_of(facts_, NOW, stale_after)


def test_the_owner_of_each_server():
    vms = model.Vm('s', 'hv1'), model.Vm('t'), model.Vm(None, 'hv1')
    assert owners_of(facts(*vms)) == {'s': owners.Owner('hv1')}
    assert owners_of(facts(*vms, collected_at=NOW)) == {
        's': owners.Owner('hv1', NOW)}


def test_facts_that_are_too_old_tell_no_owner():
    vm = model.Vm('s', 'hv1')
    assert owners_of(facts(vm, collected_at=BEFORE)) == {}
    assert owners_of(facts(vm, collected_at=BEFORE), 0) != {}
    groups = {model.Section.GROUPS: model.SectionReport(BEFORE)}
    assert owners_of(facts(vm, collected_at=NOW, sections=groups)) == {}
    failed = {model.Section.GROUPS: model.SectionReport(NOW, 'denied')}
    assert owners_of(facts(vm, collected_at=NOW, sections=failed)) == {}


def test_facts_of_the_future_tell_no_owner():
    """They would be newer than what Nova wrote, and not old for long."""
    vm = model.Vm('s', 'hv1')
    near = NOW + datetime.timedelta(seconds=300)
    far = NOW + datetime.timedelta(seconds=301)
    assert owners_of(facts(vm, collected_at=near)) != {}
    assert owners_of(facts(vm, collected_at=far)) == {}
    assert owners_of(facts(vm, collected_at=far), 0) == {}
    groups = {model.Section.GROUPS: model.SectionReport(far)}
    assert owners_of(facts(vm, collected_at=NOW, sections=groups)) == {}


def test_a_server_that_two_clusters_run_has_no_owner():
    both = model.Facts(tuple(
        dataclasses.replace(facts(model.Vm('s', node)).clusters[0], name=name)
        for name, node in (('c', 'hv1'), ('d', 'hv9'))))
    assert owners_of(both) == {}
