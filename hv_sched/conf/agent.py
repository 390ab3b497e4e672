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

"""How hv-sched-agent reaches other services: options of its file alone."""

from keystoneauth1 import loading
from oslo_config import cfg

from hv_sched.conf import coordination
from hv_sched.conf import events

AUTH_GROUP = 'keystone'
_SECTIONS = (coordination, events)
# Section of the configuration file: service type in the catalogue.
SERVICES = {'placement': 'placement', 'nova': 'compute'}


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
    for module in _SECTIONS:
        conf.register_opts(module.OPTS, group=module.GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """For oslo-config-generator: what ``register_opts`` registers.

    Of the ways to authenticate that with a user and a password.
    """
    return [(AUTH_GROUP, [
        *loading.get_auth_common_conf_options(),
        *loading.get_auth_plugin_conf_options('password'),
        *loading.get_session_conf_options()]),
        *((section, _service_opts(service_type))
          for section, service_type in SERVICES.items()),
        *((module.GROUP, list(module.OPTS)) for module in _SECTIONS)]


def _service_opts(service_type: str) -> list[cfg.Opt]:
    opts = list(loading.get_adapter_conf_options(include_deprecated=False))
    for opt in opts:
        opt.default = _defaults(service_type).get(opt.dest, opt.default)
    return opts


def _defaults(service_type: str) -> dict[str, object]:
    return {'service_type': service_type,
            'valid_interfaces': ['internal', 'public']}
