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

"""JSON on standard error, without what is for terminals.

oslo.log ends each line with a terminal's reset of colours; since it has
``log_color`` only where that is set. No parser of JSON takes such a line.
"""

import functools
import logging

from oslo_log import handlers


def leave_out() -> None:
    """Have the handlers that colour write what their formatters make."""
    for handler in logging.root.handlers:
        if isinstance(handler, handlers.ColorHandler):
            handler.format = functools.partial(  # type: ignore[method-assign]
                logging.Handler.format, handler)
