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

"""A command with a fault on its way, and what it must not do."""

import contextlib
import copy
import dataclasses
import functools
import io
import itertools
import logging
import pathlib
import types
import typing

import fixtures
from openstackclient import shell
from osc_lib import exceptions as osc_exceptions
import stevedore
from wsgi_intercept import interceptor

from hv_sched.agent import cmd
from hv_sched.osc import base as osc_base
from hv_sched.upgrade_check import cmd as upgrade_cmd
from tests.chaos import commands
from tests.chaos import edge
from tests.chaos import other_region
from tests.chaos import placement_rows
from tests.chaos import remembered_placement
from tests.chaos import scenarios
from tests.chaos import services
from tests.functional import base

# Of a command's time a fifth: the packages' entry points are read once, and
# the environment has no proxy, nor the home a netrc.
_THE_SAME_FOR_EACH_RUN = {
    'cliff.commandmanager.stevedore': types.SimpleNamespace(
        ExtensionManager=functools.cache(stevedore.ExtensionManager)),
    'requests.sessions.get_environ_proxies': lambda *args, **kwargs: {},
    'requests.sessions.get_netrc_auth': lambda *args, **kwargs: None}


@dataclasses.dataclass(frozen=True)
class Run:
    """What became of a command.

    :ivar output: what it printed for programs
    :ivar messages: all else
    :ivar states: Placement before it, and after each of its writes
    :ivar written: what Nova and Glance were told
    """

    code: int
    output: str
    messages: str
    states: tuple[placement_rows.State, ...]
    written: typing.Any

    @property
    def end(self) -> placement_rows.State:
        return self.states[-1]

    def did_the_same(self, other: 'Run') -> bool:
        return (self.code == other.code and self.end == other.end
                and self.written == other.written)


class Lab(fixtures.Fixture):
    """A cloud, and commands that are run on it.

    :param placement: a running one
    :ivar name: what the command is called
    """

    def __init__(self, placement: base.Placement, command: commands.Command,
                 folder: pathlib.Path) -> None:
        super().__init__()
        self.name = ''
        self._command = command
        self._folder = folder
        self._numbers = itertools.count()
        self._scenario = scenarios.of(command.scenario, placement)
        self._placement = remembered_placement.RememberedPlacement(
            placement.service, base.application())
        self._nova = services.Nova(self._scenario.cloud,
                                   edge.endpoint_of('Nova'))
        self._glance = services.Glance(edge.endpoint_of('Glance'))
        self.edge = edge.Edge({
            'Keystone': services.Keystone({
                name: edge.endpoint_of(name) for name in services.PATHS}),
            'Placement': self._placement,
            'Nova': self._nova.answer, 'Glance': self._glance.answer})
        self.unforeseen: list[str] = []
        # What stood before, and what became of it.
        self._repetitions: list[tuple[typing.Any, Run]] = []
        self._first_written = self._written()

    @property
    def names_from(self) -> str:
        """The service without which what is shown lacks names alone."""
        return self._command.names_from

    @property
    def has_own_client(self) -> bool:
        """Whether a client of ours asks Keystone, not the shell's."""
        return self._command.program != commands.CSV

    @property
    def codes(self) -> tuple[int, ...]:
        """The exit codes the program documents."""
        return commands.CODES[self._command.program]

    def is_clients_own(self, site: edge.Site) -> bool:
        """Whether the client asks there before the command begins."""
        return site.service == 'Keystone' and not self.has_own_client

    def _setUp(self) -> None:
        self.useFixture(self.edge)
        for name, url in other_region.ENDPOINTS.items():
            addressed = interceptor.RequestsInterceptor(
                lambda name=name: other_region.application(name), url=url)
            addressed.install_intercept()
            self.addCleanup(addressed.uninstall_intercept)
        self.edge.after_write = self._note_state
        # osc_lib keeps each client for the one command a process runs.
        self.useFixture(fixtures.MonkeyPatch(
            'osc_lib.clientmanager.ClientCache.__get__',
            lambda cache, instance, owner: cache.factory(instance)))
        self.useFixture(fixtures.MonkeyPatch(
            'time.sleep', lambda seconds: None))
        self.useFixture(fixtures.MonkeyPatch(
            'hv_sched.osc.base.CsvCommand.run',
            self._watched(osc_base.CsvCommand.run)))
        for name, value in _THE_SAME_FOR_EACH_RUN.items():
            self.useFixture(fixtures.MonkeyPatch(name, value))
        logging.disable(logging.INFO)
        self.addCleanup(logging.disable, logging.NOTSET)
        self._source = self._folder / 'clusters.yaml'
        self._source.write_text(self._scenario.source)
        self._overrides = self._folder / 'overrides.yaml'
        self._overrides.write_text(scenarios.OVERRIDES)
        self._conf = self._folder / 'hv_sched.conf'
        self._conf.write_text(_CONF.format(
            source=self._source, password=services.PASSWORD,
            auth_url=f'{edge.endpoint_of("Keystone")}/v3'))
        self._conf.chmod(0o600)
        self.undisturbed = self.run()
        self.sites = dict(self.edge.sites)
        self.bounds = placement_rows.Bounds(self.undisturbed.states)
        self.repeated = self.run(restore=False)

    def is_as_at_first(self, run: Run) -> bool:
        """Whether a command changed nothing anywhere."""
        return run.end == self.undisturbed.states[0] and (
            run.written == self._first_written)

    def _watched(self, run: typing.Any) -> typing.Any:
        """Notes what gets out of a command and is no error of ours."""
        def watched(command: typing.Any, parsed_args: typing.Any) -> int:
            try:
                return int(run(command, parsed_args))
            except osc_exceptions.CommandError:
                raise
            except Exception as exc:
                self.unforeseen.append(f'{type(exc).__name__}: {exc}')
                raise
        return watched

    def _note_state(self) -> None:
        self._states.append(self._placement.state())

    def run(self, injection: edge.Injection | None = None,
            restore: bool = True) -> Run:
        """Run the command, from the beginning or on what stands."""
        if restore:
            self._scenario.restore()
            self._placement.restored()
            self._nova.reset()
            self._glance.reset()
        self.unforeseen.clear()
        self._states = [self._placement.state()]
        self.edge.start(injection)
        if injection and injection.fault.name == other_region.NAME:
            other_region.placement().restore()
        out, err = io.StringIO(), io.StringIO()
        handlers, level = logging.root.handlers[:], logging.root.level
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = self._run()
            finally:
                logging.root.handlers[:] = handlers
                logging.root.setLevel(level)
        self._note_state()
        return Run(code, out.getvalue(), err.getvalue(), tuple(self._states),
                   self._written())

    def again(self) -> Run:
        """Run the command on what stands, once for each such state.

        A command reads what it goes by, so from an equal state, generations
        aside, it does the same; many faults end in one of a few states.
        """
        begun = self._placement.state(), self._written()
        for before, run in self._repetitions:
            if before == begun:
                return run
        run = self.run(restore=False)
        self._repetitions.append((begun, run))
        return run

    def _written(self) -> typing.Any:
        """What Nova and Glance were told; the next run changes theirs."""
        return copy.deepcopy((self._nova.aggregates, self._glance.answers))

    def _run(self) -> int:
        if self._command.program == commands.AGENT:
            return cmd.main(['--config-file', str(self._conf), '--once'])
        if self._command.program == commands.UPGRADE:
            return upgrade_cmd.main(['--config-file', str(self._conf),
                                     'upgrade', 'check', '--json'])
        return int(shell.OpenStackShell().run([
            '--os-auth-type', 'password', '--os-auth-url',
            f'{edge.endpoint_of("Keystone")}/v3',
            '--os-username', 'u', '--os-password', services.PASSWORD,
            '--os-project-name', 'p', '--os-user-domain-id', 'default',
            '--os-project-domain-id', 'default', '--os-region-name', 'one',
            'resource', 'provider', 'csv', *(argument.format(
                source=self._source, overrides=self._overrides,
                file=self._folder
                / f'shares-{next(self._numbers)}.json')
                for argument in self._command.arguments),
            '--config-file', str(self._conf)]))


_CONF = '''
[hv_sched]
source = {source}
workers = 1
request_timeout = 5
held_settle_time = 0
heal_codes = missing,wrong-node,held
audit_every = 1
[keystone]
auth_type = password
auth_url = {auth_url}
username = u
password = {password}
project_name = p
user_domain_id = default
project_domain_id = default
'''
