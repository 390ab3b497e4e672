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

"""What the body of each answer of Placement must be.

A form is a type or a tuple of types, ``[form]`` for a list, ``{str: form}``
for an object with any names, ``{'name': form, …}`` for one that has at least
these, or a function of the body that returns its form. Not checked by
jsonschema, which takes ten times as long as parsing the candidates of a
thousand hosts; this takes half of it.
"""

from collections.abc import Mapping
from typing import Any

Form = Any

_TEXT_OR_NONE = (str, type(None))
_RESOURCES = {str: int}
_INVENTORY = {
    'total': int, 'reserved': int, 'min_unit': int, 'max_unit': int,
    'step_size': int, 'allocation_ratio': (int, float)}

PROVIDER: Form = {'uuid': str, 'name': str, 'generation': int,
                  'parent_provider_uuid': _TEXT_OR_NONE}
PROVIDERS: Form = {'resource_providers': [PROVIDER]}
INVENTORIES: Form = {'resource_provider_generation': int,
                     'inventories': {str: _INVENTORY}}
USAGES: Form = {'resource_provider_generation': int, 'usages': _RESOURCES}
PROVIDER_TRAITS: Form = {'resource_provider_generation': int,
                         'traits': [str]}
AGGREGATES: Form = {'resource_provider_generation': int, 'aggregates': [str]}
ALLOCATIONS_ON: Form = {'allocations': {str: {'resources': _RESOURCES}}}
_ALLOCATIONS_OF: Form = {'allocations': {str: {'resources': _RESOURCES}}}
# What stands beside the allocations of a consumer that has any.
_CONSUMER: Form = {
    **_ALLOCATIONS_OF, 'consumer_generation': int, 'project_id': str,
    'user_id': str, 'consumer_type': str}
TRAITS: Form = {'traits': [str]}
CLASSES: Form = {'resource_classes': [{'name': str}]}
_SUMMARY: Form = {
    'resources': {str: {'capacity': int, 'used': int}},
    'traits': [str], 'root_provider_uuid': str}
_CANDIDATES: Form = {
    'allocation_requests': [
        {'allocations': {str: {'resources': _RESOURCES}}}],
    'provider_summaries': {str: _SUMMARY}}
VERSIONS: Form = {'versions': [{'id': str}]}


def consumer(body: Any) -> Form:
    """Of ``GET /allocations/{uuid}``.

    A consumer that holds nothing has no more than that to show.
    """
    if isinstance(body, Mapping) and body.get('allocations'):
        return _CONSUMER
    return _ALLOCATIONS_OF


def candidates(body: Any) -> Form:
    """Of ``GET /allocation_candidates``.

    A provider that a candidate takes of has its summary.
    """
    try:
        providers = {provider for request in body['allocation_requests']
                     for provider in request['allocations']}
        providers.update(body['provider_summaries'])
    except (KeyError, TypeError):
        return _CANDIDATES
    return {**_CANDIDATES, 'provider_summaries': dict.fromkeys(
        providers, _SUMMARY)} if providers else _CANDIDATES


def fault(body: Any, form: Form) -> str:
    """What is wrong with a body, such as ``traits: 3: NoneType 'None'``;
    empty when nothing.

    :param body: as parsed from JSON
    """
    if callable(form) and not isinstance(form, type):
        form = form(body)
    if isinstance(form, dict):
        return _object_fault(body, form)
    if isinstance(form, list):
        if not isinstance(body, list):
            return 'no list'
        return next((_at(index, reason) for index, item in enumerate(body)
                     if (reason := fault(item, form[0]))), '')
    # JSON's true is no number, though Python's is.
    if not isinstance(body, form) or isinstance(body, bool):
        return f'{type(body).__name__} {str(body)[:20]!r}'
    return ''


def _object_fault(body: Any, form: dict[Any, Form]) -> str:
    if not isinstance(body, dict):
        return 'no object'
    if str in form:
        return next((_at(name, reason) for name, value in body.items()
                     if (reason := fault(value, form[str]))), '')
    for name, part in form.items():
        if name not in body:
            return f'no {name}'
        reason = fault(body[name], part)
        if reason:
            return _at(name, reason)
    return ''


def _at(name: object, reason: str) -> str:
    return f'{name}: {reason}'
