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

"""What differs up to nova 27: the harness's Cinder.

It makes no volumes, and answers by methods of nova.volume.cinder.API; later
ones are called without that object.
"""

from collections.abc import Callable
from typing import Any

from nova.volume import cinder
from oslo_utils import uuidutils

from tests.nova import releases

IS_THIS = releases.RELEASE <= 27


def make_volumes(case: Any) -> None:
    """Have Cinder make what a server starts with, such as blank disks."""
    if IS_THIS:
        case.stub_out('nova.volume.cinder.API.create', _create)


def _create(api: Any, context: Any, size: int, *args: Any, **kwargs: Any
            ) -> dict[str, Any]:
    return {'id': uuidutils.generate_uuid(), 'status': 'available',
            'attach_status': 'detached', 'size': size}


def volume_reader() -> Callable[..., dict[str, Any]]:
    """What gets a volume, by the API's object, a context and a uuid."""
    get = cinder.API.get
    return get if IS_THIS else lambda api, *args, **kwargs: get(
        *args, **kwargs)
