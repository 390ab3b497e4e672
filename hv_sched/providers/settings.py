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

"""What an operator decided about publishing, as one value.

The pure core takes this instead of an oslo.config object.
"""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Allow:
    """Surprising steps that were asked for by name.

    :param shrink: a volume may become smaller than what is allocated on it
    :param withdraw: any part of a cluster may go at once
    :param replace: a new disk may take the name of an unused old one
    """

    shrink: bool = False
    withdraw: bool = False
    replace: bool = False


@dataclasses.dataclass(frozen=True)
class Settings:
    """The options of ``hv_sched.conf.publish``; see their help there."""

    initial_csv_allocation_ratio: float = 1.0
    csv_allocation_ratio: float | None = None
    reserved_step_gb: int = 8
    floor_percent: int = 5
    floor_gb: int = 0
    floor_hysteresis_percent: int = 1
    max_withdraw_percent: int = 34
    max_image_traits: int = 100
    debounce_passes: int = 2
    stale_after: int = 3600
    workers: int = 8
    conflict_retries: int = 5
    allow: Allow = Allow()


def from_conf(conf: Any, allow: Allow | None = None) -> Settings:
    """Settings from a ConfigOpts that ``hv_sched.conf`` registered on."""
    group = conf.hv_sched
    values = {field.name: getattr(group, field.name)
              for field in dataclasses.fields(Settings)
              if field.name != 'allow'}
    return Settings(**values, allow=allow or Allow())
