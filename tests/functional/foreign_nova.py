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

"""Novas that answer, but not as this cloud's Nova.

Each is a ``before`` of the Placement service: it answers what is asked of
Nova, at the same endpoint, and leaves Placement's own paths alone.
"""

import contextlib
import socketserver
import threading
from wsgiref import simple_server

from tests.functional import base
from tests.functional import nova_api

PLACEMENT_PATHS = (
    '/allocation_candidates', '/allocations', '/reshaper',
    '/resource_classes', '/resource_providers', '/traits', '/usages')
HTML = b'<html><head><title>404</title></head><body>no route</body></html>'
NO_SUCH_SERVER = {'itemNotFound': {
    'code': 404, 'message': 'Instance could not be found.'}}


def is_placement(path):
    """Whether a path of the endpoint is Placement's."""
    return path.startswith(PLACEMENT_PATHS)


class ForeignNova(nova_api.AuditedNovaApi):
    """Answers everything that is not Placement's.

    :param answer: status line and body by path
    """

    def __init__(self, cloud, answer):
        super().__init__(cloud)
        self.answer = answer

    def __call__(self, environ):
        path = environ['PATH_INFO'].removeprefix('/placement')
        if is_placement(path):
            return None
        if path in ('', '/'):
            return self.versions()
        return self.answer(path)


def proxy_without_route(path):
    """A load balancer that has no route to nova-api."""
    return '404 Not Found', HTML


def nothing_found(path):
    """Nova's own 404 for whatever is asked."""
    return '404 Not Found', NO_SUCH_SERVER


def login_page(path):
    """A portal's page instead of any answer."""
    return '200 OK', HTML


def empty_object(path):
    return '200 OK', {}


def another_region(path):
    """Complete answers of a Nova that has other nodes and other servers."""
    return cloud_of('kvm-a', 'kvm-b')(path)


def no_computes(path):
    """A Nova whose database is empty."""
    return cloud_of()(path)


def cloud_of(*hosts):
    """What a Nova with these compute hosts and no server answers."""
    lists = {
        '/os-services': {'services': [
            {'id': host, 'host': host, 'binary': 'nova-compute',
             'status': 'enabled', 'state': 'up', 'zone': 'nova'}
            for host in hosts]},
        '/os-hypervisors': {'hypervisors': [
            {'id': host, 'hypervisor_hostname': host,
             'hypervisor_type': 'QEMU', 'service': {'host': host}}
            for host in hosts]},
        '/os-aggregates': {'aggregates': []},
        '/os-migrations': {'migrations': []},
        '/flavors': {'flavors': []}}

    def answer(path):
        if path in ('/servers', '/servers/detail'):
            return '200 OK', {'servers': []}
        for start, body in lists.items():
            if path in (start, f'{start}/detail'):
                return '200 OK', body
        return '404 Not Found', NO_SUCH_SERVER
    return answer


class _Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True


class _Handler(simple_server.WSGIRequestHandler):

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def on_a_socket(service: base.Service):
    """The service at a port of loopback; yields its endpoint.

    What hangs, hangs for real, and time-outs are those of the sockets.
    """
    server = simple_server.make_server(
        '127.0.0.1', 0, service, _Server, _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f'http://127.0.0.1:{server.server_port}'
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def silent(cloud):
    """A Nova that accepts connections and answers none; yields it."""
    ended = threading.Event()

    def wait(path):
        ended.wait(60)
        return '503 Service Unavailable', {}

    try:
        yield ForeignNova(cloud, wait)
    finally:
        ended.set()
