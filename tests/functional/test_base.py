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

"""The Placement the other tests stand on is a real one, and is theirs."""

from concurrent import futures
import uuid

from keystoneauth1 import exceptions as ksa_exceptions
import pytest

from tests.functional import base


def _create(client: base.Adapter, name: str) -> int:
    return client.post(
        '/resource_providers', microversion='1.39', raise_exc=False,
        json={'name': name, 'uuid': str(uuid.uuid4())}).status_code


def _names(placement: base.Placement) -> list[str]:
    providers = placement.json('/resource_providers')['resource_providers']
    return sorted(provider['name'] for provider in providers)


@pytest.mark.parametrize('attempt', [1, 2])
def test_every_test_starts_with_an_empty_placement(
        placement: base.Placement, attempt: int) -> None:
    assert _names(placement) == []
    assert _create(placement, 'hv01') == 200
    assert _names(placement) == ['hv01']


def test_standard_traits_and_classes_are_there(
        placement: base.Placement) -> None:
    assert 'MISC_SHARES_VIA_AGGREGATE' in placement.json('/traits')['traits']
    classes = placement.json('/resource_classes')['resource_classes']
    assert 'DISK_GB' in [each['name'] for each in classes]


def test_parallel_writers_all_get_through(placement: base.Placement) -> None:
    names = [f'hv{number:02}' for number in range(24)]
    with futures.ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda name: _create(placement, name), names))
    assert set(done) == {200}
    assert _names(placement) == names
    assert len(placement.writes) == 24


@pytest.mark.parametrize('answered, standing',
                         [(False, ['a']), (True, ['a', 'b'])])
def test_a_client_dies_at_the_request_it_is_told(
        placement: base.Placement, answered: bool, standing: list[str]
        ) -> None:
    client = placement.another()
    client.kill_at, client.kill_methods = 2, ('POST',)
    client.kill_after_answer = answered
    client.get('/resource_providers')
    _create(client, 'a')
    with pytest.raises(base.Killed):
        _create(client, 'b')
    with pytest.raises(base.Killed):
        client.get('/resource_providers')
    assert _names(placement) == standing


def test_a_service_that_refuses_answers_with_that_error(
        placement: base.Placement) -> None:
    placement.service.refuse_all('503 Service Unavailable')
    with pytest.raises(ksa_exceptions.ServiceUnavailable):
        placement.get('/resource_providers')


def test_another_user_is_no_admin(placement: base.Placement) -> None:
    with pytest.raises(ksa_exceptions.Forbidden):
        placement.another(token='guest').get('/resource_providers')


def test_a_foreign_writer_may_come_between(placement: base.Placement
                                           ) -> None:
    def intrude(environ: base.Environ) -> None:
        placement.service.before = None
        _create(placement.another(), 'foreign')

    placement.service.before = intrude
    _create(placement, 'ours')
    assert _names(placement) == ['foreign', 'ours']
