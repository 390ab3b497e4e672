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

"""What each call of Nova and Glance must answer. Pure.

A call is known by the end of its path, and by its method where that matters.
One that is not listed must still answer a JSON object. 404 means "no such
thing" only where a single thing is asked for by its id, and in Nova's case
only with Nova's own error body: a proxy without the route answers 404 to
everything.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import re
from typing import Any

import jsonschema

_TEXT = {'type': 'string', 'minLength': 1}
_TEXT_OR_NULL = {'type': ['string', 'null']}
_INTEGER = {'type': 'integer'}


def _record(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these fields, and whatever else there is."""
    return {'type': 'object', 'required': sorted(required),
            'properties': {**required, **optional}}


def _single(key: str, record: Mapping[str, Any]) -> dict[str, Any]:
    return _record({key: record})


def _list(key: str, record: Mapping[str, Any]) -> dict[str, Any]:
    links = {'type': 'array', 'items': _record({'rel': _TEXT})}
    return _record({key: {'type': 'array', 'items': record}},
                   **{f'{key}_links': links})


# Before 2.75 a flavor without swap had an empty text. Of a size that is null
# nobody knows what the server needs.
_SIZES = {
    **dict.fromkeys(('vcpus', 'ram', 'disk', 'ephemeral'),
                    {'type': ['integer', 'null']}),
    'swap': {'type': ['integer', 'string', 'null'], 'pattern': '^[0-9]{0,9}$'},
    'extra_specs': {'type': 'object'}}
_SERVER = _record(
    {'id': _TEXT, 'status': _TEXT}, **{
        'OS-EXT-STS:vm_state': _TEXT_OR_NULL,
        'OS-EXT-STS:task_state': _TEXT_OR_NULL,
        'OS-EXT-SRV-ATTR:hypervisor_hostname': _TEXT_OR_NULL,
        'OS-EXT-SRV-ATTR:instance_name': _TEXT_OR_NULL,
        'flavor': {'type': ['object', 'null'],
                   'properties': _SIZES},
        'os-extended-volumes:volumes_attached': {'type': 'array'}})
_MIGRATION = _record({
    'uuid': _TEXT, 'instance_uuid': _TEXT, 'status': _TEXT,
    'old_instance_type_id': {}, 'new_instance_type_id': {}},
    dest_node=_TEXT_OR_NULL, source_node=_TEXT_OR_NULL,
    migration_type=_TEXT_OR_NULL, created_at=_TEXT_OR_NULL,
    updated_at=_TEXT_OR_NULL)
_FLAVOR = _record(
    {'id': _TEXT, 'name': _TEXT}, vcpus=_INTEGER, ram=_INTEGER, disk=_INTEGER,
    extra_specs={'type': 'object'})
_AGGREGATE = _record(
    {'id': _INTEGER, 'name': _TEXT},
    uuid=_TEXT, hosts={'type': 'array', 'items': _TEXT},
    metadata={'type': 'object'}, availability_zone=_TEXT_OR_NULL)
_HYPERVISOR = _record(
    {'id': _TEXT, 'service': _record({'host': _TEXT})},
    hypervisor_hostname=_TEXT, hypervisor_type=_TEXT_OR_NULL)
_COMPUTE_SERVICE = _record({'host': _TEXT, 'status': _TEXT})
_IMAGE = _record({'id': _TEXT}, name=_TEXT_OR_NULL)


class Shape:
    """The answer of one call.

    :param path: the end of the call's path, a regular expression
    :param schema: a JSON schema of the body
    :param may_be_missing: 404 says that there is no such thing
    :param method: of the call; None: any
    """

    def __init__(self, path: str, schema: Mapping[str, Any],
                 may_be_missing: bool = False, method: str | None = None
                 ) -> None:
        self._path = re.compile(f'{path}$')
        self._method = method
        self.may_be_missing = may_be_missing
        self._validator = jsonschema.Draft7Validator(schema)

    def is_of(self, method: str, path: str) -> bool:
        """Whether it is the answer of this call."""
        return self._method in (None, method) and (
            self._path.search(path) is not None)

    def fault(self, body: Any) -> str:
        """Where a body is not what it must be, empty when it is."""
        error = next(self._validator.iter_errors(body), None)
        if error is None:
            return ''
        return '/'.join(map(str, error.absolute_path)) or 'its body'


ANY_OBJECT = Shape('', {'type': 'object'})
_THING = '/[^/]+'
NOVA = (
    Shape('/servers/detail', _list('servers', _SERVER)),
    Shape('/servers', _list('servers', _record({'id': _TEXT}))),
    Shape(f'/servers{_THING}/os-instance-actions',
          _list('instanceActions', {'type': 'object'}), may_be_missing=True),
    Shape(f'/servers{_THING}/os-volume_attachments',
          _list('volumeAttachments', _record({'device': _TEXT_OR_NULL})),
          may_be_missing=True),
    Shape(f'/servers{_THING}', _single('server', _SERVER),
          may_be_missing=True),
    Shape('/os-migrations', _list('migrations', _MIGRATION)),
    Shape('/os-services', _list('services', _COMPUTE_SERVICE)),
    Shape('/os-hypervisors/detail', _list('hypervisors', _HYPERVISOR)),
    Shape('/os-aggregates', _list('aggregates', _AGGREGATE), method='GET'),
    Shape('/os-aggregates', _single('aggregate', _AGGREGATE),
          method='POST'),
    Shape(f'/os-aggregates{_THING}(/action)?',
          _single('aggregate', _AGGREGATE)),
    Shape('/flavors/detail', _list('flavors', _FLAVOR)),
    Shape(f'/flavors{_THING}', _single('flavor', _FLAVOR),
          may_be_missing=True),
)
GLANCE = (
    Shape('/images', _list('images', _IMAGE)),
    Shape(f'/images{_THING}', _IMAGE, may_be_missing=True),
)


def of(shapes: Sequence[Shape], method: str, path: str) -> Shape:
    """The shape of a call's answer; any object where none is listed."""
    return next((shape for shape in shapes if shape.is_of(method, path)),
                ANY_OBJECT)
