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

"""What an audit cannot check is logged when it begins and when it ends."""

import types

from hv_sched import exception
from hv_sched import sources
from hv_sched.agent import audit_pass
from hv_sched.audit import auditor
from hv_sched.audit.context import AuditContext
from hv_sched.compute import instance_names
from hv_sched.placement import interruption

OPTIONS = types.SimpleNamespace(
    ignore_findings=[], heal_codes=[], workers=1, held_settle_time=0,
    owner_differs_after=300, source='clusters.yaml',
    cold_move_keeps_disk=False, stale_after=0)


class Auditor:
    """Of a cluster, in a cloud with a cell that is away."""

    doubt = 'the cell of host9 does not answer'
    unproven = 'Nova answers 403'

    def audit(self):
        context = AuditContext({'v1': 'csv:c1/V1'}, {})
        yield auditor.AuditReport(
            (), context, context, unknown=3, unproven=self.unproven)


def test_what_was_not_checked_is_not_repeated_in_every_pass(
        monkeypatch, caplog):
    caplog.set_level('INFO')

    def configured(options, max_age):
        raise exception.InvalidFacts('it is broken')

    audit = Auditor()
    monkeypatch.setattr(sources, 'configured', configured)
    monkeypatch.setattr(auditor, 'Auditor', lambda *arguments: audit)
    audits = audit_pass.Audits(
        OPTIONS, types.SimpleNamespace(
            interruption=interruption.Interruption()), None,
        lambda volume: False,
        instance_names.InstanceNames(None))
    assert [audits.run() for _pass in range(3)] == [False] * 3
    audit.doubt, audit.unproven = '', ''
    audits.run()
    assert [record.getMessage().replace('0 seconds', '')
            for record in caplog.records] == [
        'Audit: 3 consumers were not checked: Nova answers 403',
        'Audit: the cell of host9 does not answer; the servers there were '
        'not checked',
        'No longer (after ): Audit: 3 consumers were not checked: Nova '
        'answers 403',
        'No longer (after ): Audit: the cell of host9 does not answer; the '
        'servers there were not checked']
