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

"""A real Placement that is asked once for what it answers the same again.

What a request is answered depends on the writes since the database was
restored; after equal writes the answer, and what stands, is remembered. Many
faults are followed by the same requests, which then cost nothing.
"""

import collections
import dataclasses
import io
import typing

from tests.chaos import placement_rows
from tests.chaos import services
from tests.functional import base
from tests.functional.base import Environ
from tests.functional.base import WireAnswer

# Copies of the database, some 300 kB each; the rest is written again.
_COPIES = 200
_FIELDS = ('REQUEST_METHOD', 'PATH_INFO', 'QUERY_STRING', 'CONTENT_TYPE',
           'HTTP_OPENSTACK_API_VERSION')
_Request = tuple[typing.Any, ...]


@dataclasses.dataclass(eq=False)
class Moment:
    """The database after some writes.

    :param before: the moment of the last write; None at first
    :param environ: the last write
    """

    before: 'Moment | None' = None
    environ: Environ | None = None
    answers: dict[_Request, WireAnswer] = dataclasses.field(
        default_factory=dict)
    after: dict[_Request, 'Moment'] = dataclasses.field(default_factory=dict)
    state: placement_rows.State | None = None


class RememberedPlacement:
    """It runs without Keystone, so our token is anybody's for it.

    :param service: of a running Placement
    :param application: whose database it writes
    :ivar now: which of the moments it is
    """

    def __init__(self, service: base.Service,
                 application: base.Application) -> None:
        self._service = service
        self._application = application
        self._first = self.now = Moment()
        # The moment the database stands at.
        self._actual = self._first
        self._copies: collections.OrderedDict[Moment, typing.Any] = (
            collections.OrderedDict())
        self._origin = application.copy()

    def restored(self) -> None:
        """The database is as it was at first."""
        self.now = self._actual = self._first

    def state(self) -> placement_rows.State:
        """What stands in it now."""
        if self.now.state is None:
            self._stand_at(self.now)
            self.now.state = placement_rows.read()
        return self.now.state

    def __call__(self, environ: Environ) -> WireAnswer:
        assert environ.get('HTTP_X_AUTH_TOKEN') in (services.TOKEN, None)
        body = environ['wsgi.input'].read()
        environ = {
            **environ, 'HTTP_X_AUTH_TOKEN': 'admin', 'SCRIPT_NAME': '',
            'BODY': body, 'PATH_INFO': environ['PATH_INFO'].removeprefix(
                services.PATHS['Placement'])}
        request = (body, *(environ.get(field) for field in _FIELDS))
        before = self.now
        if environ['REQUEST_METHOD'] != 'GET':
            self.now = before.after.setdefault(
                request, Moment(before, environ))
        if request not in before.answers:
            self._stand_at(before)
            before.answers[request] = self._answer(environ)
            self._actual = self.now
        return before.answers[request]

    def _answer(self, environ: Environ) -> WireAnswer:
        return self._service.answer({
            **environ, 'wsgi.input': io.BytesIO(environ['BODY'])})

    def _stand_at(self, moment: Moment) -> None:
        """Have the database stand as it did then."""
        if self._actual is not moment:
            self._go_back(moment)
            self._actual = moment
        if moment.before is not None:
            self._keep(moment)

    def _go_back(self, moment: Moment) -> None:
        missing = []
        while moment.before is not None and moment not in self._copies:
            missing.append(moment)
            moment = moment.before
        self._application.restore(self._copies.get(moment, self._origin))
        for written in reversed(missing):
            assert written.environ is not None
            self._answer(written.environ)

    def _keep(self, moment: Moment) -> None:
        if moment not in self._copies:
            self._copies[moment] = self._application.copy()
        self._copies.move_to_end(moment)
        if len(self._copies) > _COPIES:
            self._copies.popitem(last=False)


