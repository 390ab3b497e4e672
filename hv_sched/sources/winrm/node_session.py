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

"""What a session of requests may do when it speaks to a node.

Left alone it sends passwords of ~/.netrc by Basic, follows a redirection to
another host and to plain HTTP, reads whatever is sent, and waits for as long
as a byte comes now and then.
"""

from typing import Any

import requests
from requests import adapters

from hv_sched import http_deadline

_CHUNK_BYTES = 64 * 1024


class TooLarge(Exception):
    """The answers of a session are larger than any that is sound."""


def restrict(session: requests.Session, max_bytes: int) -> None:
    """To HTTPS with one host, and to answers that end.

    :param max_bytes: of all its answers together
    """
    session.trust_env = False
    http_deadline.install(session)
    https = session.adapters['https://']
    session.adapters.clear()
    session.mount('https://', _Adapter(https, max_bytes))


class _Adapter(adapters.BaseAdapter):
    """Sends by another adapter.

    :param max_bytes: of all bodies it may read
    """

    def __init__(self, inner: Any, max_bytes: int) -> None:
        super().__init__()
        self._inner = inner
        self._left = max_bytes

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """See requests.

        :raises TooLarge: more than may be
        :raises TooManyRedirects: any is one too many
        """
        kwargs['stream'] = True
        response = self._inner.send(request, *args, **kwargs)
        # The second step of an authentication is sent by it.
        response.connection = self
        if response.is_redirect:
            response.close()
            raise requests.exceptions.TooManyRedirects
        try:
            response._content = self._body(response)
        except requests.exceptions.ConnectionError as exc:
            # A body that is late is no connection that is lost.
            if 'timed out' in str(exc):
                raise requests.exceptions.ReadTimeout from exc
            raise
        response._content_consumed = True
        return response

    def _body(self, response: Any) -> bytes:
        chunks = []
        for chunk in response.iter_content(_CHUNK_BYTES):
            chunks.append(chunk)
            self._left -= len(chunk)
            if self._left < 0:
                response.close()
                raise TooLarge
        return b''.join(chunks)

    def close(self) -> None:
        self._inner.close()
