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

"""Reads of one service's API, whose failures are errors with a type.

Readers of Nova and Glance differ in how often they ask again, and in what
they make of a refusal; what counts as out of reach, missing or refused is
said here once.
"""

from collections.abc import Callable
import dataclasses
from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions

from hv_sched import exception

_NOT_FOUND = 404


@dataclasses.dataclass(frozen=True)
class Reader:
    """:param adapter: a keystoneauth1 Adapter
    :param name: what people call the service
    :param unavailable: the error when asking again may help
    :param denied: the error when it does not
    :param detail: what is told of a refusal besides its status
    """

    adapter: Any
    name: str
    unavailable: type[exception.HvSchedError]
    denied: type[exception.HvSchedError]
    detail: Callable[[Any], str]

    def response(self, path: str, microversion: str | None) -> Any:
        """What the service answers, whatever that is.

        :raises unavailable, denied: it did not answer
        """
        try:
            return self.adapter.get(
                path, microversion=microversion, raise_exc=False)
        except ksa_exceptions.RetriableConnectionFailure as exc:
            raise self.unavailable(
                f'{self.name} cannot be reached: {exc}') from exc
        except ksa_exceptions.ClientException as exc:
            raise self.denied(f'{self.name}: {exc}') from exc

    def found(self, path: str, response: Any) -> bool:
        """Whether there is such a thing, which is not so for 404.

        :raises unavailable, denied: it did not answer what was asked
        """
        status = response.status_code
        if status >= 400 and status != _NOT_FOUND:
            told = f'{self.name} answered {status} to GET {path}'
            if status >= 500:
                raise self.unavailable(told)
            raise self.denied(f'{told}{self.detail(response)}')
        return bool(status != _NOT_FOUND)
