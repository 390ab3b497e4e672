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

"""Servers claimed one after another, as Nova claims them, until none fits.

The query is the request filters'; which candidates pass is the rule of
SharedVolumeFilter; the claim is Nova's PUT of the candidate, which Placement
checks.
"""

import dataclasses
import uuid

from hv_sched.capacity import reading
from hv_sched.conf import nova_conf
from hv_sched.explain import question
from hv_sched.explain import question_builder
from hv_sched.placement.inventory import Inventory
from hv_sched.query import candidate_rules
from hv_sched.snapshot import placement_state
from tests.functional import cloud as clouds
from tests.functional import other_services

DISABLED = 'COMPUTE_STATUS_DISABLED'


class Cloud(clouds.Cloud):
    """A cloud whose inventories a test sets, with a Nova and a Glance."""

    def __init__(self, placement):
        super().__init__(placement)
        self.nova = other_services.Nova()
        self.glance = other_services.Glance()
        self.glance.image('plain', img_hv_type='hyperv')

    def node(self, name, vcpus=8, memory_mb=16384, ratio=1.0, disk_gb=500):
        """A compute node as nova-compute registers it."""
        self.nodes[name] = uid = clouds.node_uuid(name)
        self.api.create_provider(uid, name)
        generation = self.api.set_inventories(uid, 0, {
            'VCPU': Inventory(vcpus, max_unit=vcpus, allocation_ratio=ratio),
            'MEMORY_MB': Inventory(memory_mb, max_unit=memory_mb),
            'DISK_GB': Inventory(disk_gb, max_unit=disk_gb)})
        self.api.set_traits(uid, generation, frozenset(('COMPUTE_NODE',)))

    def inventory(self, provider, resource_class, **fields):
        """What an operator edits."""
        generation, now = self.api.inventories(provider)
        self.api.set_inventories(provider, generation, {
            **now, resource_class: dataclasses.replace(
                now[resource_class], **fields)})

    def publish(self, cluster):
        """A sync; each node reports the size of its home, as it is."""
        sizes = {volume.guid: volume.size_bytes // clouds.GIB
                 for volume in cluster.volumes}
        for node in cluster.nodes:
            gb = sizes[node.home or cluster.volumes[0].guid]
            self.inventory(self.nodes[node.name], 'DISK_GB', total=gb,
                           max_unit=gb)
        self.sync(clouds.facts(cluster))

    def add_trait(self, provider, *traits):
        for trait in traits:
            if trait.startswith('CUSTOM_'):
                self.api.ensure_trait(trait)
        generation, now = self.api.traits(provider)
        self.api.set_traits(provider, generation, now.union(traits))

    def query(self, **kind):
        """The query and its context."""
        return question_builder.QuestionBuilder(
            self.api, *other_services.clients(self.nova, self.glance),
            nova_conf.read_nova(())).ask(question.Question(**kind))

    def capacity(self, **kind):
        return reading.read(self.api, *self.query(**kind), 1)

    def fits(self, **kind):
        """How many fit now, and with a node lost, by name."""
        return {row.name: (row.now.servers, row.after_loss.servers)
                for row in self.capacity(**kind).rows}

    def candidates(self, **kind):
        """What is left of Placement's candidates."""
        built, context = self.query(**kind)
        return self._usable(built.request.url(), context.snapshot)

    def _usable(self, url, snapshot):
        answer = self.api.candidates_at(url)
        summaries = answer['provider_summaries']
        usable = []
        for candidate in answer['allocation_requests']:
            hosts = {summaries[provider]['root_provider_uuid']
                     for provider in candidate['allocations']
                     } & set(self.nodes.values())
            if hosts and all(candidate_rules.refusal(
                    host, candidate, snapshot) is None for host in hosts):
                usable.append(candidate)
        return usable

    def claim(self, candidate):
        server = str(uuid.uuid4())
        self.allocate(server, candidate['allocations'])
        return server

    def claim_all(self, choose, **kind):
        """The servers that are there once none fits any more.

        A claim changes nothing in the query. What is held bounds how much
        is used, so that the volumes are read again where there is any.
        """
        built, context = self.query(**kind)
        snapshot = context.snapshot
        servers = []
        while candidates := self._usable(built.request.url(), snapshot):
            servers.append(self.claim(choose(candidates)))
            if any(volume.held_gb for volume in snapshot.volumes.values()):
                snapshot = placement_state.snapshot(self.api)
        return servers
