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

"""Commands that read a cluster over WinRM, with a fault at each kind of call.

The call sites are the WS-Management requests of a run without a fault. TLS
and PowerShell Remoting are real, on loopback. Nothing is opened, grown or
lost on the word of a node that is cut off; the next run ends as it should.
"""

import contextlib
import socket
import threading

from keystoneauth1 import session
from keystoneauth1 import token_endpoint
import pytest

from hv_sched.agent import cmd
from hv_sched.demo.windows import lab as labs
from hv_sched.demo.windows import simulated
from hv_sched.sources.winrm import clusters
from hv_sched.sources.winrm import endpoint
from tests import fault_record
from tests.chaos import placement_rows
from tests.chaos import refusals
from tests.functional import agent_conf
from tests.functional import base
from tests.functional import cloud as clouds
from tests.functional import command_line
from tests.functional import foreign_nova

pytestmark = pytest.mark.wide

NODE = 'HV-N01'
XML = 'application/soap+xml;charset=UTF-8'
# Of these the exit code and the words are right.
COMMANDS = {'collect over WinRM': ('collect',), 'sync over WinRM': ('sync',),
            'agent over WinRM': ()}


class Gone(ConnectionAbortedError):
    """The connection is closed; the server takes it for a client's."""


def send(handler, status, body, kind=XML, length=None, **headers):
    handler.send_response(status)
    for name, value in {'Content-Type': kind, 'Content-Length': str(
            len(body) if length is None else length), **headers}.items():
        handler.send_header(name.replace('_', '-'), value)
    handler.end_headers()
    handler.wfile.write(body)
    raise Gone


def close(handler):
    with contextlib.suppress(OSError):
        handler.connection.shutdown(socket.SHUT_RDWR)
    raise Gone


def close_after_acting(handler):
    handler.answer()
    close(handler)


def halfway(handler):
    body = handler.answer()
    send(handler, 200, body[:len(body) // 2], length=len(body))


def half_xml(handler):
    body = handler.answer()
    send(handler, 200, body[:len(body) // 2])


def other_types(handler):
    """XML, and none of WS-Management's."""
    handler.answer()
    send(handler, 200, b'<answer><number>seven</number></answer>')


def answered(status, body=refusals.HTML, kind='text/html', **headers):
    return lambda handler: send(handler, status, body, kind, **headers)


FAULTS = {
    '401': answered(401, b''), '403': answered(403, b''),
    '404 foreign': answered(404), '409 foreign': answered(409),
    '500': answered(500, b''), '502': answered(502),
    '503 Retry-After': answered(503, Retry_After='30'),
    'no connection': close, 'lost after acting': close_after_acting,
    'truncated': halfway, '200 empty': answered(200, b'', XML),
    '200 HTML': answered(200), '200 half XML': half_xml,
    '200 other types': other_types}


class Site:
    """A published cluster, and what its node says since.

    :ivar verbs: the calls of the last run
    """

    def __init__(self, placement, folder, lab):
        self.cloud = clouds.Cloud(placement)
        self.cluster = lab.clusters[0]
        self.cloud.register(*self.cluster.nodes)
        self._folder = folder
        self._lab = lab
        self._conf = agent_conf.write(
            folder, placement, source=lab.access_file, source_type='winrm',
            workers='1', request_timeout='5')
        self.injected = None
        self.hits = 0
        self.over = threading.Event()
        self.verbs = []
        lab.server.weather = self._weather
        code, text = self.run(COMMANDS['sync over WinRM'])
        assert code == 0, text
        self._before = base.application().copy()

    def _weather(self, handler):
        self.verbs.append(handler.verb)
        if self.injected and self.injected[0] in (handler.verb, 'each'):
            self.hits += 1
            self.injected[1](handler)

    def restore(self):
        base.application().restore(self._before)

    def silence(self, handler):
        self.over.wait(60)
        raise Gone

    def run(self, arguments, capsys=None):
        """Exit code, and all that was said."""
        clusters.of.cache_clear()
        self.verbs.clear()
        if not arguments:
            capsys.readouterr()
            code = cmd.main(['--config-file', self._conf, '--once'])
            return code, ''.join(capsys.readouterr())
        code, out, err = command_line.run_csv(
            self.cloud.placement.service.endpoint, *arguments, '-f', 'json',
            '--config-file', self._conf)
        return code, out + err


@contextlib.contextmanager
def placement_on_a_socket():
    """wsgi_intercept would stand in the way of TLS."""
    application = base.application()
    application.empty()
    service = base.Service(application.handle)
    with application.patched(), foreign_nova.on_a_socket(service) as url:
        service.endpoint = url
        client = base.Placement(session.Session(
            auth=token_endpoint.Token(url, 'admin')),
            service_type='placement')
        client.service = service
        yield client


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr('osc_lib.clientmanager.ClientCache.__get__',
                        lambda self, instance, owner: self.factory(instance))
    monkeypatch.setattr('tenacity.nap.time.sleep', lambda seconds: None)
    cluster = simulated.cluster('HV', nodes=1, volumes=1)
    with placement_on_a_socket() as placement, labs.running(
            [cluster], tmp_path) as lab:
        made = Site(placement, tmp_path, lab)
        yield made
        made.over.set()


def wrong_with(site, command, clean, bounds, capsys):
    """What must not be, after a run with a fault and one without."""
    code, text = site.run(COMMANDS[command], capsys)
    state = placement_rows.read()
    wrong = list(bounds.faults(state))
    if 'Traceback' in text or 'unexpectedly' in text:
        wrong.append(f'not foreseen: {text}')
    if code not in (0, 1, 3, 4):
        wrong.append(f'exit code {code}')
    if state != clean[1] and (code == 0 or NODE.lower() not in text.lower()):
        wrong.append(f'exit {code} does not name the node: {text}')
    outcome = ('as undisturbed' if (code, state) == clean
               else f'exit {code}')
    site.injected = None
    again = site.run(COMMANDS[command], capsys)[0], placement_rows.read()
    if again != clean:
        wrong.append(f'again: exit {again[0]}: {again[1] - clean[1]}')
    return outcome, wrong


def cases(site, is_whole):
    verbs = sorted({*site.verbs}) if is_whole else ['Receive']
    yield from ((verb, name, fault) for verb in verbs
                for name, fault in FAULTS.items())


def assert_nothing_is_wrong(site, command, capsys, record_property, is_whole):
    site.cluster.nodes[NODE].state = 'Paused'
    site.run(COMMANDS['sync over WinRM'])
    site._before = base.application().copy()
    site.cluster.nodes[NODE].state = 'Up'
    before = placement_rows.read()
    clean = site.run(COMMANDS[command], capsys)[0], placement_rows.read()
    assert clean[0] == 0, clean
    assert command.startswith('collect') or clean[1] != before
    bounds = placement_rows.Bounds([before, clean[1]])
    injections = list(cases(site, is_whole))
    counts = fault_record.Counts(
        command, len({*site.verbs}), len(site.verbs),
        len({*site.verbs}) * len(FAULTS))
    found = {}
    for verb, name, fault in injections:
        site.restore()
        site.injected, site.hits = (verb, fault), 0
        outcome, wrong = wrong_with(site, command, clean, bounds, capsys)
        assert site.hits, (verb, name)
        counts.add(name, fault_record.VIOLATION if wrong else outcome)
        if wrong:
            found[verb, name] = wrong
    counts.note(record_property, is_sample=not is_whole)
    assert not found, found


@pytest.mark.parametrize('command', ['sync over WinRM'])
def test_a_fault_of_an_answer_opens_nothing_and_is_told(
        site, command, capsys, record_property):
    assert_nothing_is_wrong(site, command, capsys, record_property, False)


@pytest.mark.faults
@pytest.mark.parametrize('command', COMMANDS)
def test_every_fault_at_every_call_opens_nothing_and_is_told(
        site, command, capsys, record_property):
    assert_nothing_is_wrong(site, command, capsys, record_property, True)


def test_a_node_that_falls_silent_costs_its_deadline(
        site, capsys, monkeypatch):
    monkeypatch.setattr(endpoint, 'CONNECT_BUDGET_SECONDS', 0.5)
    site.injected = 'Create', site.silence
    code, text = site.run(COMMANDS['sync over WinRM'], capsys)
    assert code in (1, 4) and NODE.lower() in text.lower(), text
