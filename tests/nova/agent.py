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


"""The agent beside the harness: its own clients of Nova and Placement."""

from typing import Any

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint

from hv_sched.providers import client
from hv_sched.shares import nova_servers
from hv_sched.shares import restore


class _NovaApi:
    """As much of a keystoneauth1 Adapter as NovaServers uses."""

    def __init__(self, api: Any) -> None:
        self._api = api

    def get(self, path: str, microversion: str, raise_exc: bool) -> Any:
        return self._api.request(self._api.base_url + path, headers={
            'OpenStack-API-Version': f'compute {microversion}',
            'X-Auth-User': self._api.auth_user,
            'X-User-Id': self._api.auth_user,
            'X-Auth-Project-Id': self._api.project_id,
            'X-Roles': 'admin,member,reader'})


def restorer(placement: Any, api: Any) -> restore.Restorer:
    """:param placement: the harness's client of Placement
    :param api: its client of Nova, an administrator's
    """
    fixture = placement.fixture
    return restore.Restorer(
        client.Placement(adapter.Adapter(session.Session(
            auth=token_endpoint.Token(fixture.endpoint, fixture.token)),
            service_type='placement')),
        nova_servers.NovaServers(_NovaApi(api)), workers=1,
        settle_seconds=0)
