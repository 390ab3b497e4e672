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

"""Keystone, the real Placement and Nova behind one port, with real tokens.

Each token is another one and is good until it is revoked; whoever comes with
none that is good gets 401, as keystonemiddleware answers.
"""

import io
import json
import socketserver
import ssl
import threading
from wsgiref import simple_server

from tests.chaos import services
from tests.functional import base

PASSWORD = services.PASSWORD
_UNAUTHORIZED = services.answer_of('401 Unauthorized', {
    'error': {'code': 401, 'title': 'Unauthorized',
              'message': 'The request requires authentication'}})


class _Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True


class _Handler(simple_server.WSGIRequestHandler):

    def log_message(self, *args):
        pass


class TokenCloud:
    """:param cloud: what Placement and Nova have
    :param pair: certificate and key, where it speaks TLS
    :ivar tokens: all that were given out, the newest last
    :ivar good: those that are taken
    :ivar refuses_all: whether none is taken
    :ivar password: for which Keystone gives a token
    :ivar heard: how many requests arrived
    """

    def __init__(self, cloud, pair=None):
        self._server = simple_server.make_server(
            '127.0.0.1', 0, self._answer, _Server, _Handler)
        self.url = ('https' if pair else 'http') + (
            f'://127.0.0.1:{self._server.server_port}')
        if pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair.certificate, pair.key)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True,
                do_handshake_on_connect=False)
        self._placement = cloud.placement.service
        self._keystone = services.Keystone(
            {name: self.url for name in services.PATHS})
        self._nova = services.Nova(cloud, self.url)
        self._glance = services.Glance(self.url)
        self.tokens = []
        self.good = set()
        self.refuses_all = False
        self.password = PASSWORD
        self.heard = 0
        self._thread = threading.Thread(
            target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *args):
        self._server.shutdown()
        self._server.server_close()

    def lead_to(self, other):
        """Let the catalogue name the services of another one."""
        self._keystone = services.Keystone({
            name: self.url if name == 'Keystone' else other.url
            for name in services.PATHS})

    def section(self, more=''):
        """[keystone] of an agent.

        :param more: further lines of it
        """
        return f'''
[keystone]
auth_type = password
auth_url = {self.url}/v3
username = u
password = {self.password}
project_name = p
user_domain_id = default
project_domain_id = default
{more}
'''

    def _answer(self, environ, start_response):
        self.heard += 1
        size = int(environ.get('CONTENT_LENGTH') or 0)
        environ['wsgi.input'] = io.BytesIO(environ['wsgi.input'].read(size))
        wire = self._of_service(environ)
        start_response(wire.status, list(wire.headers.items()))
        return [wire.body]

    def _of_service(self, environ):
        path = environ['PATH_INFO']
        if path.startswith('/v3'):
            return self._of_keystone(environ)
        if path.rstrip('/') in ('', '/v2', '/v2.1', '/placement'):
            environ['HTTP_X_AUTH_TOKEN'] = 'admin'  # versions, for anybody
        elif self.refuses_all or (
                environ.get('HTTP_X_AUTH_TOKEN') not in self.good):
            return _UNAUTHORIZED
        if path.startswith('/placement'):
            return self._placement.answer({
                **environ, 'HTTP_X_AUTH_TOKEN': 'admin', 'SCRIPT_NAME': '',
                'PATH_INFO': path.removeprefix('/placement') or '/'})
        if path.startswith('/v2.1'):
            return self._nova.answer(environ)
        return self._glance.answer(environ)

    def _of_keystone(self, environ):
        if environ['REQUEST_METHOD'] == 'POST' and (
                self._password_in(environ) != self.password):
            return _UNAUTHORIZED
        wire = self._keystone(environ)
        if 'X-Subject-Token' not in wire.headers:
            return wire
        self.tokens.append(f'gAAAA-of-nobody-else-{len(self.tokens)}')
        self.good.add(self.tokens[-1])
        return base.WireAnswer(wire.status, {
            **wire.headers, 'X-Subject-Token': self.tokens[-1]}, wire.body)

    @staticmethod
    def _password_in(environ):
        body = json.load(environ['wsgi.input'])
        return body['auth']['identity']['password']['user']['password']
