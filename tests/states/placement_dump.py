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

"""All of Placement as JSON, by its API alone, and back.

In words of Placement, not of hv_sched: what a release wrote can be loaded into
any later Placement, and is read by no code that changes.
"""

from typing import Any

from keystoneauth1 import adapter

MICROVERSION = '1.39'
Dump = dict[str, Any]


def dump(placement: adapter.Adapter) -> Dump:
    """Providers, custom names and consumers, without generations."""
    providers = {listed['uuid']: _provider(placement, listed)
                 for listed in _get(placement, '/resource_providers',
                                    'resource_providers')}
    consumers = sorted({consumer for uuid in providers for consumer in _get(
        placement, f'/resource_providers/{uuid}/allocations',
        'allocations')})
    return {
        'traits': sorted(_get(placement, '/traits?name=startswith:CUSTOM_',
                              'traits')),
        'resource_classes': sorted(
            each['name'] for each in _get(placement, '/resource_classes',
                                          'resource_classes')
            if each['name'].startswith('CUSTOM_')),
        'providers': providers,
        'consumers': {uuid: _consumer(placement, uuid)
                      for uuid in consumers}}


def load(placement: adapter.Adapter, state: Dump) -> None:
    """Write what ``dump`` returned into an empty Placement."""
    for trait in state['traits']:
        _send(placement.put, f'/traits/{trait}')
    for name in state['resource_classes']:
        _send(placement.put, f'/resource_classes/{name}')
    # A child needs its parent; ours are no deeper.
    for uuid, provider in sorted(
            state['providers'].items(),
            key=lambda item: item[1]['parent'] is not None):
        _load_provider(placement, uuid, provider)
    _send(placement.post, '/allocations', {
        uuid: {**consumer, 'consumer_generation': None}
        for uuid, consumer in state['consumers'].items()})


def _get(placement: adapter.Adapter, path: str, key: str) -> Any:
    answer = placement.get(path, microversion=MICROVERSION)
    return answer.json()[key]


def _send(method: Any, path: str, body: Any = None) -> None:
    answer = method(path, microversion=MICROVERSION, raise_exc=False,
                    **({} if body is None else {'json': body}))
    assert answer.status_code < 300, f'{path}: {answer.text}'


def _provider(placement: adapter.Adapter, listed: Dump) -> Dump:
    path = f'/resource_providers/{listed["uuid"]}'
    return {'name': listed['name'], 'parent': listed['parent_provider_uuid'],
            'inventories': _get(placement, f'{path}/inventories',
                                'inventories'),
            **{part: sorted(_get(placement, f'{path}/{part}', part))
               for part in ('traits', 'aggregates')}}


def _consumer(placement: adapter.Adapter, uuid: str) -> Dump:
    body = placement.get(f'/allocations/{uuid}',
                         microversion=MICROVERSION).json()
    return {'allocations': {
                provider: {'resources': held['resources']}
                for provider, held in body['allocations'].items()},
            'project_id': body['project_id'], 'user_id': body['user_id'],
            'consumer_type': body['consumer_type']}


def _load_provider(placement: adapter.Adapter, uuid: str, provider: Dump
                   ) -> None:
    _send(placement.post, '/resource_providers', {
        'uuid': uuid, 'name': provider['name'],
        'parent_provider_uuid': provider['parent']})
    path = f'/resource_providers/{uuid}'
    for generation, part in enumerate(('inventories', 'traits',
                                       'aggregates')):
        current = _get(placement, path, 'generation')
        assert current <= generation
        _send(placement.put, f'{path}/{part}', {
            part: provider[part], 'resource_provider_generation': current})
