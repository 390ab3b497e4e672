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

from collections.abc import Sequence
from typing import Any

from keystoneauth1 import adapter
from keystoneauth1 import session
from keystoneauth1 import token_endpoint
from openstack import connection
import yaml

from hv_sched.agent import cmd
from hv_sched.agent import passes
from hv_sched.compute import checked_session
from hv_sched.compute import lookups
from hv_sched.compute import nova
from hv_sched.placement import client
from hv_sched.recovery import restore
from tests import repository

_ADMIN = 'admin,member,reader'


def documented_policy() -> dict[str, str]:
    """Nova's rules for the role of the agent, as the examples have them."""
    rules: dict[str, str] = yaml.safe_load(
        (repository.EXAMPLES / 'nova' / 'policy.yaml').read_text())
    return rules


def placement_of(placement: Any, roles: str = _ADMIN) -> client.Placement:
    """:param placement: the harness's client of Placement
    :param roles: of the token its requests are sent with
    """
    fixture = placement.fixture
    return client.from_adapter(adapter.Adapter(session.Session(
        auth=token_endpoint.Token(fixture.endpoint, fixture.token),
        additional_headers={'X-Roles': roles}), service_type='placement'))


def nova_of(api: Any, roles: str = _ADMIN, project: str | None = None
            ) -> nova.NovaServers:
    """:param api: the harness's client of Nova
    :param roles: of the token its requests are sent with
    :param project: of the token; the client's by default
    """
    return nova.NovaServers(adapter.Adapter(
        checked_session.CheckedSession(
            _session_of(api, roles, project), checked_session.NOVA),
        service_type='compute', endpoint_override=api.base_url))


def lookup_of(api: Any, roles: str = _ADMIN, project: str | None = None
              ) -> lookups.Nova:
    """Single things of the harness's Nova, as doctor and explain read them.

    See ``nova_of``.
    """
    return lookups.Nova(checked_session.checked(connection.Connection(
        session=_session_of(api, roles, project),
        compute_endpoint_override=api.base_url), checked_session.NOVA))


def status_of(api: Any, method: str, path: str, body: Any = None,
              roles: str = _ADMIN, project: str | None = None) -> int:
    """What Nova answers to a request of these credentials. See ``nova_of``."""
    return int(_session_of(api, roles, project).request(
        api.base_url + path, method, json=body, raise_exc=False,
        headers={'OpenStack-API-Version': 'compute 2.80'}).status_code)


def _session_of(api: Any, roles: str, project: str | None = None
                ) -> session.Session:
    # The harness takes its user admin for an administrator, whatever roles.
    user = api.auth_user if 'admin' in roles else 'member'
    return session.Session(
        auth=token_endpoint.Token(api.base_url, 'admin'),
        additional_headers={
            'X-Auth-User': user, 'X-User-Id': user,
            'X-Auth-Project-Id': project or api.project_id,
            'X-Roles': roles})


def restorer(placement: Any, api: Any, cold_moves_keep_disk: bool = False
             ) -> restore.Restorer:
    """:param placement: the harness's client of Placement
    :param api: its client of Nova, an administrator's
    :param cold_moves_keep_disk: as the nodes' driver does
    """
    return restore.Restorer(*_clients(placement, api), restore.RestoreOptions(
        workers=1, settle_seconds=0,
        cold_moves_keep_disk=cold_moves_keep_disk))


def once(placement: Any, api: Any, cold_move_keeps_disk: bool = False,
         source: str | None = None, heal_codes: Sequence[str] = ()) -> int:
    """What ``hv-sched-agent --once`` does when it has its clients.

    :param source: path of a description of the clusters, None to sync none
    :returns: its exit code
    """
    conf = cmd.configure(['--once'])
    conf.set_override('source', source, group='hv_sched')
    conf.set_override('cold_move_keeps_disk', cold_move_keeps_disk,
                      group='hv_sched')
    conf.set_override('held_settle_time', 0, group='hv_sched')
    conf.set_override('heal_codes', list(heal_codes), group='hv_sched')
    conf.set_override('workers', 1, group='hv_sched')
    return passes.Agent(conf, *_clients(placement, api)).run()


def _clients(placement: Any, api: Any
             ) -> tuple[client.Placement, nova.NovaServers]:
    return placement_of(placement), nova_of(api)
