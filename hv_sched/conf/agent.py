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

"""Options of hv-sched-agent, and how it reaches the cloud."""

from keystoneauth1 import loading
from oslo_config import cfg
from oslo_config import types

from hv_sched.conf import choices
from hv_sched.conf import numbers

AUTH_GROUP = 'keystone'
# Section of the configuration file: service type in the catalogue.
SERVICES = {'placement': 'placement', 'nova': 'compute'}

OPTS = [
    numbers.whole(
        'agent_interval', 1, numbers.DAY_SECONDS,
        default=60,
        help="""
Seconds between two passes of hv-sched-agent. A pass syncs the clusters and
restores shares that failed moves left held.
"""),
    numbers.whole(
        'held_settle_time', 0, numbers.DAY_SECONDS,
        default=10,
        help="""
Seconds for which Nova must know neither a server nor an open migration of
some escrow before it is released. A failing move closes its migration a
moment before it gives the escrow back to the server. So long a server is
also left out of an audit after a migration of it changed.
"""),
    numbers.whole(
        'audit_every', 0, 1000000,
        default=10,
        help="""
Every so many passes hv-sched-agent compares all shares with Nova's servers,
as ``csv audit`` does, and logs what is wrong. It costs a request for each
volume and two for each node. 0 switches it off.
"""),
    cfg.ListOpt(
        'heal_codes',
        item_type=types.String(
            choices=list(choices.SAFE_AUDIT_CODES)),
        default=[],
        help=f"""
What hv-sched-agent may put right of what its audit finds, as ``csv heal
--code`` does: {', '.join(choices.SAFE_AUDIT_CODES)}.
The operator's guide explains each. Escrow that failed moves left is restored
in any case, on every pass. Starting value: missing, wrong-node.
"""),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register what reaching the cloud needs, on the agent's own conf.

    Not for nova.conf, whose sections of these names are Nova's.
    """
    loading.register_session_conf_options(conf, AUTH_GROUP)
    loading.register_auth_conf_options(conf, AUTH_GROUP)
    for section, service_type in SERVICES.items():
        loading.register_adapter_conf_options(conf, section)
        for name, value in _defaults(service_type).items():
            conf.set_default(name, value, group=section)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """For oslo-config-generator: what ``register_opts`` registers.

    Of the ways to authenticate that with a user and a password.
    """
    return [(AUTH_GROUP, [
        *loading.get_auth_common_conf_options(),
        *loading.get_auth_plugin_conf_options('password'),
        *loading.get_session_conf_options()]),
        *((section, _service_opts(service_type))
          for section, service_type in SERVICES.items())]


def _service_opts(service_type: str) -> list[cfg.Opt]:
    opts = list(loading.get_adapter_conf_options(include_deprecated=False))
    for opt in opts:
        opt.default = _defaults(service_type).get(opt.dest, opt.default)
    return opts


def _defaults(service_type: str) -> dict[str, object]:
    return {'service_type': service_type,
            'valid_interfaces': ['internal', 'public']}
