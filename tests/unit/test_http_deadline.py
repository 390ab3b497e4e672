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


"""A session that several threads share."""

import http.server
import logging
import threading

import pytest
import requests

from hv_sched import http_deadline

# Workers of the agent's loops and of what events ask for, by default.
THREADS = 3 * 8


@pytest.fixture
def url():
    """A service that answers once all of them have asked."""
    arrived = threading.Barrier(THREADS, timeout=30)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'

        def do_GET(self):
            arrived.wait()
            self.send_response(200)
            self.send_header('Content-Length', '0')
            self.end_headers()

        def log_message(self, *_arguments):
            """Nobody reads them."""

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = THREADS

    server = Server(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}/'
    server.shutdown()
    server.server_close()


def test_the_connections_of_all_threads_are_kept(url, caplog):
    caplog.set_level(logging.WARNING)
    with requests.Session() as session:
        http_deadline.install(session)
        threads = [threading.Thread(target=session.get, args=(url,))
                   for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert caplog.records == []
