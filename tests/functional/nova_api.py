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
import json

from oslo_utils import timeutils

from hv_sched.compute import nova
from hv_sched.compute.servers import OPEN_STATUSES


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
        if query.get('status') == 'SOFT_DELETED':
            return '200 OK', {'servers': []}
        if 'uuid' in query:
            server = self.cloud.nova.servers.get(query['uuid'])
            return '200 OK', {'servers': [self.record(server)] if server
                              else []}
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


class AuditedNovaApi(NovaApi):
    """Nova's API as far as an audit asks it.

    :ivar flavor_of: what a server's record says of its flavor
    """

    def __init__(self, cloud):
        super().__init__(cloud)
        self.flavor_of = self.flavor
        self.aggregates = {}
        self.tells_versions = False

    def __call__(self, environ):
        path = environ['PATH_INFO'].removeprefix('/placement')
        if path in ('', '/') and self.tells_versions:
            return self.versions()
        if path == '/os-services':
            return self.status_or({'services': [
                {'host': name, 'binary': 'nova-compute',
                 'status': 'UNKNOWN' if name in self.cloud.nova.down
                 else 'enabled'} for name in self.cloud.nodes]})
        if path.startswith('/os-hypervisors'):  # openstacksdk's newest
            return self.status_or(self.hypervisors(path, {})[1])
        if path.startswith('/os-aggregates'):
            return self.of_aggregates(environ, path)
        if path.endswith('/os-instance-actions'):
            known = path.split('/')[2] in self.cloud.nova.deleted
            return ('200 OK', {'instanceActions': []}) if known else (
                '404 Not Found', {})
        return super().__call__(environ)

    def versions(self):
        """What openstacksdk asks of an endpoint; Placement's are first."""
        return '200 OK', {'versions': [
            {'id': 'v1.0', 'min_version': '1.0', 'max_version': '1.39',
             'status': 'CURRENT', 'links': [{'rel': 'self', 'href': ''}]},
            {'id': 'v2.1', 'min_version': '2.1', 'version': '2.96',
             'status': 'CURRENT', 'links': [{
                 'rel': 'self',
                 'href': self.cloud.placement.service.endpoint}]}]}

    def of_aggregates(self, environ, path):
        if self.status:
            return self.status, {}
        if environ['REQUEST_METHOD'] == 'GET':
            return '200 OK', {'aggregates': list(self.aggregates.values())}
        body = json.loads(environ['wsgi.input'].read(
            int(environ['CONTENT_LENGTH'])))
        if path == '/os-aggregates':
            number = len(self.aggregates) + 1
            self.aggregates[number] = {
                'id': number, 'hosts': [], 'metadata': {},
                'availability_zone': None, **body['aggregate']}
            return '200 OK', {'aggregate': self.aggregates[number]}
        one = self.aggregates[int(path.split('/')[2])]
        if 'add_host' in body:
            one['hosts'].append(body['add_host']['host'])
        else:
            one['metadata'].update(body['set_metadata']['metadata'])
        return '200 OK', {'aggregate': one}

    def hypervisors(self, path, query):
        code, body = super().hypervisors(path, query)
        for one in body['hypervisors']:
            one['hypervisor_hostname'] = one['service']['host']
        return code, body

    def status_or(self, body):
        return (self.status, {}) if self.status else ('200 OK', body)

    @staticmethod
    def flavor(server):
        return {'vcpus': 1, 'ram': 512, 'disk': server.needs.disk_gb,
                'ephemeral': 0, 'swap': 0, 'extra_specs': {}}

    def record(self, server):
        found = super().record(server)
        if server.known:
            found.update({
                'name': 'the-same-for-all', 'image': {'id': 'i'},
                'flavor': self.flavor_of(server), 'tenant_id': 'p',
                'user_id': 'u', 'OS-SRV-USG:launched_at': 'then',
                'os-extended-volumes:volumes_attached': [],
                'OS-EXT-SRV-ATTR:hypervisor_hostname': server.node})
        return found

    def servers(self, path, query):
        if not path.endswith('detail') or 'uuid' in query:
            return super().servers(path, query)
        if query.get('status') == 'SOFT_DELETED':
            found = self.cloud.nova.soft_deleted()
        else:
            found = (self.cloud.nova.on_host(query['host'])
                     if 'host' in query
                     else self.cloud.nova.servers)  # what changed since
        return '200 OK', {'servers': [
            self.record(server) for server in found.values()]}

    def migrations(self, path, query):
        statuses = ([query['status']] if 'status' in query
                    else OPEN_STATUSES)
        return '200 OK', {'migrations': [
            {'uuid': m.uuid, 'instance_uuid': m.server, 'status': m.status,
             'dest_node': m.dest_node, 'old_instance_type_id': 1,
             'new_instance_type_id': 2}
            for m in self.cloud.nova.migrations.values()
            if m.status in statuses]}
