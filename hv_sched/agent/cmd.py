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

from importlib import metadata
import sys
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from hv_sched import conf as options
from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import log_handlers
from hv_sched import printable
from hv_sched import sources
from hv_sched.agent import clients
from hv_sched.agent import log_colours
from hv_sched.agent import log_errors
from hv_sched.agent import passes
from hv_sched.agent import service
from hv_sched.agent import watching
from hv_sched.conf import agent as agent_options
from hv_sched.conf import command_line
from hv_sched.conf import exposed_secrets
from hv_sched.placement import transport
from hv_sched.status.recorder import Recorder

LOG = printable.logger(__name__)

_PROGRAM = 'hv-sched-agent'
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
    log_handlers.mask_secrets()  # until the options say how to log
    conf.register_cli_opts(_CLI)
    options.register_opts(conf)
    agent_options.register_opts(conf)
    command_line.parse(conf, arguments, _PROGRAM)
    options.check(conf)
    return conf


def start_line(conf: cfg.ConfigOpts) -> str:
    """What it works on, how often, as whom, and what it speaks to whom.

    :raises InvalidConfig: section [keystone] does not say how
    """
    options = conf.hv_sched
    auth = conf[agent_options.AUTH_GROUP]
    user = next((str(value) for name in _IDENTITIES
                 if name in auth and (value := auth[name])),
                f'auth_type {auth.auth_type}')
    return (f'hv-sched-agent {metadata.version("hv_sched")}: '
            f'source {options.source or "none, so nothing is synced"}, a '
            f'pass every {options.agent_interval} seconds, as user {user}, '
            f'Placement microversion {transport.MICROVERSION}, newest there: '
            + clients.newest_microversion(conf)
            + (f', status on {_url(options)}' if options.status_port else ''))


def _url(options: Any) -> str:
    address = options.status_address
    return (f'http://{f"[{address}]" if ":" in address else address}:'
            f'{options.status_port}/')


def make_agent(arguments: list[str], recorder: Recorder | None = None,
               former: passes.Agent | None = None,
               watch: watching.Watching | None = None
               ) -> tuple[cfg.ConfigOpts, passes.Agent]:
    """An agent of what the files say now.

    :param recorder: what it reports to, as the former one did
    :param former: one that it takes over from
    :param watch: what shows its status, as the files say now, too
    :raises InvalidConfig, cfg.Error: the configuration cannot be used
    :raises InvalidFacts: nothing in the source can; a first agent waits
        until it can
    """
    conf = configure(arguments)
    recorder = recorder or Recorder()
    agent = passes.Agent(conf, *clients.connect(conf), recorder)
    if former is not None:
        if conf.hv_sched.source:
            sources.check(conf.hv_sched)
    try:
        _log_as(conf)
        if watch is not None and not conf.once:
            watch.follow(conf, clients.connect(conf)[0])
    except exception.InvalidConfig:
        if former is not None:
            _log_as(former.conf)
        raise
    if former is not None:
        agent.take_over(former)
    recorder.every(conf.hv_sched.agent_interval)
    LOG.info('%s', start_line(conf))
    if former is None:
        _warn_of_exposed_secrets(arguments)
    return conf, agent


def _warn_of_exposed_secrets(arguments: list[str]) -> None:
    for path, names in exposed_secrets.options_in(
            command_line.files(arguments, _PROGRAM)).items():
        LOG.warning('%s holds %s, and its mode lets everybody on this machine '
                    'read it: %s', path, ', '.join(names),
                    exposed_secrets.REMEDY.replace('FILE', path))


def _log_as(conf: cfg.ConfigOpts) -> None:
    """Log as the options say.

    :raises InvalidConfig: nothing can be logged so, nor as before
    """
    if (conf.log_rotation_type.lower() == 'interval'
            and conf.log_rotate_interval < 1
            and conf.log_rotate_interval_type.lower() != 'weekday'):
        # Python's handler would look for the next rotation for ever. A
        # weekday is a number from 0 on, which it checks itself.
        raise exception.InvalidConfig(
            'logging: log_rotation_type is interval, and log_rotate_interval '
            f'{conf.log_rotate_interval}: it has to be 1 or more')
    try:
        logging.setup(conf, 'hv_sched')
    except Exception as exc:
        # Of an unknown level a ValueError, of a facility a TypeError, of a
        # journal that is not there a RuntimeError, of handlers any other.
        raise exception.InvalidConfig(f'logging: {exc}') from exc
    if conf.use_json:
        log_colours.leave_out()
    log_handlers.mask_secrets()
    log_errors.contain()


def main(arguments: list[str] | None = None) -> int:
    """The console script; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    recorder = Recorder()
    watch = watching.Watching(recorder)
    daemon = service.Daemon(
        lambda former: make_agent(arguments, recorder, former, watch)[1])
    if '--once' not in arguments:
        daemon.keep_reloads()
    try:
        conf, agent = make_agent(arguments, recorder, watch=watch)
    except (exception.InvalidConfig, cfg.Error) as exc:
        print(printable.text(f'hv-sched-agent: {exception.told(exc)}'),
              file=sys.stderr)
        return exit_codes.ERROR
    if conf.once:
        return agent.run()
    watch.start()
    code = daemon.run(agent)
    watch.stop()
    return code
