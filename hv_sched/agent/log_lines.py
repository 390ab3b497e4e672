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

"""What several parts of the agent say of what they wrote, in the same words.

Each change goes to the log, to the metrics and among the last changes.
"""

from collections.abc import Iterable

from hv_sched import printable
from hv_sched.audit.heal import HealResult
from hv_sched.recovery.escrow_state import Restored
from hv_sched.status.recorder import Recorder

LOG = printable.logger(__name__)


def log_restored(changes: Iterable[Restored], recorder: Recorder) -> None:
    """Each share that was restored, released or resized."""
    for change in changes:
        text = _restored(change)
        LOG.info('%s', text)
        recorder.healed(change.action)
        recorder.changed('restore', text)


def _restored(change: Restored) -> str:
    return (f'{change.action.capitalize()} {change.gb} GB of '
            f'{change.consumer} on volume {change.volume}')


def log_healed(result: HealResult, recorder: Recorder) -> None:
    """What healing did, and what ended it."""
    if result.failure is not None:
        LOG.error('Healing ended: %s; the next pass tries again',
                  result.failure)
    for finding in result.done:
        text = (f'Healed {finding.code.value} of {finding.consumer} on '
                f'{finding.location} ({finding.gb} GB): {finding.remedy}')
        LOG.info('%s', text)
        recorder.healed(finding.code.value)
        recorder.changed('heal', text)
    for volume, gb in sorted(result.raised.items()):
        LOG.warning('Volume %s: over-allocated by %d GB, because its space '
                    'was allocated to other servers', volume, gb)
