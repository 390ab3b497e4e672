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

"""hv_sched's host filters, ``hv_sched.filters.all_filters``.

They stand in ``hv_sched.conf.plugins``: Nova's loader would also take base
classes it finds.
"""

from typing import Any

from hv_sched.conf import plugins


def all_filters() -> list[Any]:
    """The filter classes, for ``[filter_scheduler]available_filters``.

    :raises cfg.Error: see plugins.load_checked
    """
    # Not for those who ask where nova is not installed.
    import nova.conf  # noqa: PLC0415
    return plugins.load_checked(plugins.FILTERS, nova.conf.CONF)
