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

"""The plug-ins reach Placement through nova-scheduler's own client.

Its deadlines and credentials are those of section [placement] of nova.conf.
"""

from typing import Any

from nova.scheduler.client import report

from hv_sched.placement import retry
from hv_sched.placement import transport
from hv_sched.placement.client import Placement

_WITH_BODY = ('POST', 'PUT')
_ATTEMPTS = 2
_SECONDS = 5.0


class NovaTransport:
    """Nova's SchedulerReportClient, looked up at each request.

    Nova makes it when it is first used, once a process; its tests replace
    the four methods on the class.
    """

    def send(self, method: str, url: str, body: Any = None,
             microversion: str = transport.MICROVERSION,
             seconds: float | None = None) -> transport.Response:
        """As Transport says."""
        send = getattr(report.report_client_singleton(), method.lower())
        payload = (body,) if method in _WITH_BODY else ()
        return transport.response_of(
            send(url, *payload, version=microversion))


def placement(attempts: int = _ATTEMPTS) -> Placement:
    """Placement for the plug-ins, which try a read for a short time only:
    whoever asked Nova for something waits.

    :param attempts: 1 where whoever reads has attempts of his own
    """
    return Placement(NovaTransport(), retry.Patience(attempts, _SECONDS))
