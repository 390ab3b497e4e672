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

"""What doctor and explain ask does not grow with the number of hosts."""

import time

import pytest

from hv_sched.conf import nova_conf
from hv_sched.doctor import checks
from hv_sched.doctor import gather
from hv_sched.doctor import runner
from hv_sched.explain import explanation
from hv_sched.explain import question
from hv_sched.explain import question_builder
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import other_services

NODES = 6


class Cloud(clouds.Cloud):
    def __init__(self, placement):
        super().__init__(placement)
        names = [f'hv{n:02d}' for n in range(1, NODES + 1)]
        self.register(*names)
        self.sync(clouds.facts(clouds.cluster(
            volumes=(clouds.volume(1), clouds.volume(2)),
            nodes=tuple(clouds.node(n + 1, n % 2 + 1)
                        for n in range(NODES)))))
        self.nova = other_services.Nova()
        self.glance = other_services.Glance()
        self.nova.flavor('small')
        self.nova.flavor('huge', disk=501, vcpus=3, ram=999999)
        self.clients = other_services.clients(self.nova, self.glance)

    def counted(self, call):
        before = len(self.placement.service.log)
        found = call()
        return found, len(self.placement.service.log) - before

    def explain(self, flavor):
        built, context = question_builder.QuestionBuilder(
            self.api, *self.clients, nova_conf.defaults()
        ).ask(question.Question(flavor))
        return explanation.explain(self.api, built, context)

    def examine(self):
        return runner.run(checks.CHECKS, gather.Gatherer(
            gather.Clients(self.api, *self.clients), self.reconciler()
        ).gather(gather.DoctorInputs()))[0]

    def requests(self):
        """How many each of the questions costs."""
        return [self.counted(call)[1] for call in (
            lambda: self.explain('small'), lambda: self.explain('huge'),
            self.examine)]


@pytest.mark.parametrize('hosts', [
    25, pytest.param(5000, marks=pytest.mark.long)])
def test_requests_are_bounded(placement, hosts):
    cloud = Cloud(placement)
    with other_services.running(cloud.nova, cloud.glance):
        few = cloud.requests()
        cloud.register('kvm0000')
        base.application().multiply('kvm0000', (
            f'kvm{n:04d}' for n in range(1, hosts - NODES)))
        started = time.monotonic()
        assert cloud.requests() == few
        seconds = time.monotonic() - started
        found = cloud.explain('small')
        assert len(found.hosts) == found.nodes == hosts
        told = cloud.explain('huge')
        assert [one.text for one in told.emptied_by] == [
            '999999 MEMORY_MB'], 'a KVM host has no 501 GB either'
    print(f'{hosts} hosts: {few} requests, {seconds:.1f} s')
    assert max(few) <= 60
