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

"""Nova's lists, page by page: memory does not grow with what they carry."""

import gc
import json
import tracemalloc
import uuid

import pytest
import requests

from hv_sched.compute import nova as nova_servers

# What else a record has, as of 2.80; about what a real one weighs.
PADDING = {'addresses': {'net': [{'addr': '192.0.2.1', 'version': 4}] * 4},
           'metadata': {f'key{number}': 'x' * 40 for number in range(20)},
           'OS-EXT-SRV-ATTR:user_data': 'x' * 1000}
FLAVOR = {'vcpus': 1, 'ram': 512, 'disk': 10, 'ephemeral': 0, 'swap': 0,
          'original_name': 'm1', 'extra_specs': {}}


class Nova:
    """Answers like a Nova with so many servers on one host."""

    def __init__(self, servers, page):
        self.count, self.page = servers, page
        self.asked = 0

    def get(self, path, microversion):
        self.asked += 1
        name, _, query = path.partition('?')
        query = dict(part.split('=') for part in query.split('&') if part)
        body = {'/os-services': self.services, '/servers/detail':
                self.servers, '/os-hypervisors/detail': self.hypervisors}[
                    name](query)
        response = requests.Response()
        response.status_code = 200
        response._content = json.dumps(body).encode()
        return response

    def services(self, query):
        return {'services': [{'host': 'hv01', 'status': 'enabled'}]}

    def hypervisors(self, query):
        return {'hypervisors': [{'id': 'node', 'service': {'host': 'hv01'}}]}

    def servers(self, query):
        assert query['host'] == 'hv01' and query['all_tenants'] == '1'
        start = uuid.UUID(query['marker']).int + 1 if (
            'marker' in query) else 0
        end = min(start + self.page, self.count)
        body = {'servers': [{
            'id': str(uuid.UUID(int=number)), 'status': 'ACTIVE',
            'OS-EXT-STS:vm_state': 'active', 'OS-EXT-STS:task_state': None,
            'OS-EXT-SRV-ATTR:hypervisor_hostname': 'hv01',
            'image': {'id': 'i'}, 'flavor': FLAVOR, 'tenant_id': 'p',
            'user_id': 'u', 'updated': '2026-01-01T00:00:00Z', **PADDING}
            for number in range(start, end)]}
        if end < self.count:
            body['servers_links'] = [{'rel': 'next', 'href': ''}]
        return body


def peak_bytes(count, page):
    nova = Nova(count, page)
    reader = nova_servers.NovaServers(nova)
    gc.collect()
    tracemalloc.start()
    try:
        found = reader.on_node('node')
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) == count
    assert nova.asked == 2 + -(-count // page)
    return peak


@pytest.mark.parametrize('few,many', [
    (1000, 2000), pytest.param(1000, 10000, marks=pytest.mark.long)])
def test_a_server_takes_few_words_however_many_there_are(few, many):
    small, big = peak_bytes(few, 500), peak_bytes(many, 500)
    a_server = (big - small) / (many - few)
    assert a_server < 1000, 'bytes'
