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


"""Reads and writes consumers through nova-scheduler's own client.

As in ``hv_sched.placement.client`` a call does what was asked or raises a
``PlacementError`` whose type says whether trying again can help.
"""

from typing import Any

from keystoneauth1 import exceptions as ks_exc
from nova.scheduler.client import report

from hv_sched import exception
from hv_sched.placement import client
from hv_sched.placement import consumers
from hv_sched.placement import names
from hv_sched.placement.consumers import Consumer

_TYPED = '1.39'
# The newest one whose POST /allocations leaves the consumers' types alone.
_UNTYPED = '1.37'


def read(uuid: str) -> Consumer | None:
    """A consumer with all it holds, None when it holds nothing.

    :raises PlacementError:
    """
    doing = f'read the allocations of {uuid}'
    return consumers.from_answer(
        uuid, _send('get', f'/allocations/{uuid}', doing).json())


def write(*every: Consumer) -> None:
    """Write all that several consumers hold: all of it or nothing.

    :raises PlacementError: of PlacementUnavailable it is not known whether
        the write stands
    """
    typed = all(consumer.consumer_type != consumers.UNTYPED
                for consumer in every)
    _send('post', '/allocations',
          f'write the allocations of {len(every)} consumers',
          {consumer.uuid: consumer.body(typed) for consumer in every},
          version=_TYPED if typed else _UNTYPED)


def members(aggregates: list[str]) -> set[str]:
    """Names of the providers in any of the aggregates.

    :raises PlacementError:
    """
    found = _send('get', '/resource_providers?member_of=in:'
                  + ','.join(sorted(aggregates)), 'read a cluster\'s nodes')
    return {provider['name']
            for provider in found.json()['resource_providers']}


def traits_of(provider: str) -> set[str]:
    """The traits of a provider, given by its uuid.

    :raises PlacementError:
    """
    return set(_send('get', f'/resource_providers/{provider}/traits',
                     'read traits').json()['traits'])


def builds_of(node: str) -> set[str]:
    """The Windows build of a node, as traits.

    :param node: uuid of its provider
    :raises PlacementError:
    """
    return _builds(f'/resource_providers/{node}/traits')


def builds() -> set[str]:
    """The Windows builds there are, as traits.

    :raises PlacementError:
    """
    return _builds(f'/traits?name=startswith:{names.BUILD_PREFIX}'
                   '&associated=true')


def _builds(url: str) -> set[str]:
    found = _send('get', url, 'read the Windows builds').json()['traits']
    return {trait for trait in found if trait.startswith(names.BUILD_PREFIX)}


def _send(method: str, url: str, doing: str, *body: Any,
          version: str = _TYPED) -> Any:
    try:
        response = getattr(report.report_client_singleton(), method)(
            url, *body, version=version)
    except ks_exc.ClientException as exc:
        raise exception.PlacementUnavailable(f'{doing}: {exc}') from exc
    if response.status_code >= 400:
        raise client.error_of(response, doing)
    return response
