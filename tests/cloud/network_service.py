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

"""Answers what Nova asks of Neutron with "nothing here".

The servers of this cloud have no ports (``--nic none``); Nova asks for them
all the same. ``python network_service.py PORT``.
"""

import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    """Every collection is empty."""

    protocol_version = 'HTTP/1.1'

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get('content-length') or 0))
        path = self.path.partition('?')[0].rstrip('/')
        body = json.dumps(self._version() if path in ('', '/v2.0') else {
            path.rpartition('/')[2].replace('-', '_'): []}).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _version(self) -> dict[str, object]:
        url = f'http://{self.headers["host"]}/v2.0/'
        return {'versions': [{'id': 'v2.0', 'status': 'CURRENT', 'links': [
            {'rel': 'self', 'href': url}]}]}

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        """Nobody reads them."""


if __name__ == '__main__':
    http.server.ThreadingHTTPServer(
        ('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()
