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

"""Options of hv_sched, one module per purpose; nothing is global.

``register_opts(conf)`` takes the ConfigOpts to register on: the commands
and the agent bring their own, the scheduler plug-ins bring Nova's.
"""

from oslo_config import cfg

from hv_sched.conf import agent
from hv_sched.conf import publish
from hv_sched.conf import scheduler
from hv_sched.conf import source

GROUP = 'hv_sched'
_MODULES = (source, publish, scheduler, agent)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register every option of hv_sched on conf."""
    for module in _MODULES:
        conf.register_opts(module.OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """For oslo-config-generator (entry point oslo.config.opts)."""
    return [(GROUP, [opt for module in _MODULES for opt in module.OPTS])]
