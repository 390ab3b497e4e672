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

"""Why a request is refused, for its two readers.

The owner of the server reads the reason of "No valid host" in ``openstack
server show``: one sentence about what was asked for and can be changed,
without names of hosts, volumes and providers. The operator reads the details
in the log of nova-scheduler.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence

from nova import exception
from nova import objects

from hv_sched import printable
from hv_sched import requirements
from hv_sched.query import rules

TRY_LATER = ('The scheduler cannot read all it needs for this request; try '
             'again later')
FAULT = ('The scheduler failed to process this request; if it fails again, '
         'give its request ID to the operator')
# Nova keeps 255 characters of a fault, "No valid host was found. Scheduling
# failed: " among them.
_MAX_CHARACTERS = 205


class Refused(exception.RequestFilterFailed):  # type: ignore[misc]
    """No host can serve a request.

    :param reason: for the owner of the server
    :param details: for the operator, with the names of what is concerned
    """

    def __init__(self, reason: str, details: str) -> None:
        super().__init__(reason=reason)
        self.details = details


def details(error: exception.RequestFilterFailed) -> str:
    """What the operator is told of a refusal."""
    return error.details if isinstance(error, Refused) else reason(error)


def reason(error: exception.RequestFilterFailed) -> str:
    """What the user is told, without the words Nova puts before it."""
    return str(error.kwargs.get('reason', error))


def shown(text: str) -> str:
    """A reason as Nova may show it: one line, no longer than Nova keeps."""
    visible = printable.text(text)
    if len(visible) <= _MAX_CHARACTERS:
        return visible
    return visible[:_MAX_CHARACTERS - 3] + '...'


def sentence(introduction: str, causes: Sequence[str]) -> str:
    """As many of the causes as Nova shows, whole ones."""
    text = f'{introduction}: {causes[0]}'
    for number, cause in enumerate(causes[1:], 1):
        more = f' (and {len(causes) - number} more)'
        if len(f'{text}; {cause}{more}') > _MAX_CHARACTERS:
            return text + more
        text = f'{text}; {cause}'
    return text


def no_host_offers(demands: requirements.Requirements,
                   traits: Iterable[str]) -> str:
    """The sentence for a user who asks for what no host has."""
    return ('No host offers ' + ', '.join(rules.feature_names(demands, traits))
            + '; use another image or flavor')


def server(request_spec: objects.RequestSpec) -> str:
    """The server of a request, as log lines name it."""
    uuid = (request_spec.instance_uuid if 'instance_uuid' in request_spec
            else None)
    return f'Server {uuid}'
