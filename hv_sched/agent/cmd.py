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

"""``hv-sched-agent``: keeps Placement right, again and again."""

import signal
import sys
import threading

from oslo_config import cfg
from oslo_log import log as logging

from hv_sched import conf as options
from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import printable
from hv_sched.agent import clients
from hv_sched.agent import passes
from hv_sched.conf import agent as agent_options

LOG = printable.logger(__name__)

# Options of [keystone] that say who the agent is.
_IDENTITIES = ('username', 'user_id', 'application_credential_id',
               'application_credential_name')
_CLI = [
    cfg.BoolOpt(
        'once', default=False,
        help='Make one pass and exit: 0 all done; 1 an error; 3 a cluster '
             'needs "adopt" first; 4 something was refused, skipped or '
             'frozen'),
    cfg.MultiStrOpt(
        'pause-cluster', default=[], metavar='NAME',
        help='Leave a cluster alone: nothing of it is synced, and no share '
             'on its volumes restored or healed. May be given several times. '
             'Commands that an operator runs still work on it'),
]


def configure(arguments: list[str]) -> cfg.ConfigOpts:
    """The agent's options; /etc/hv_sched/hv_sched.conf by default."""
    conf = cfg.ConfigOpts()
    logging.register_options(conf)
    conf.register_cli_opts(_CLI)
    options.register_opts(conf)
    agent_options.register_opts(conf)
    conf(arguments, project='hv_sched', prog='hv-sched-agent')
    options.check(conf)
    return conf


def start_line(conf: cfg.ConfigOpts) -> str:
    """What it works on, how often and as whom."""
    options = conf.hv_sched
    auth = conf[agent_options.AUTH_GROUP]
    user = next((str(value) for name in _IDENTITIES
                 if name in auth and (value := auth[name])),
                f'auth_type {auth.auth_type}')
    return ('hv-sched-agent: '
            f'source {options.source or "none, so nothing is synced"}, a '
            f'pass every {options.agent_interval} seconds, as user {user}')


def main(arguments: list[str] | None = None) -> int:
    """The console script; returns the exit code."""
    try:
        conf = configure(sys.argv[1:] if arguments is None else arguments)
        logging.setup(conf, 'hv_sched')
        agent = passes.Agent(conf, *clients.connect(conf))
    except (exception.InvalidConfig, cfg.Error) as exc:
        print(printable.text(f'hv-sched-agent: {exception.told(exc)}'),
              file=sys.stderr)
        return exit_codes.ERROR
    LOG.info('%s', start_line(conf))
    if conf.once:
        return agent.run()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    agent.run_until(stop, conf.hv_sched.agent_interval)
    LOG.info('hv-sched-agent: stopped')
    return exit_codes.OK
