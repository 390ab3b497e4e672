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

"""What a request can meet instead of the answer of its service."""

from tests.chaos import malformed
from tests.chaos import other_region
from tests.chaos.edge import Fault
from tests.chaos.edge import Request
from tests.chaos.edge import Site
from tests.chaos.refusals import as_json
from tests.chaos.refusals import foreign
from tests.chaos.refusals import naming_the_thing
from tests.chaos.refusals import own
from tests.functional.base import WireAnswer

CONFLICTS = ('placement.concurrent_update', 'placement.inventory.inuse',
             'placement.undefined_code', 'placement.duplicate_name',
             'placement.resource_provider.cannot_delete_parent')


def refused(request: Request) -> WireAnswer:
    raise ConnectionRefusedError('Connection refused')


def no_connection(request: Request) -> WireAnswer:
    raise ConnectionResetError('Connection reset by peer')


def lost_after_acting(request: Request) -> WireAnswer:
    request.act()
    raise ConnectionResetError('Connection reset by peer')


def silence(request: Request) -> WireAnswer:
    raise TimeoutError('timed out')


def silence_after_acting(request: Request) -> WireAnswer:
    request.act()
    raise TimeoutError('timed out')


def _is_write(site: Site) -> bool:
    return site.is_write


def _is_placements_write(site: Site) -> bool:
    return site.is_write and site.service == 'Placement'


def _asks_nova_for_a_thing(site: Site) -> bool:
    """Nova's 404 says that there is no such server or flavor."""
    return site.service == 'Nova' and site.path.startswith((
        '/v2.1/servers/{uuid}', '/v2.1/flavors/'))


def _deletes_a_name(site: Site) -> bool:
    """A conflict says that somebody uses the trait or class again."""
    return site.method == 'DELETE' and site.path.endswith('/{name}')


FAULTS = (
    Fault('401', own(401, 'Unauthorized', 'Authentication required')),
    Fault('403', own(403, 'Forbidden', 'Policy does not allow this.')),
    Fault('404 own', own(404, 'Not Found',
                         'The resource could not be found.'),
          is_credible=_asks_nova_for_a_thing),
    Fault('404 own naming it', naming_the_thing,
          is_credible=lambda site: (site.service == 'Placement'
                                    or _asks_nova_for_a_thing(site))),
    Fault('404 foreign', foreign('404 Not Found')),
    Fault('409 foreign', foreign('409 Conflict'), _is_write),
    Fault('409 own', own(409, 'Conflict', 'It is in conflict.'),
          lambda site: site.is_write and site.service != 'Placement'),
    *(Fault(f'409 {code}', own(409, 'Conflict', 'In conflict.', code=code),
            _is_placements_write, _deletes_a_name) for code in CONFLICTS),
    Fault('429', foreign('429 Too Many Requests', **{'Retry-After': '1'})),
    Fault('500', own(500, 'Internal Server Error', 'It failed.')),
    Fault('502', foreign('502 Bad Gateway')),
    Fault('503', foreign('503 Service Unavailable')),
    Fault('503 Retry-After', foreign('503 Service Unavailable',
                                     **{'Retry-After': '30'})),
    Fault('refused', refused),
    Fault('no connection', no_connection),
    Fault('lost after acting', lost_after_acting),
    Fault('silence', silence),
    Fault('silence after acting', silence_after_acting, _is_write),
    Fault('truncated', malformed.truncated),
    Fault('200 empty', malformed.empty),
    Fault('200 HTML', foreign('200 OK')),
    Fault('200 half JSON', malformed.half_json),
    Fault('200 other types', malformed.of_other_types),
    Fault('200 other containers', malformed.of_other_containers),
    Fault('200 null', as_json(None)),
    Fault('200 {}', as_json({})),
    Fault('200 []', as_json([])),
    Fault(other_region.NAME, other_region.answer,
          is_credible=lambda site: site.service != 'Nova' or (
              _asks_nova_for_a_thing(site))),
)
