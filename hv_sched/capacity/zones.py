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

"""Availability zones that somebody names."""

from hv_sched import exception
from hv_sched.compute import lookups

# [DEFAULT]default_availability_zone: hosts that are in no other.
_DEFAULT = 'nova'


def check(zone: str | None, nova: lookups.Nova) -> None:
    """Nova's API refuses a zone that is not there, before any scheduling.

    :raises InvalidConfig: no host aggregate defines it
    """
    if not zone or zone == _DEFAULT:
        return
    try:
        aggregates = nova.aggregates()
    except exception.ServiceError:
        return  # the question names what could not be read
    zones = {str(aggregate.availability_zone) for aggregate in aggregates
             if aggregate.availability_zone}
    if zone not in zones:
        raise exception.InvalidConfig(
            f'Nova has no availability zone {zone}; host aggregates define '
            + (', '.join(sorted(zones)) or 'none'))
