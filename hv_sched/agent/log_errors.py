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

"""A log that cannot be written ends no thread.

What a handler raises while it writes, it handles itself; what it raises when
it opens its file again, after a rotation or in a folder that is gone, comes
out of the call that logs.
"""

import logging

from hv_sched import log_handlers


def contain() -> None:
    """Let each handler there is report such errors as it reports others."""
    for handler in log_handlers.every():
        if not isinstance(handler.emit, _Emit):
            handler.emit = _Emit(handler)  # type: ignore[method-assign]


class _Emit:
    """What a handler does with a record, and with its own errors."""

    def __init__(self, handler: logging.Handler) -> None:
        self._handler = handler
        self._emit = handler.emit

    def __call__(self, record: logging.LogRecord) -> None:
        try:
            self._emit(record)
        except Exception:
            self._handler.handleError(record)
