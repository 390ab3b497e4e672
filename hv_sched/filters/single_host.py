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

"""One host's answer, from a filter that judges all of them together."""

from collections.abc import Iterable
from typing import Any

from nova import exception
from nova import objects


class SingleHost:
    """``host_passes()`` for callers that do not call ``filter_all()``."""

    def filter_all(self, filter_obj_list: Iterable[Any],
                   spec_obj: 'objects.RequestSpec') -> Iterable[Any]:
        """See the filter's own."""
        raise NotImplementedError

    def host_passes(self, host_state: Any,
                    filter_properties: 'objects.RequestSpec') -> bool:
        """Whether the host would be left; see ``filter_all``."""
        try:
            return bool(list(self.filter_all([host_state],
                                             filter_properties)))
        except exception.NoValidHost:
            return False
