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

"""What the handlers of a process's log write, whoever logged it.

keystoneauth logs the URL of a service with the password in it, and oslo.log
adds the exception that is being handled to a line.
"""

from collections.abc import Iterator
import logging
from typing import Any

from hv_sched import url_secrets


def every() -> Iterator[logging.Handler]:
    """The handlers there are now."""
    yield from logging.root.handlers
    for logger in list(logging.root.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield from logger.handlers


def mask_secrets() -> None:
    """Let no handler there is write a password of a URL."""
    for handler in (*every(), logging.lastResort):
        if handler and not isinstance(handler.format, _Masked):
            handler.format = _Masked(handler)  # type: ignore[method-assign]


class _Masked:
    """What a handler makes of a record."""

    def __init__(self, handler: logging.Handler) -> None:
        self._format = handler.format

    def __call__(self, record: logging.LogRecord) -> Any:
        line = _masked(self._format(record))
        # The journal is given it beside the line.
        record.exc_text = _masked(record.exc_text)
        return line


def _masked(value: Any) -> Any:
    """Of Fluentd's formatter a mapping."""
    if isinstance(value, str):
        return url_secrets.masked(value)
    if isinstance(value, dict):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value
