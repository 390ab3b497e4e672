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

"""How a request reaches Placement and what comes back.

There are two ways: keystoneauth1 (``hv_sched.placement.keystone_transport``),
and in the plug-ins Nova's own client (``hv_sched.snapshot.nova_transport``).
Both send what they are given and judge nothing.
"""

from collections.abc import Mapping
import dataclasses
import datetime
import email.utils
import json
from typing import Any
from typing import Protocol

# The newest microversion of Placement 9 (2023.1) and of 16 (2026.2) alike.
MICROVERSION = '1.39'


@dataclasses.dataclass(frozen=True)
class Response:
    """An HTTP answer, read to its end.

    :param reason: the words behind the status
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    reason: str = ''

    @property
    def date(self) -> datetime.datetime | None:
        """When it was given, as the service says; None when it does not."""
        try:
            return email.utils.parsedate_to_datetime(
                self.headers.get('Date', ''))
        except (TypeError, ValueError):
            return None

    def json(self) -> Any:
        """The body.

        :raises ValueError: it is not JSON, or deeper than can be read
        """
        try:
            return json.loads(self.content)
        except RecursionError as exc:
            raise ValueError('too deep') from exc


def response_of(response: Any) -> Response:
    """:param response: of the requests library"""
    return Response(response.status_code, response.headers, response.content,
                    response.reason or '')


class Transport(Protocol):
    """One way to Placement."""

    def send(self, method: str, url: str, body: Any = None,
             microversion: str = MICROVERSION,
             seconds: float | None = None) -> Response:
        """Send one request.

        :param url: below Placement's endpoint, with its query
        :param body: to be sent as JSON; None for no body
        :param seconds: the answer must come within; None for the
            transport's own limit, which may be shorter
        :raises Exception: whatever the library below raises when no answer
            came; ``placement.errors`` has the meaning of each
        """
