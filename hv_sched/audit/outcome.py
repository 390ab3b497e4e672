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


"""What a server and its migrations hold once findings are healed. Pure."""

from collections.abc import Collection

from hv_sched.audit import judge
from hv_sched.audit.context import AuditContext
from hv_sched.audit.findings import Code
from hv_sched.audit.held import Held
from hv_sched.compute.servers import Server


def healed(server: Server, held: Held, context: AuditContext,
           codes: Collection[Code]) -> Held:
    """What a server holds once its findings of these codes are healed."""
    for _step in Code:
        after = next((finding.after for finding in judge.judge(
            server, held, context) if finding.code in codes
            and finding.consumer == server.uuid
            and finding.after is not None), None)
        if after is None or after == held:
            break
        held = after
    return held


def healed_migrations(server: Server, held: Held, context: AuditContext,
                      codes: Collection[Code]) -> dict[str, Held]:
    """What its open migrations hold then, as far as that is another thing.

    :param held: what the server holds once it is healed itself
    """
    return {finding.consumer: finding.after
            for finding in judge.judge(server, held, context)
            if finding.code in codes and finding.server
            and finding.after is not None}
