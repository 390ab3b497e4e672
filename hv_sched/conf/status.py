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

"""Where hv-sched-agent shows its status: metrics, health and a page."""

from oslo_config import cfg
from oslo_config import types

from hv_sched.conf import numbers

OPTS = [
    numbers.whole(
        'status_port', 0, 65535,
        default=0,
        help="""
Port on which hv-sched-agent answers over HTTP: its status page at ``/``,
Prometheus metrics at ``/metrics``, ``/healthz`` and ``/readyz``. 0 (the
default) disables it. Suggested value: 9482. Requires ``pip install
'hv_sched[status]'``. SIGHUP applies a change of it, of ``status_address`` and
of the token.
"""),
    cfg.Opt(
        'status_address',
        type=types.IPAddress(),
        default='127.0.0.1',
        help="""
Address of this machine on which hv-sched-agent listens. An address other
than loopback requires ``status_token_file``: the page names volumes, nodes
and servers.
"""),
    cfg.ListOpt(
        'status_allowed_hosts',
        item_type=types.HostAddress(),
        default=[],
        help="""
Names and addresses by which browsers and Prometheus may ask for the status,
beside localhost, addresses of loopback and ``status_address`` itself (any
address, where that is 0.0.0.0 or ::). A request whose Host header has another
one is answered with 421, so that no foreign page can read the status by way of
a browser (DNS rebinding).
"""),
    cfg.StrOpt(
        'status_token_file',
        help="""
File with a token of at least 16 characters that ``/`` and ``/metrics`` ask
for, as ``Authorization: Bearer`` or as the password of any user; only its
owner may read it (mode 0600). The token crosses the network unencrypted: put
TLS in front. ``/healthz`` and ``/readyz`` answer without it, then without
reasons.
"""),
    numbers.whole(
        'doctor_every', 0, 1000000,
        default=20,
        help="""
Number of passes between two runs of the checks of ``csv doctor`` that need
no file, for the status of hv-sched-agent. They cost one or two requests for
each volume. 0 disables them; nothing is checked while ``status_port`` is 0.
"""),
]
