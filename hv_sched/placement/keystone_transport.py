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

"""Placement by keystoneauth1, for commands and the agent.

The token is asked for before Placement is: that Keystone gives none is said
of Keystone, and of a write it is then known that it does not stand.
"""

from typing import Any

from hv_sched import http_deadline
from hv_sched.placement import errors
from hv_sched.placement.transport import MICROVERSION
from hv_sched.placement.transport import Response
from hv_sched.placement.transport import response_of

DEFAULT_TIMEOUT = 60.0  # seconds
_CONNECT_SECONDS = 10.0
_SHORTEST_SECONDS = 0.1
_HTTP_UNAUTHORIZED = 401
# One call ends after this many time-outs, a token for it included.
_BUDGET_TIMEOUTS = 2


class KeystoneTransport:
    """By keystoneauth1.

    :param adapter: an Adapter for service type placement; the timeout of its
        session is that of requests to Keystone
    :param timeout: seconds to wait for an answer
    """

    def __init__(self, adapter: Any, timeout: float = DEFAULT_TIMEOUT
                 ) -> None:
        self._adapter = adapter
        self._timeout = timeout
        http_deadline.install(adapter.session.session)

    def send(self, method: str, url: str, body: Any = None,
             microversion: str = MICROVERSION,
             seconds: float | None = None) -> Response:
        """As Transport says.

        :raises PlacementError: Keystone gives no token
        """
        budget = self._timeout * _BUDGET_TIMEOUTS
        if seconds is not None:
            budget = max(_SHORTEST_SECONDS, min(seconds, budget))
        with http_deadline.within(budget):
            return self._send(method, url, body, microversion,
                              min(budget, self._timeout))

    def _send(self, method: str, url: str, body: Any, microversion: str,
              limit: float) -> Response:
        """:param limit: seconds for the answer"""
        arguments: dict[str, Any] = {
            'headers': {'OpenStack-API-Version': f'placement {microversion}',
                        'Accept': 'application/json'},
            'timeout': (min(limit, _CONNECT_SECONDS), limit),
            'raise_exc': False, 'allow_reauth': False}
        if body is not None:
            arguments['json'] = body
        self._authenticate()
        response = self._adapter.request(url, method, **arguments)
        # A token that ran out, or was revoked: Placement did nothing yet.
        if (response.status_code == _HTTP_UNAUTHORIZED
                and self._adapter.invalidate()):
            self._authenticate()
            response = self._adapter.request(url, method, **arguments)
        return response_of(response)

    def _authenticate(self) -> None:
        """Have a token; keystoneauth1 keeps it while it is good."""
        adapter = self._adapter
        try:
            adapter.session.get_auth_headers(adapter.auth)
        except Exception as exc:
            raise errors.of_keystone(exc) from exc
