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

"""One pass of the agent: sync the clusters, restore held shares.

The two do not wait for each other: a source that cannot be read stops no
restoring, and a Nova that is away stops no sync.
"""

from collections.abc import Callable
import logging

from oslo_config import cfg

from hv_sched import exception
from hv_sched import sources
from hv_sched.osc import exit_codes
from hv_sched.providers import reconcile
from hv_sched.providers import settings
from hv_sched.providers.client import Placement
from hv_sched.providers.findings import Finding
from hv_sched.shares import restore
from hv_sched.shares.servers import Servers

LOG = logging.getLogger(__name__)


class Agent:
    """:param conf: options of hv_sched
    """

    def __init__(self, conf: cfg.ConfigOpts, placement: Placement,
                 servers: Servers) -> None:
        self._conf = conf
        self._reconciler = reconcile.Reconciler(
            placement, settings.from_conf(conf))
        self._restorer = restore.Restorer(
            placement, servers, conf.hv_sched.workers,
            conf.hv_sched.held_settle_time)
        self._passes = 0

    def run(self) -> int:
        """A pass; returns an exit code of hv_sched.osc.exit_codes.

        1 when either half failed, else the more serious of both.
        """
        full = self._passes % self._conf.hv_sched.full_read_every == 0
        self._passes += 1
        codes = [self._attempt('sync', lambda: self._sync(full)),
                 self._attempt('restoring held shares', self._restore)]
        if exit_codes.ERROR in codes:
            return exit_codes.ERROR
        return max(codes, key=(0, 4, 3).index)

    def _attempt(self, what: str, half: Callable[[], int]) -> int:
        try:
            return half()
        except exception.HvSchedError as exc:
            LOG.error('This pass: %s failed: %s', what, exc)
            return exit_codes.ERROR

    def _sync(self, full: bool) -> int:
        options = self._conf.hv_sched
        if not options.source:
            LOG.info('[hv_sched]source is not set: nothing to sync')
            return exit_codes.OK
        result = self._reconciler.sync(
            sources.load(options.source, options.source_type), full)
        for change in result.done:
            LOG.info('Synced: %s', change)
        for cluster, failure in sorted(result.failures.items()):
            LOG.error('Cluster %s: %s', cluster or '(all)', failure)
        _log(result.plan.all_findings)
        return exit_codes.of(result.plan.all_findings,
                             failed=bool(result.failures))

    def _restore(self) -> int:
        result = self._restorer.restore()
        for one in result.done:
            LOG.info('%s %s GB of %s on volume %s', one.what.capitalize(),
                     one.gb, one.consumer, one.volume)
        _log(result.findings)
        return exit_codes.of(result.findings)


def _log(findings: tuple[Finding, ...] | list[Finding]) -> None:
    for finding in findings:
        LOG.warning('%s', finding)
