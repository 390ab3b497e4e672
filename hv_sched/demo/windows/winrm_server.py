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

"""A WinRM endpoint on loopback: TLS, WS-Management, PowerShell Remoting.

The server's half of the PowerShell Remoting Protocol is psrpcore's; here is
the transport: runspace pools are shells, their fragments go base64-encoded
in SOAP envelopes (MS-WSMV, MS-PSRP). What a pipeline answers is a function
of the command alone, so that a simulated cluster can stand behind it.
"""

import base64
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import dataclasses
import http.server
import ssl
import threading
from typing import Any
import uuid
import xml.etree.ElementTree as ET

import psrpcore
import spnego

from hv_sched.demo.windows.certificates import Pair

_NAMES = {
    's': 'http://www.w3.org/2003/05/soap-envelope',
    'a': 'http://schemas.xmlsoap.org/ws/2004/08/addressing',
    'w': 'http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd',
    'x': 'http://schemas.xmlsoap.org/ws/2004/09/transfer',
    'rsp': 'http://schemas.microsoft.com/wbem/wsman/1/windows/shell',
    'pw': 'http://schemas.microsoft.com/powershell'}
_DECLARED = ' '.join(f'xmlns:{prefix}="{uri}"'
                     for prefix, uri in _NAMES.items())
_MUTUAL = 'http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual'
# Whole fragments only: a client cannot join the halves of one.
_FRAGMENT_BYTES = 100_000
_TIMED_OUT = '2150858793'
_NO_CONFIGURATION = '2150858843'


@dataclasses.dataclass(frozen=True)
class Command:
    """What a pipeline runs.

    :param call: name of the function; of a script, its last line's
    :param switches: set on it
    :param script: the whole script, empty for a command of JEA
    :param host: the name the node was asked by
    """

    call: str
    switches: tuple[str, ...]
    script: str
    host: str = dataclasses.field(default='', compare=False)


class Hangs(Exception):
    """The command goes on for ever after these lines."""

    def __init__(self, *lines: str) -> None:
        super().__init__()
        self.lines = lines


Answer = Callable[[Command], list[str]]
Headers = tuple[tuple[str, str], ...]
# (status, headers) of a request: 200 lets it in.
Gate = Callable[['_Handler'], tuple[int, Headers]]


class _Fault(Exception):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class _Shell:
    """A pool of runspaces with its pipelines."""

    def __init__(self, answer: Answer, payload: bytes, host: str) -> None:
        self._pool = psrpcore.ServerRunspacePool()
        self._answer = answer
        self._host = host
        self._fragments: dict[uuid.UUID | None, list[bytes]] = {}
        self.feed(payload)

    def feed(self, data: bytes, pipeline: uuid.UUID | None = None) -> None:
        self._pool.receive_data(psrpcore.PSRPPayload(
            data, psrpcore.StreamType.default, pipeline))
        while (event := self._pool.next_event()) is not None:
            if isinstance(event, psrpcore.CreatePipelineEvent):
                self._run(event)
        while (out := self._pool.data_to_send(_FRAGMENT_BYTES)) is not None:
            self._fragments.setdefault(out.pipeline_id, []).append(out.data)

    def begin(self, pipeline: uuid.UUID, data: bytes) -> None:
        psrpcore.ServerPipeline(self._pool, pipeline)
        self.feed(data, pipeline)

    def next_fragment(self, pipeline: uuid.UUID | None) -> bytes:
        waiting = self._fragments.get(pipeline)
        return waiting.pop(0) if waiting else b''

    def is_running(self, pipeline: uuid.UUID) -> bool:
        return bool(self._fragments.get(pipeline)) or (
            self._pool.pipeline_table[pipeline].state.name == 'Running')

    def _run(self, event: Any) -> None:
        pipeline = self._pool.pipeline_table[event.pipeline_id]
        pipeline.start()
        try:
            lines = self._answer(dataclasses.replace(
                _command(event.pipeline), host=self._host))
        except Hangs as exc:
            for line in exc.lines:
                pipeline.write_output(line)
            return
        for line in lines:
            pipeline.write_output(line)
        pipeline.complete()


def _command(pipeline: Any) -> Command:
    [command] = pipeline.commands
    if command.is_script:
        words = command.command_text.split('\n')[-2].split()
        return Command(words[0], tuple(word[1:] for word in words[1:]),
                       command.command_text)
    switches = tuple(name for name, value in command.parameters if value)
    return Command(command.command_text, switches, '')


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server: 'WinrmServer'
    message = b''

    def log_message(self, *_: Any) -> None:
        """Nothing on standard error."""

    @property
    def asked_host(self) -> str:
        """The name the client knows this node by."""
        return str(self.headers.get('Host', '')).partition(':')[0]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.message = body
        self.server.requests += 1
        status, headers = self.server.gate(self)
        if status != 200:
            self._reply(status, b'', headers)
            return
        if self.server.weather is not None:
            weather = self.server.weather(self)
            if weather is not None:
                self._reply(*weather, headers)
                return
        try:
            self._reply(200, self.answer(), headers)
        except _Fault as exc:
            self._reply(500, _fault(exc), headers)

    @property
    def verb(self) -> str:
        """What the message asks for: Create, Command, Receive..."""
        return ET.fromstring(self.message).findtext(
            's:Header/a:Action', '', _NAMES).rsplit('/', 1)[1]

    def answer(self) -> bytes:
        """Do what the message asks for."""
        root = ET.fromstring(self.message)
        action = root.findtext('s:Header/a:Action', '', _NAMES)
        message = root.findtext('s:Header/a:MessageID', '', _NAMES)
        body = root.find('s:Body', _NAMES)
        verb = action.rsplit('/', 1)[1]
        shell_id = root.findtext(
            's:Header/w:SelectorSet/w:Selector[@Name="ShellId"]', '', _NAMES)
        uri = root.findtext('s:Header/w:ResourceURI', '', _NAMES)
        content = self.server.act(verb, body, shell_id, uri,
                                  self.asked_host)
        return (f'<s:Envelope {_DECLARED}><s:Header>'
                f'<a:Action>{action}Response</a:Action>'
                f'<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID>'
                f'<a:RelatesTo>{message}</a:RelatesTo></s:Header>'
                f'<s:Body>{content}</s:Body></s:Envelope>').encode()

    def _reply(self, status: int, data: bytes, headers: Headers) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header('Content-Type', 'application/soap+xml;charset=UTF-8')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _fault(exc: _Fault) -> bytes:
    return (f'<s:Envelope {_DECLARED} xmlns:f="http://schemas.microsoft.com/'
            'wbem/wsman/1/wsmanfault"><s:Body><s:Fault><s:Code><s:Value>'
            's:Sender</s:Value><s:Subcode><s:Value>w:InternalError</s:Value>'
            f'</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">{exc}'
            f'</s:Text></s:Reason><s:Detail><f:WSManFault Code="{exc.code}" '
            f'Machine="node"><f:Message>{exc}</f:Message></f:WSManFault>'
            '</s:Detail></s:Fault></s:Body></s:Envelope>').encode()


class WinrmServer(http.server.ThreadingHTTPServer):
    """:param answer: what a pipeline prints
    :param configurations: names of the session configurations it has
    :ivar requests: how many came
    :ivar weather: (status, body) in place of an answer; None lets it be
    """

    daemon_threads = True

    def __init__(self, answer: Answer, gate: Gate,
                 configurations: tuple[str, ...]) -> None:
        super().__init__(('127.0.0.1', 0), _Handler)
        self.gate = gate
        self.requests = 0
        self.commands: list[Command] = []
        self.weather: Callable[[Any], tuple[int, bytes] | None] | None = None
        self.authenticated: dict[int, Any] = {}
        self._answer = answer
        self._configurations = configurations
        self._shells: dict[str, _Shell] = {}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""

    def open_shells(self) -> int:
        """Pools of runspaces nobody has closed."""
        return len(self._shells)

    def act(self, verb: str, body: Any, shell_id: str, uri: str, host: str
            ) -> str:
        """The body of the answer to one request."""
        if verb == 'Create':
            return self._create(body.find('rsp:Shell', _NAMES), uri, host)
        if verb == 'Delete':
            self._shells.pop(shell_id, None)
            return ''
        if verb == 'Signal':
            return '<rsp:SignalResponse/>'
        shell = self._shells[shell_id]
        if verb == 'Command':
            return self._begin(shell, body.find('rsp:CommandLine', _NAMES))
        if verb == 'Receive':
            return self._receive(shell, body.find(
                'rsp:Receive/rsp:DesiredStream', _NAMES).get('CommandId'))
        raise _Fault('2150858817', f'{verb} is not simulated')

    def _create(self, element: Any, uri: str, host: str) -> str:
        if uri.rsplit('/', 1)[1] not in self._configurations:
            raise _Fault(_NO_CONFIGURATION, 'no such configuration')
        shell_id = element.get('ShellId')
        self._shells[shell_id] = _Shell(self._recorded, base64.b64decode(
            element.findtext('pw:creationXml', '', _NAMES)), host)
        return (f'<x:ResourceCreated><a:ReferenceParameters><w:SelectorSet>'
                f'<w:Selector Name="ShellId">{shell_id}</w:Selector>'
                f'</w:SelectorSet></a:ReferenceParameters>'
                f'</x:ResourceCreated><rsp:Shell><rsp:ShellId>{shell_id}'
                f'</rsp:ShellId><rsp:ResourceUri>{uri}</rsp:ResourceUri>'
                f'<rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut></rsp:Shell>')

    def _recorded(self, command: Command) -> list[str]:
        self.commands.append(command)
        return self._answer(command)

    @staticmethod
    def _begin(shell: _Shell, element: Any) -> str:
        command_id = element.get('CommandId')
        shell.begin(uuid.UUID(command_id), b''.join(
            base64.b64decode(each.text)
            for each in element.findall('rsp:Arguments', _NAMES)))
        return (f'<rsp:CommandResponse><rsp:CommandId>{command_id}'
                '</rsp:CommandId></rsp:CommandResponse>')

    @staticmethod
    def _receive(shell: _Shell, command_id: str | None) -> str:
        pipeline = None if command_id is None else uuid.UUID(command_id)
        fragment = shell.next_fragment(pipeline)
        if not fragment and pipeline and shell.is_running(pipeline):
            # What Windows says while a command goes on.
            raise _Fault(_TIMED_OUT, 'the time of the operation is over')
        attribute = f' CommandId="{command_id}"' if command_id else ''
        stream = (f'<rsp:Stream Name="stdout"{attribute}>'
                  f'{base64.b64encode(fragment).decode()}</rsp:Stream>'
                  if fragment else '')
        if pipeline is None:
            return f'<rsp:ReceiveResponse>{stream}</rsp:ReceiveResponse>'
        state = 'Running' if shell.is_running(pipeline) else 'Done'
        return (f'<rsp:ReceiveResponse>{stream}<rsp:CommandState{attribute} '
                f'State="{_NAMES["rsp"]}/CommandState/{state}"/>'
                '</rsp:ReceiveResponse>')


def _negotiated(handler: Any, protocol: str) -> tuple[int, Headers]:
    """One security context a connection."""
    known = handler.server.authenticated
    key = id(handler.connection)
    if known.get(key) is True:
        return 200, ()
    token = handler.headers.get('Authorization', '')
    if not token.startswith('Negotiate '):
        return 401, (('WWW-Authenticate', 'Negotiate'),)
    try:
        context = known.get(key) or spnego.server(
            protocol=protocol, hostname=handler.asked_host, service='HTTP')
        known[key] = context
        out = context.step(base64.b64decode(token.partition(' ')[2]))
    except spnego.exceptions.SpnegoError:
        known.pop(key, None)
        return 401, (('WWW-Authenticate', 'Negotiate'),)
    header = (('WWW-Authenticate',
               f'Negotiate {base64.b64encode(out or b"").decode()}'),)
    if context.complete:
        known[key] = True
        return 200, header
    return 401, header


def ntlm(handler: Any) -> tuple[int, Headers]:
    """Lets in whom NTLM_USER_FILE names."""
    return _negotiated(handler, 'ntlm')


def kerberos(handler: Any) -> tuple[int, Headers]:
    """Lets in who has a ticket for a service of KRB5_KTNAME."""
    return _negotiated(handler, 'kerberos')


def client_certificate(handler: Any) -> tuple[int, Headers]:
    """Lets in whoever shows a certificate of the authority."""
    if handler.connection.getpeercert() and (
            handler.headers.get('Authorization') == _MUTUAL):
        return 200, ()
    return 401, (('WWW-Authenticate', 'Negotiate'),)


@contextlib.contextmanager
def serving(answer: Answer, pair: Pair, gate: Gate,
            configurations: tuple[str, ...] = ('Microsoft.PowerShell',),
            client_ca: str | None = None) -> Iterator[WinrmServer]:
    """An endpoint while the block runs.

    :param client_ca: of the authority that signs the clients' certificates
    """
    server = WinrmServer(answer, gate, configurations)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
