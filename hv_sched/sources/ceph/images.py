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

"""What servers keep in a pool, as ``rbd du --format json`` prints it. Pure.

Images that are no server's are those of other tenants of the pool, such as
Cinder and Glance: nobody's share covers them.
"""

import dataclasses
import re
from typing import Any

from hv_sched.sources.ceph import fields

# nova/virt/libvirt/imagebackend.py, Rbd: <instance>_disk, _disk.config, …
_OF_SERVER = re.compile(
    r'([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_disk(?:\.[a-z0-9]+)?')


@dataclasses.dataclass(frozen=True)
class Usage:
    """What one server has in a pool, its snapshots included."""

    provisioned_bytes: int = 0
    actual_bytes: int = 0


def usage(output: Any) -> dict[str, Usage]:
    """By the uuid of the server.

    :raises InvalidFacts: the output is not whole
    """
    used: dict[str, Usage] = {}
    for i, image in enumerate(fields.of(output, 'images', list, '')):
        place = f'images[{i}]'
        match = _OF_SERVER.fullmatch(fields.of(image, 'name', str, place))
        if match is None:
            continue
        before = used.get(match[1], Usage())
        provisioned = fields.size_bytes(image, 'provisioned_size', place)
        used[match[1]] = Usage(
            # A snapshot is as large as its image, and adds what it keeps.
            before.provisioned_bytes
            + (0 if 'snapshot' in image else provisioned),
            before.actual_bytes
            + fields.size_bytes(image, 'used_size', place))
    return used
