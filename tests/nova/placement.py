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

"""Placement of the harness with a record of what Nova asked of it, and faults
to order.
"""

from collections.abc import Callable
import dataclasses
import re
import traceback
from typing import Any

import fixtures
from nova.scheduler.client import report
import requests

Hook = Callable[[], Any]


def answer(status: int, text: str = '{"errors": []}') -> Hook:
    """A fault: this HTTP status comes back and Placement never sees it."""
    def respond() -> requests.Response:
        response = requests.Response()
        response.status_code = status
        response._content = text.encode()
        response.headers['content-type'] = 'application/json'
        return response
    return respond


def error(exc: Exception) -> Hook:
    """A fault: no answer comes, the client raises exc."""
    def fail() -> None:
        raise exc
    return fail


def only_ours(hook: Hook) -> Hook:
    """A fault of what hv_sched asks; Nova asks the same in its own words."""
    def respond() -> Any:
        is_ours = any('/hv_sched/' in frame.filename
                      for frame in traceback.extract_stack())
        return hook() if is_ours else None
    return respond


@dataclasses.dataclass
class Fault:
    """What happens to requests of Nova that match.

    :param hook: called before the request; what it returns, if anything, is
        the answer and the request is not sent
    :param times: for how many requests, None for all
    """

    method: str
    pattern: str
    hook: Hook
    times: int | None = None
    hits: int = 0

    def matches(self, method: str, url: str) -> bool:
        return (self.method in ('*', method)
                and (self.times is None or self.hits < self.times)
                and re.search(self.pattern, url) is not None)


class Observer(fixtures.Fixture):
    """Stands between Nova's report client and Placement.

    The test's own requests pass elsewhere: never recorded, never faulty.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[tuple[str, str]] = []
        self.faults: list[Fault] = []

    def _setUp(self) -> None:
        client = report.SchedulerReportClient
        for method in ('get', 'post', 'put', 'delete'):
            self.useFixture(fixtures.MonkeyPatch(
                f'nova.scheduler.client.report.SchedulerReportClient.{method}',
                self._observe(method.upper(), getattr(client, method))))

    def _observe(self, method: str, send: Callable[..., Any],
                 ) -> Callable[..., Any]:
        def request(client: Any, url: str, *args: Any, **kwargs: Any) -> Any:
            self.requests.append((method, url))
            for fault in self.faults:
                if fault.matches(method, url):
                    fault.hits += 1
                    response = fault.hook()
                    if response is not None:
                        return response
            return send(client, url, *args, **kwargs)
        return request
