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

"""A server costs an audit and a heal the same, however many there are.

Steps of the interpreter in hv_sched are counted and not seconds, so the test
says the same on any machine. A loop over all nodes in one call counts, too.
"""

import functools
import os
import sys

from benchmarks import audit as auditing
from benchmarks import shares
import hv_sched
from hv_sched.audit import auditor
from hv_sched.audit import clusters as clusters_of
from hv_sched.audit import heal
from hv_sched.audit import owners
from hv_sched.audit import rewriter
from hv_sched.audit.findings import Code
from hv_sched.compute import nova as nova_servers
from hv_sched.compute.servers import Migration
from hv_sched.placement.interruption import Interruption
from hv_sched.placement.observed import Listed

SERVERS = 32  # a cluster's, on 16 nodes
WRONG = 4  # one server in so many
OURS = os.path.dirname(hv_sched.__file__) + os.sep


def steps_of(work):
    """How many steps of hv_sched's own code it takes."""
    steps = 0

    def step(_frame, event, _argument):
        nonlocal steps
        steps += event == 'opcode'
        return step

    def enter(frame, _event, _argument):
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return step

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


class AdoptedCloud:
    """Placement's clusters after adopt, in memory."""

    def __init__(self, nova):
        self.interruption = Interruption()
        self.providers = {provider.uuid: provider
                          for provider in shares.published(nova)}
        self.consumers = {}
        self.on = {uuid: {} for uuid in self.providers}
        self.write_consumers(
            auditing.share(nova, number // nova.per_cluster, number)
            for number in range(nova.size))

    def write_consumers(self, consumers):
        for consumer in consumers:
            self.consumers[consumer.uuid] = consumer
            for provider, resources in consumer.held.items():
                self.on[provider][consumer.uuid] = resources

    def consumer(self, uuid):
        return self.consumers.get(uuid)

    def allocations_on(self, uuid):
        return self.on[uuid]

    def all_traits(self, associated):
        assert associated
        return frozenset().union(*(
            provider.traits for provider in self.providers.values()))

    def list_providers(self, required=None, member_of=None):
        return [Listed(uuid, provider.name, 1, None)
                for uuid, provider in self.providers.items()
                if required in (None, *provider.traits)
                and member_of in (None, *provider.aggregates)]

    def usages(self, uuid):
        return 1, {}

    def traits(self, uuid):
        return 1, self.providers[uuid].traits

    def inventories(self, uuid):
        return 1, dict(self.providers[uuid].inventories)


def healing(clusters):
    """An audit with heal, as the agent does them, of so many clusters."""
    nova = auditing.Nova(clusters * SERVERS, SERVERS)
    nova.wrong = WRONG
    placement = AdoptedCloud(nova)
    records = nova_servers.NovaServers(nova)
    runs_on = {auditing.server_uuid(number): owners.Owner(
        f'hv{nova.node_of(number)}') for number in range(nova.size)}
    audit = auditor.Auditor(placement, records, auditor.AuditOptions(
        1, owners=runs_on, needs_owner=True))
    healer = heal.Healer(placement, records, heal.HealOptions(
        frozenset(Code), workers=1, settle_seconds=0))

    def work():
        healed = 0
        for report in audit.audit():
            result = healer.heal(report)
            assert result.failure is None and not result.remaining
            healed += len(result.done)
        assert healed == nova.size // WRONG
    return work


def test_four_times_the_clusters_are_four_times_the_work():
    few, many = (steps_of(healing(clusters)) for clusters in (10, 40))
    assert many < 4.1 * few, (few, many)


class Moving:
    """A Nova in which so many servers move."""

    def __init__(self, count):
        self._moves = {f'm{number}': Migration(
            f'm{number}', f's{number}', 'running')
            for number in range(count)}

    def open_migrations(self):
        return self._moves

    def waiting_evacuations(self):
        return {}


def steps_of_asking(moving):
    """For the migrations of one server."""
    watched = rewriter.WatchedServers(Moving(moving), {})
    watched.open_migrations()
    asked = []
    steps = steps_of(lambda: asked.extend(watched.open_of('s3')))
    assert [migration.uuid for migration in asked] == ['m3']
    return steps


def test_what_moves_elsewhere_costs_a_server_nothing():
    assert steps_of_asking(1000) == steps_of_asking(10)


def test_clusters_are_told_apart_in_proportion_to_their_number():
    few, many = (steps_of(functools.partial(
        clusters_of.read,
        AdoptedCloud(auditing.Nova(clusters * SERVERS, SERVERS)), 1))
        for clusters in (10, 40))
    assert many < 4.1 * few, (few, many)
