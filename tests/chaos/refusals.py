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

"""How services and front ends word what they refuse."""

import json
import typing

from tests.chaos.edge import Request
from tests.functional.base import WireAnswer

HTML = b'<html><head><title>nginx</title></head><body>nginx</body></html>'
_JSON = 'application/json'
# How Nova names the error of a status.
_NOVA = {401: 'unauthorized', 403: 'forbidden', 404: 'itemNotFound',
         409: 'conflictingRequest', 500: 'computeFault'}


def own_error(service: str, status: int, title: str, detail: str,
              code: str = 'placement.undefined_code') -> WireAnswer:
    """A refusal as the service itself words it."""
    bodies: dict[str, typing.Any] = {
        'Placement': {'errors': [{
            'status': status, 'title': title, 'detail': detail,
            'code': code, 'request_id': 'req-1'}]},
        'Nova': {_NOVA.get(status, 'computeFault'): {
            'code': status, 'message': detail}},
        'Keystone': {'error': {
            'code': status, 'title': title, 'message': detail}}}
    line = f'{status} {title}'
    if service == 'Glance':
        return WireAnswer(line, {'Content-Type': 'text/html'}, (
            f'<html><head><title>{line}</title></head><body><h1>{line}</h1>'
            f'{detail}</body></html>').encode())
    return WireAnswer(line, {'Content-Type': _JSON},
                      json.dumps(bodies[service]).encode())


def own(status: int, title: str, detail: str, **fields: str) -> typing.Any:
    return lambda request: own_error(
        request.service, status, title, detail, **fields)


def foreign(line: str, body: bytes = HTML, content_type: str = 'text/html',
            **headers: str) -> typing.Any:
    """The answer of a front end; the service saw nothing of it."""
    return lambda request: WireAnswer(
        line, {'Content-Type': content_type, **headers}, body)


def as_json(value: typing.Any) -> typing.Any:
    return foreign('200 OK', json.dumps(value).encode(), _JSON)


def naming_the_thing(request: Request) -> WireAnswer:
    """A 404 of the service's own, of what was asked for."""
    parts = [part for part in request.environ['PATH_INFO'].split('/')
             if '-' in part or '_' in part]
    return own_error(request.service, 404, 'Not Found',
                     f'There is no {" ".join(parts) or "such thing"}.')
