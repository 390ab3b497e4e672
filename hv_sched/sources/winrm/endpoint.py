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

"""One question to one node, over PowerShell Remoting. The only HTTP here.

pypsrp's ``invoke`` never returns while a command hangs on the node, since
Windows answers each poll in time: the deadline is our own, around
``poll_invoke``. What came before it is kept. A pool of runspaces left open
dies after two idle minutes (pypsrp issues 21, 53, 203): each question opens
one and closes it, also one that did not open, since a node counts them.

Imported when a source of this kind is read: pypsrp is an extra.
"""

from collections.abc import Iterator
import contextlib
import re
import time
from typing import Any

from pypsrp import complex_objects
from pypsrp import exceptions
from pypsrp import powershell
from pypsrp import wsman as wsman_client
import requests
from spnego import exceptions as spnego_exceptions

from hv_sched import exception
from hv_sched import http_deadline
from hv_sched import printable
from hv_sched.sources.windows import package
from hv_sched.sources.winrm import access as access_of
from hv_sched.sources.winrm import node_session
from hv_sched.sources.winrm.access import Access
from hv_sched.sources.winrm.questions import CONNECT_BUDGET_SECONDS
from hv_sched.sources.winrm.questions import NodeQuestion

LOG = printable.logger(__name__)
# Their debug lines hold tokens and whole answers, their errors a traceback of
# each request that was not answered. What goes wrong is raised, too.
printable.silence('pypsrp', 'spnego')

CONNECT_SECONDS = 5
# Windows answers a poll at the latest after the first of these; the second
# is longer, or each poll would end in an error.
_OPERATION_SECONDS = 10
_READ_SECONDS = 20
# 64 nodes with 8,000 servers take less than 4 MiB.
MAX_ANSWER_BYTES = 64 * 1024 ** 2


def ask(host: str, access: Access, question: NodeQuestion) -> str:
    """The lines a node answers; those that came before the deadline.

    :raises SourceUnavailable: it does not answer; says at which step, why,
        and what to do
    """
    with _errors(host, access), _wsman(host, access) as wsman:
        pool = _pool(wsman, access)
        try:
            with http_deadline.within(CONNECT_BUDGET_SECONDS):
                pool.open()
            return _answer(pool, access, question)
        finally:
            _close(pool, host)


def _close(pool: Any, host: str) -> None:
    """What came before is an answer, however the session ends."""
    try:
        pool.close()
    except Exception as exc:
        LOG.debug('Node %s: its session is not closed: %s', host, exc)


def _wsman(host: str, access: Access) -> Any:
    secrets: dict[str, Any] = {}
    access_of.check_readable(access.ca_file, access.certificate)
    if access.auth == access_of.CERTIFICATE:
        access_of.check_secret(str(access.certificate_key))
        secrets = {'certificate_pem': access.certificate,
                   'certificate_key_pem': access.certificate_key}
    elif access.username is not None:
        secrets = {'username': access.username,
                   'password': access.password()}
    # The SPN every domain member has is HTTP/<host>; WSMAN, pypsrp's
    # default, makes MIT Kerberos ask for host/<host>.
    wsman = wsman_client.WSMan(
        host, port=access.port, ssl=True, auth=access.auth,
        # A path is as good as True to requests.
        cert_validation=access.ca_file or True,  # type: ignore[arg-type]
        no_proxy=True,
        connection_timeout=CONNECT_SECONDS,
        operation_timeout=_OPERATION_SECONDS, read_timeout=_READ_SECONDS,
        # It asks again five times for what was not answered in time, and
        # pauses 114 s in all by default, past any deadline of ours.
        reconnection_retries=0, reconnection_backoff=0,
        negotiate_service='HTTP', **secrets)
    # pypsrp makes it at the first request otherwise.
    wsman.transport.session = wsman.transport._build_session()
    # Base64 of it, and envelopes.
    node_session.restrict(wsman.transport.session, 2 * MAX_ANSWER_BYTES)
    return wsman


def _pool(wsman: Any, access: Access) -> Any:
    return powershell.RunspacePool(
        wsman, configuration_name=access.configuration_name)


def _answer(pool: Any, access: Access, question: NodeQuestion) -> str:
    pipeline = powershell.PowerShell(pool)
    if access.is_jea:
        pipeline.add_cmdlet(question.function)
        for switch in question.switches:
            pipeline.add_parameter(switch, True)
    else:
        pipeline.add_script(f'{package.functions()}\n{question.call}\n')
    with http_deadline.within(question.seconds), _what_came_counts(pipeline):
        _poll(pipeline, question)
    return _lines(pipeline, question)


def _poll(pipeline: Any, question: NodeQuestion) -> None:
    end = time.monotonic() + question.seconds
    pipeline.begin_invoke()
    running = complex_objects.PSInvocationState.RUNNING
    while pipeline.state == running and time.monotonic() < end:
        pipeline.poll_invoke(timeout=1)
        _check_size(pipeline.output)


@contextlib.contextmanager
def _what_came_counts(pipeline: Any) -> Iterator[None]:
    """A node that falls silent ends the answer, not what came before."""
    try:
        yield
    except requests.Timeout:
        if not any(isinstance(line, str) for line in pipeline.output):
            raise


def _lines(pipeline: Any, question: NodeQuestion) -> str:
    lines = [line for line in pipeline.output if isinstance(line, str)]
    if not lines:
        raise exception.SourceUnavailable(_silence(pipeline, question))
    return '\n'.join(lines) + '\n'


def _silence(pipeline: Any, question: NodeQuestion) -> str:
    errors = [str(error) for error in pipeline.streams.error]
    if errors:
        return f'{question.function} failed: {errors[0][:200]}'
    return (f'{question.function} printed nothing within '
            f'{question.seconds:g} seconds')


def _check_size(output: list[Any]) -> None:
    size = sum(len(line) for line in output if isinstance(line, str))
    if size > MAX_ANSWER_BYTES:
        raise node_session.TooLarge


@contextlib.contextmanager
def _errors(host: str, access: Access) -> Iterator[None]:
    """Whatever is raised below becomes one error that names the node.

    pypsrp lets the exceptions of requests, of pyspnego and of GSSAPI pass;
    their texts may hold what a server sent, so they are cut and escaped.
    """
    try:
        yield
    except exception.InvalidConfig:
        raise
    except exception.SourceUnavailable as exc:
        raise exception.SourceUnavailable(f'node {host}: {exc}') from exc
    except Exception as exc:
        LOG.debug('Node %s: %s', host, exc, exc_info=True)
        reason, remedy = _explained(exc, host, access)
        kind = (exception.AccountRefused if _is_refusal(exc)
                else exception.SourceUnavailable)
        raise kind(f'node {host}: {reason}: {remedy}') from exc


def _is_refusal(exc: Exception) -> bool:
    """Whether it counts as a wrong password, also at a Kerberos KDC."""
    return isinstance(exc, exceptions.AuthenticationError) or (
        isinstance(exc, spnego_exceptions.SpnegoError)
        and _REFUSED_BY_KDC.search(str(exc)) is not None)


def _explained(exc: Exception, host: str, access: Access
               ) -> tuple[str, str]:
    """What is wrong and what to do, by the type of the exception."""
    reason, remedy = next(
        (words for kind, *words in _KINDS if isinstance(exc, kind)), _OTHER)
    words = {'text': _short(exc), 'host': host, 'port': access.port,
             'auth': access.auth, 'kind': type(exc).__name__,
             'code': getattr(exc, 'code', ''),
             'most': MAX_ANSWER_BYTES // 1024 ** 2}
    return reason.format(**words), remedy.format(**words)


# What MIT's library says of a key that is not, or no longer, the account's.
_REFUSED_BY_KDC = re.compile(
    'Preauthentication failed|credentials have been revoked'
    '|Decrypt integrity check failed|Password has expired')
# urllib3 wraps what went wrong, OpenSSL adds where in its source.
_CAUSE = re.compile(r'\(Caused by \w+\((.+?)\)+$')
_TLS = re.compile(r'\[[A-Z0-9_: ]+\] (.+?) \(_ssl\.c')
_MINOR = re.compile(r'Minor \(\d+\): (.+?)(?:, Context: .*)?$')
# The first that fits: SSLError and Timeout are ConnectionErrors, too.
_KINDS: tuple[tuple[type[Exception], str, str], ...] = (
    (node_session.TooLarge, 'the answer is larger than {most} MiB',
     'check that WinRM, and no proxy, listens on port {port}'),
    (requests.exceptions.TooManyRedirects,
     'it answers with a redirection, which is not followed',
     'check that WinRM, and no proxy, listens on port {port}'),
    (requests.exceptions.SSLError,
     'its certificate is not accepted ({text})',
     'check ca_file, the name the node is asked by, and the validity of the '
     'certificate'),
    (requests.exceptions.Timeout, 'it does not answer in time',
     'check that it is up and that port {port} is open'),
    (requests.exceptions.ConnectionError, 'no connection ({text})',
     'check its name, that it is up and that port {port} is open'),
    (ImportError, 'Python packages for {auth} are missing ({text})',
     "run \"pip install 'hv_sched[kerberos]'\""),
    (spnego_exceptions.SpnegoError, '{auth} fails ({text})',
     'check user and secret, for kerberos the keytab that KRB5_CLIENT_KTNAME '
     'names, krb5.conf, the clock, and that the node has the service '
     'principal HTTP/{host}'),
    (exceptions.AuthenticationError, 'the account is refused',
     'check user and secret, and that the account is not locked'),
    (exceptions.WSManFaultError,
     'WinRM refuses the request (code {code})',
     'check configuration_name, and that the account may use the endpoint'),
    (exceptions.WinRMTransportError, 'it answers HTTP {code}',
     'check that WinRM, and no proxy, listens on port {port}'),
)
_OTHER = ('{kind} ({text})',
          'check auth {auth}, and that WinRM listens on port {port}')


def _short(exc: Exception) -> str:
    text = ' '.join(str(exc).split())
    # Of GSSAPI's two messages the second says what is wrong.
    for pattern in (_MINOR, _TLS, _CAUSE):
        if found := pattern.search(text):
            text = found[1]
            break
    return printable.text(text)[:160]
