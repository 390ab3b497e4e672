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

"""What the service answered, spoilt on its way."""

import json
import typing

from tests.chaos.edge import Request
from tests.functional.base import WireAnswer

_JSON = 'application/json'


def truncated(request: Request) -> WireAnswer:
    """The connection ends inside the body."""
    body, headers = _answered(request)
    return WireAnswer('200 OK', {
        **headers, 'Content-Length': str(len(body))}, body[:len(body) // 2])


def half_json(request: Request) -> WireAnswer:
    """As long as it says, and no JSON."""
    body, headers = _answered(request)
    return WireAnswer('200 OK', headers, body[:len(body) // 2])


def empty(request: Request) -> WireAnswer:
    _body, headers = _answered(request)
    return WireAnswer('200 OK', headers, b'')


def of_other_types(request: Request) -> WireAnswer:
    """Each text a number, and each number a text."""
    return _changed(request, retyped)


def of_other_containers(request: Request) -> WireAnswer:
    """Each list an object, and each object below the first a list."""
    return _changed(request, lambda value: {
        key: swapped(part) for key, part in value.items()}
        if isinstance(value, dict) else swapped(value))


def _answered(request: Request) -> tuple[bytes, dict[str, str]]:
    """Body and headers; a length would be that of the whole body."""
    answer = request.act()
    headers = {name: value for name, value in answer.headers.items()
               if name.lower() != 'content-length'}
    return answer.body or b'{"a": 1}', {**headers, 'Content-Type': _JSON}


def _changed(request: Request, change: typing.Any) -> WireAnswer:
    body, headers = _answered(request)
    try:
        value = json.loads(body)
    except ValueError:  # an error as HTML
        value = {}
    return WireAnswer('200 OK', headers, json.dumps(change(value)).encode())


def retyped(value: typing.Any) -> typing.Any:
    """The same structure, with values of other types."""
    if isinstance(value, dict):
        return {key: retyped(part) for key, part in value.items()}
    if isinstance(value, list):
        return [retyped(part) for part in value]
    return 7 if isinstance(value, str) or value is None else 'seven'


def swapped(value: typing.Any) -> typing.Any:
    """Objects for lists, and lists for objects."""
    if isinstance(value, dict):
        return [swapped(part) for part in value.values()]
    if isinstance(value, list):
        return {str(number): swapped(part)
                for number, part in enumerate(value)}
    return value
