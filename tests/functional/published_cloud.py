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

"""A published cluster with servers on its volume, audited and healed."""

import dataclasses

from hv_sched.audit import auditor
from hv_sched.audit import heal
from hv_sched.audit.findings import Code
from hv_sched.compute.servers import Needs
from hv_sched.compute.servers import Server
from hv_sched.placement import client
from hv_sched.placement.consumers import Consumer
from tests.functional import cloud as clouds
from tests.functional import nova_answers

VOLUME = clouds.VOLUME
NAME = 'csv:hvc1/Volume1'
COMPUTE = {'VCPU': 1, 'MEMORY_MB': 512}
ALL = frozenset(Code)


class PublishedCloud(clouds.Cloud):
    """A published cluster of two nodes with servers on its volume."""

    def __init__(self, placement, cluster=None, nodes=('hv01', 'hv02'),
                 disk_gb=500):
        super().__init__(placement)
        self.register(*nodes, disk_gb=disk_gb)
        self.sync(clouds.facts(cluster or clouds.cluster(len(nodes))))
        self.nova = nova_answers.Answers(self.nodes)
        self.slept = []

    def server(self, host='hv01', disk_gb=50, **fields):
        """A server as Nova made it, with its share."""
        return self.known(self.create(disk_gb, host), host, disk_gb,
                          **fields)

    def known(self, server, host, disk_gb, **fields):
        self.nova.servers[server] = Server(**{
            'uuid': server, 'vm_state': 'active', 'task_state': None,
            'node': host, 'project_id': 'p', 'user_id': 'u',
            'needs': Needs(disk_gb, COMPUTE), **fields})
        return server

    def held(self, consumer):
        found = self.api.consumer(consumer)
        return dict(found.held) if found else None

    def hold(self, consumer, held):
        """Write what a consumer holds, as anybody could."""
        now = self.api.consumer(consumer)
        self.api.write_consumers([
            Consumer(consumer, None, 'p', 'u', held) if now is None
            else dataclasses.replace(now, held=held)])

    def drop(self, server, provider=VOLUME):
        """What nova-manage placement audit --delete does."""
        self.hold(server, {p: r for p, r in self.held(server).items()
                           if p != provider})

    def audit(self, **options):
        one = auditor.Auditor(client.from_adapter(self.placement), self.nova,
                              auditor.AuditOptions(workers=1, **options))
        return list(one.audit())

    def findings(self, **options):
        return [finding for report in self.audit(**options)
                for finding in report.findings]

    def codes(self, **options):
        return [finding.code for finding in self.findings(**options)]

    def heal(self, codes=ALL, reports=None, named=(), **options):
        healer = heal.Healer(
            client.from_adapter(self.placement), self.nova, heal.HealOptions(
                frozenset(codes), frozenset(named), workers=1, **options),
            sleep=self.slept.append)
        return [healer.heal(report)
                for report in reports or self.audit()]
