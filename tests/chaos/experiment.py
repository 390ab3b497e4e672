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

import collections.abc
import contextlib
import copy
import dataclasses
import io
import itertools
import logging
import pathlib
import random
import re
import typing

import fixtures
from openstackclient import shell
from osc_lib import exceptions as osc_exceptions

from hv_sched.agent import cmd
from hv_sched.osc import base as osc_base
from tests.chaos import edge
from tests.chaos import faults
from tests.chaos import placement_rows
from tests.chaos import scenarios
from tests.chaos import services
from tests.chaos.commands import Command
from tests.functional import base

# What a message tells somebody to do, or what will be done without him.
_REMEDY = re.compile(
    r'run (it |this |the command |"[^"]+" )?again|next pass'
    r'|need the admin or service role|does the endpoint lead to it\?'
    r'|check the |"csv list" shows')
_CODES = (0, 1, 2, 3, 4)
_DONE = (0, 2)
_SECRETS = (services.PASSWORD, services.TOKEN)


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
    """

    def __init__(self, placement: base.Placement, command: Command,
                 folder: pathlib.Path) -> None:
        super().__init__()
        self._command = command
        self._folder = folder
        self._numbers = itertools.count()
        self._scenario = scenarios.of(command.scenario, placement)
        self._placement = services.RememberedPlacement(placement.service)
        self._nova = services.Nova(self._scenario.cloud,
                                   edge.endpoint_of('Nova'))
        self._glance = services.Glance(edge.endpoint_of('Glance'))
        self.edge = edge.Edge({
            'Keystone': services.Keystone({
                name: edge.endpoint_of(name) for name in services.PATHS}),
            'Placement': self._placement,
            'Nova': self._nova.answer, 'Glance': self._glance.answer})
        self.unforeseen: list[str] = []
        self._first_written = copy.deepcopy(
            (self._nova.aggregates, self._glance.answers))

    @property
    def names_from(self) -> str:
        """The service without which what is shown lacks names alone."""
        return self._command.names_from

    @property
    def is_agent(self) -> bool:
        return not self._command.arguments

    def is_clients_own(self, site: edge.Site) -> bool:
        """Whether the client asks there before the command begins."""
        return site.service == 'Keystone' and not self.is_agent

    def _setUp(self) -> None:
        self.useFixture(self.edge)
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
                   (self._nova.aggregates, self._glance.answers))

    def _run(self) -> int:
        if self.is_agent:
            return cmd.main(['--config-file', str(self._conf), '--once'])
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


def injections(lab: Lab) -> list[edge.Injection]:
    """Each fault at the first and the last occurrence of each call site,
    once and for good.
    """
    return [edge.Injection(fault, site, occurrence, lasts)
            for site, count in sorted(lab.sites.items())
            for fault in faults.FAULTS
            if fault.concerns(site) and not _hangs_the_client(
                lab, fault, site)
            for occurrence in sorted({1, count})
            for lasts in (False, True)
            # Once at any request is once at one of the others.
            if site.method != edge.ANY or lasts and occurrence == 1]


def _hangs_the_client(lab: Lab, fault: edge.Fault, site: edge.Site) -> bool:
    """Before a command begins the client gets its token; where Keystone's
    versions are refused it waits for itself for ever, in keystoneauth.
    """
    return (not lab.is_agent and fault.name == '401'
            and site.service == 'Keystone' and site.method != 'POST')


def sampled(pairs: list[edge.Injection], count: int, seed: str
            ) -> list[edge.Injection]:
    return random.Random(seed).sample(pairs, min(count, len(pairs)))


def each_at_writes(pairs: list[edge.Injection], seed: str
                   ) -> list[edge.Injection]:
    """Each fault once at each write, the seed says at which occurrence."""
    choices: dict[typing.Any, list[edge.Injection]] = {}
    for pair in pairs:
        if pair.site.is_write:
            choices.setdefault((pair.site, pair.fault.name), []).append(pair)
    chance = random.Random(seed)
    return [chance.choice(choice) for choice in choices.values()]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """:ivar outcome: a word for the statistics
    :ivar wrong: what must not be; empty for a command that did well
    """

    outcome: str
    wrong: tuple[str, ...]


def judge(lab: Lab, injection: edge.Injection) -> Verdict:
    """Run the command with a fault, and again without."""
    run = lab.run(injection)
    if not lab.edge.faults:
        return Verdict('not reached', ())
    wrong = [*_wrong_with(lab, run, injection),
             *(f'{site}: no deadline' for site in lab.edge.endless
               if not lab.is_clients_own(site))]
    same = run.did_the_same(lab.undisturbed)
    # What left all as it was is followed by the undisturbed command, and
    # what did all by its repetition.
    if not same and not lab.is_as_at_first(run) and not (
            run.end == lab.undisturbed.end
            and run.written == lab.undisturbed.written):
        wrong += _wrong_after(lab)
    if same and run.output == lab.undisturbed.output:
        return Verdict('as undisturbed', tuple(wrong))
    return Verdict(f'exit {run.code}', tuple(wrong))


def _wrong_with(lab: Lab, run: Run, injection: edge.Injection
                ) -> collections.abc.Iterator[str]:
    text = run.output + run.messages
    for state in run.states:
        yield from lab.bounds.faults(state)
    if run.code not in _CODES:
        yield f'exit code {run.code}'
    if lab.unforeseen or 'Traceback' in text or 'unexpectedly' in text:
        yield f'not foreseen: {lab.unforeseen or text}'
    if any(secret in text for secret in _SECRETS):
        yield f'a secret is printed: {text}'
    if run.code in _DONE and run.code == lab.undisturbed.code:
        if not injection.fault.is_credible(injection.site):
            yield from _undone(lab, run)
            yield from _other_output(lab, run, injection.site.service)
    elif not run.did_the_same(lab.undisturbed) and not lab.is_clients_own(
            injection.site):
        yield from _untold(injection.site.service, text)


def _untold(service: str, text: str) -> collections.abc.Iterator[str]:
    """What a message of something undone must say, and does not."""
    if service not in text:
        yield f'{service} is not named: {text}'
    if not _REMEDY.search(text):
        yield f'it does not say what to do: {text}'


def _undone(lab: Lab, run: Run) -> collections.abc.Iterator[str]:
    """What is missing although the exit code says that all is done."""
    difference = run.end - lab.undisturbed.end
    if difference:
        yield f'exit {run.code} although undone: {difference}'
    if run.written != lab.undisturbed.written:
        yield f'exit {run.code} although Nova or Glance was not told'


def _other_output(lab: Lab, run: Run, service: str
                  ) -> collections.abc.Iterator[str]:
    """What else is shown, unless it is names, and their service is told."""
    if not lab.is_as_at_first(lab.undisturbed) or (
            run.output == lab.undisturbed.output):
        return
    if service == lab.names_from:
        yield from _untold(service, run.messages)
    else:
        yield f'exit {run.code} with another output: {run.output}'


def _wrong_after(lab: Lab) -> collections.abc.Iterator[str]:
    """Of the same command once more, on what stands."""
    again = lab.run(restore=False)
    if again.code not in (lab.undisturbed.code, lab.repeated.code):
        yield (f'again: exit {again.code}, not {lab.undisturbed.code}: '
               f'{again.output}{again.messages}')
    difference = again.end - lab.undisturbed.end
    if difference:
        yield f'again: {difference}'
    if again.written != lab.undisturbed.written:
        yield f'again: {again.written}'
