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


"""The request filter of moves forbids builds older than the source's."""

import uuid

from nova import objects
import pytest

from hv_sched.placement import client
from hv_sched.request_filters import older_builds
from hv_sched.snapshot import nova_transport

BUILDS = (9600, 14393, 17763)


def build(number):
    return f'CUSTOM_HYPERV_BUILD_{number}'


@pytest.fixture
def nodes(placement, monkeypatch):
    """A node of each build and one of none: their uuids."""
    uuids = {}
    for number in (*BUILDS, None):
        uuids[number] = str(uuid.uuid4())
        placement.post('/resource_providers', microversion='1.39', json={
            'name': f'hv-{number}', 'uuid': uuids[number]})
        if number is not None:
            placement.put(f'/traits/{build(number)}', microversion='1.39')
            placement.put(
                f'/resource_providers/{uuids[number]}/traits',
                microversion='1.39',
                json={'resource_provider_generation': 0,
                      'traits': [build(number)]})
    monkeypatch.setattr(nova_transport, 'placement',
                        lambda: client.from_adapter(placement, 10))
    return uuids


@pytest.mark.parametrize('source,forbidden', [
    (9600, set()), (14393, {9600}), (17763, {9600, 14393}), (None, set())])
def test_the_same_build_and_newer_ones_stay_open(nodes, source, forbidden):
    objects.register_all()
    request_spec = objects.RequestSpec()
    older_builds.forbid_older(request_spec, nodes[source])
    assert request_spec.root_forbidden == set(map(build, forbidden))
