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

"""A broker that is away is said once, and once when it is back.

oslo.messaging connects and reconnects by itself, for ever, tells nobody but
its log, and that on every attempt.
"""

import logging
from types import TracebackType

from hv_sched import printable

LOG = printable.logger(__name__)
# Another's logger, called so by oslo.log, which makes oslo_ to "oslo.": what
# it writes is filtered, nothing is written to it.
_DRIVER = 'oslo.messaging._drivers.impl_rabbit'
_BACK = 'Reconnected'


class BrokerLog(logging.Filter):
    """A filter of the driver's log, while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()

    def __enter__(self) -> 'BrokerLog':
        logging.root.getChild(_DRIVER).addFilter(self)
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 value: BaseException | None,
                 traceback: TracebackType | None) -> None:
        logging.root.getChild(_DRIVER).removeFilter(self)

    @property
    def is_away(self) -> bool:
        return bool(self._said)

    def connected(self) -> None:
        """Messages can be heard now."""
        if self._said:
            LOG.info('Events: the broker answers again')
        else:
            LOG.info('Events: listening to Nova')
        self._said.clear()

    def filter(self, record: logging.LogRecord) -> bool:
        """Each kind of failure passes once until the broker is back."""
        if _BACK in str(record.msg):
            if self._said:
                self.connected()
            return True
        if record.levelno < logging.ERROR:
            return True
        if not self._said:
            LOG.warning('Events: the broker does not answer; until it does, '
                        'changes wait for the next pass')
        is_new = str(record.msg) not in self._said
        self._said.add(str(record.msg))
        return is_new
