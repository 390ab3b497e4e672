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

"""Audit, heal and restore on a running Nova, as the agent does."""

import contextlib
import datetime
import json
import time

from nova import context as nova_context
from nova import objects
from nova.db.main import api as main_db
from nova.db.main import models
from oslo_db import exception as db_exc
from oslo_utils import timeutils

from hv_sched.audit import auditor
from hv_sched.audit import heal
from hv_sched.audit.findings import Code
from tests.nova import agent
from tests.nova import moving

ALL = frozenset(Code)
# What restoring puts right by itself.
RESTORED = (Code.HELD, Code.EVACUATED)
PATIENCE = 120  # looks, half a second apart: audits in between take long
BATCH = 10  # servers that Nova's harness creates at once with ease


class AuditCase(moving.MovingCase):
    """A cluster that is audited and healed as the agent does."""

    def setUp(self):
        super().setUp()
        self.own = agent.placement_of(self.placement)
        self.nova = agent.nova_of(self.api)

    def _wait_for_state_change(self, server, expected_status,
                               max_retries=PATIENCE, **kwargs):
        return super()._wait_for_state_change(
            server, expected_status, max_retries=max_retries, **kwargs)

    def audit(self, **options):
        self.settle()
        return list(auditor.Auditor(self.own, self.nova, auditor.AuditOptions(
            **{'workers': 1, 'settle_seconds': 0, **options})).audit())

    def findings(self, **options):
        return [(finding.code, finding.consumer)
                for report in self.audit(**options)
                for finding in report.findings]

    def heal(self, codes=ALL, **options):
        healer = heal.Healer(self.own, self.nova, heal.HealOptions(
            frozenset(codes), workers=1, settle_seconds=0))
        results = [healer.heal(report) for report in self.audit(**options)]
        return [finding for result in results for finding in result.done]

    def restore(self):
        self.settle()
        return agent.restorer(self.placement, self.api).restore()

    def answers(self, consumers):
        """What Placement says of consumers and the volumes, as it says it.

        Without the generations, which count the writes.
        """
        bodies = [self.placement.get(f'/allocations/{uuid}',
                                     version='1.39').body
                  for uuid in consumers]
        bodies += [self.placement.get(f'/resource_providers/{uuid}/{what}',
                                      version='1.39').body
                   for uuid in self.volumes.values()
                   for what in ('allocations', 'usages')]
        return json.dumps(without_generations(bodies), sort_keys=True)

    def settle(self):
        """Wait until the newest move is so old that the audit judges it.

        Nova stamps moves in whole seconds and tells its clock in whole
        seconds, so that both together may be two seconds behind.
        """
        old = self.newest_move() + datetime.timedelta(seconds=2)
        while timeutils.utcnow() < old:
            time.sleep(0.05)

    def newest_move(self):
        """When a migration was last written, in whole seconds of UTC."""
        context = nova_context.get_admin_context()
        stamps = [datetime.datetime.min]
        for cell in objects.CellMappingList.get_all(context):
            # Of a cell that is down nothing is judged.
            with (contextlib.suppress(db_exc.DBError),
                  nova_context.target_cell(context, cell) as target):
                stamps += stamps_of_moves(target)
        return max(stamps)

    def fail_over(self, server, host):
        """What compute-hyperv writes when the cluster moved a server."""
        context = nova_context.get_admin_context()
        mapping = objects.InstanceMapping.get_by_instance_uuid(
            context, server['id'])
        with nova_context.target_cell(context, mapping.cell_mapping) as cell:
            instance = objects.Instance.get_by_uuid(cell, server['id'])
            instance.host = instance.node = host
            # Newer Novas insist; compute-hyperv runs with older ones.
            instance.compute_id = objects.ComputeNode.get_by_host_and_nodename(
                cell, host, host).id
            instance.save()


@main_db.pick_context_manager_reader
def stamps_of_moves(context):
    """When each migration of a cell was last written, deleted ones, too."""
    rows = context.session.query(
        models.Migration.created_at, models.Migration.updated_at).all()
    return [updated or created for created, updated in rows]


def without_generations(value):
    if isinstance(value, dict):
        return {key: without_generations(item)
                for key, item in value.items() if 'generation' not in key}
    if isinstance(value, list):
        return [without_generations(item) for item in value]
    return value
