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


"""A virtual machine never goes to an older Windows build.

Hyper-V runs one on the same or a newer build only; the attempt would fail on
the destination. A live migration takes it along, a cold migration or resize
imports its configuration (compute-hyperv migrationops.py, _import_vm); an
evacuated or unshelved server is made again and may go anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from nova import objects

from hv_sched import printable
from hv_sched.placement import names
from hv_sched.query import rules
from hv_sched.snapshot import nova_transport

LOG = printable.logger(__name__)


def forbid_older(request_spec: objects.RequestSpec, source: str) -> None:
    """Forbid the builds older than a node's; a node without one may go
    anywhere.

    :param source: provider uuid of the node the server is on
    :raises PlacementError: the builds cannot be read
    """
    placement = nova_transport.placement()
    source_builds = _builds(placement.traits(source)[1])
    if not source_builds:
        return
    older = rules.older_builds(source_builds, _builds(placement.all_traits(
        associated=True, name=f'startswith:{names.BUILD_PREFIX}')))
    request_spec.root_forbidden.update(older)
    LOG.debug('Not to builds older than %s: %s', sorted(source_builds),
              sorted(older))


def _builds(traits: Iterable[str]) -> set[str]:
    return {trait for trait in traits
            if trait.startswith(names.BUILD_PREFIX)}
