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

"""Nova's API beside the real Placement, answering what a test recorded."""

import datetime

from oslo_utils import timeutils

from hv_sched.compute import nova


class NovaApi:
    """Nova's API as JSON bodies by path; see its API reference."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.status = None
        self.page = 1000

    def __call__(self, environ):
        path = environ['PATH_INFO'].removeprefix('/placement')
        query = dict(part.split('=', 1) for part in
                     environ.get('QUERY_STRING', '').split('&') if part)
        for start, answer in (('/servers', self.servers),
                              ('/os-migrations', self.migrations),
                              ('/os-hypervisors', self.hypervisors),
                              ('/os-services', self.services)):
            if path.startswith(start):
                assert environ['HTTP_OPENSTACK_API_VERSION'] == (
                    f'compute {nova.MICROVERSION}')
                if self.status:
                    return self.status, {}
                return answer(path, query)
        return None

    def record(self, server):
        if not server.known:
            return {'id': server.uuid, 'status': 'UNKNOWN'}
        return {'id': server.uuid, 'status': 'ACTIVE',
                'OS-EXT-STS:vm_state': server.vm_state,
                'OS-EXT-STS:task_state': server.task_state,
                'OS-EXT-SRV-ATTR:hypervisor_hostname': 'x'}

    def servers(self, path, query):
        name = path.rpartition('/')[2]
        if name != 'detail':
            server = self.cloud.nova.servers.get(name)
            return ('200 OK', {'server': self.record(server)}) if server \
                else ('404 Not Found', {'itemNotFound': {'code': 404}})
        if 'changes-since' in query:
            return '200 OK', {'servers': [
                self.record(s) for s in self.cloud.nova.servers.values()
                if s.known]}
        uid = self.cloud.nodes[query['host']]
        here = sorted(self.cloud.api.allocations_on(uid).keys()
                      & self.cloud.nova.servers.keys())
        here = [c for c in here if c > query.get('marker', '')]
        body = {'servers': [self.record(self.cloud.nova.servers[c])
                            for c in here[:self.page]]}
        if len(here) > self.page:
            body['servers_links'] = [{'rel': 'next', 'href': ''}]
        return '200 OK', body

    def migrations(self, path, query):
        return '200 OK', {'migrations': [
            {'uuid': m.uuid, 'instance_uuid': m.server, 'status': m.status,
             'dest_node': m.dest_node, 'old_instance_type_id': 1,
             'new_instance_type_id': 2, 'updated_at': None,
             'created_at': (timeutils.utcnow() - datetime.timedelta(
                 seconds=m.idle_seconds)).isoformat()}
            for m in self.cloud.nova.migrations.values()
            if m.status == query.get('status', m.status)]}

    def services(self, path, query):
        return '200 OK', {'services': [
            {'host': name, 'status': 'enabled'} for name in self.cloud.nodes]}

    def hypervisors(self, path, query):
        return '200 OK', {'hypervisors': [
            {'id': uid, 'service': {'host': name}}
            for name, uid in self.cloud.nodes.items()]}
