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

"""One request to Placement, and the answer it must get.

What comes back is of the status and form that the call names, or one of our
exceptions is raised: an answer is what it says, or it is no answer.
"""

import dataclasses
import datetime
import time
from typing import Any

from hv_sched.placement import bodies
from hv_sched.placement import errors
from hv_sched.placement import interruption
from hv_sched.placement import retry
from hv_sched.placement.transport import MICROVERSION
from hv_sched.placement.transport import Response
from hv_sched.placement.transport import Transport

_OK = 200


@dataclasses.dataclass(frozen=True)
class Call:
    """A request.

    :param doing: what it does, for messages
    :param form: of the body it must be answered with, see ``bodies``; None
        for none
    :param statuses: those it may be answered with when it was done
    :param subject: the uuid or name it is about; a 404 must name it
    :param body: to be sent as JSON; None for no body
    """

    method: str
    url: str
    doing: str
    form: bodies.Form = None
    statuses: tuple[int, ...] = (_OK,)
    subject: str | None = None
    body: Any = None
    microversion: str = MICROVERSION

    @property
    def is_write(self) -> bool:
        return self.method != 'GET'


class Caller:
    """Makes calls by a transport.

    :param patience: how long reads are repeated
    """

    def __init__(self, transport: Transport, patience: retry.Patience
                 ) -> None:
        self._transport = transport
        self._patience = patience
        self.interruption = interruption.Interruption()
        # By the Date of the last answer; None where none told it.
        self.server_time: datetime.datetime | None = None

    def read(self, call: Call) -> Any:
        """The body of the answer; repeated while there is none.

        :raises PlacementError:
        """
        end = time.monotonic() + self._patience.seconds
        return retry.reads(self._patience)(
            lambda: self._send(call, end - time.monotonic()))

    def write(self, call: Call) -> Any:
        """The body of the answer; sent once.

        :raises PlacementUnavailable: it is not known whether it stands
        :raises PlacementError: it does not
        """
        return self._send(call)

    def _send(self, call: Call, seconds: float | None = None) -> Any:
        self.interruption.check()
        try:
            response = self._transport.send(
                call.method, call.url, call.body, call.microversion, seconds)
        except Exception as exc:
            raise errors.of_exception(exc, call.doing, call.is_write
                                      ) from exc
        self.server_time = response.date or self.server_time
        if response.status >= 400:
            raise errors.of_response(response, call.doing, call.subject)
        body, fault = _body(response, call)
        if fault:
            raise errors.not_an_answer(response, call.doing, fault,
                                       call.is_write)
        return body


def _body(response: Response, call: Call) -> tuple[Any, str]:
    """The body, and what is wrong with the answer."""
    if response.status not in call.statuses:
        return None, 'the status'
    if call.form is None:
        return None, ''
    try:
        body = response.json()
    except ValueError:
        return None, 'it is not JSON'
    return body, bodies.fault(body, call.form)
