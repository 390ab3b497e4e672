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

"""The walk of an agent that opens after several answers in a row."""

from hypothesis import stateful

from doc import imagined_placement
from hv_sched.placement import names
from hv_sched.providers import changes
from hv_sched.providers import debounce
from hv_sched.providers import gate
from tests.unit.providers import plan_walk


class PatientWalk(plan_walk.Walk):
    """The same of an agent that opens after PASSES answers in a row."""

    PASSES = 2

    def begin_agent(self):
        self.debounce = debounce.Debounce(self.PASSES)
        # Volumes that each of its answers would have open.
        self.asked_open = []

    @stateful.rule()
    def agent_dies(self):
        self.begin_agent()

    def _pass(self, facts, share=1.0):
        plan = self.placement.plan(facts, self.now)
        self.debounce.start_pass(self.now)
        before = self._closed_volumes()
        ordered = sorted(self.debounce.steady(plan, {
            uuid: provider.traits
            for uuid, provider in self.placement.providers.items()}).changes,
            key=lambda change: change.step)
        count = round(share * len(ordered))
        for change in ordered[:count]:
            gate.check(change)
            self.placement.apply(change)
            self._judge()
        self._judge_patience(plan, before)
        plan_walk.COUNTS['writes'] += count
        plan_walk.COUNTS['killed'] += count < len(ordered)
        if count < len(ordered):
            self.begin_agent()

    def _closed_volumes(self):
        return {uuid for uuid, provider in self.placement.providers.items()
                if names.VOLUME in provider.traits
                and names.NO_NEW_DISKS in provider.traits}

    def _judge_patience(self, plan, before):
        """What it saw closed opens when that was asked for often enough."""
        shut = {change.uuid for change in plan.changes
                if isinstance(change, changes.SetTraits)
                and names.NO_NEW_DISKS in change.after}
        opening = {change.uuid for change in plan.changes
                   if isinstance(change, changes.SetTraits)
                   and names.NO_NEW_DISKS in change.before - change.after}
        self.asked_open = [*self.asked_open, opening - shut][-self.PASSES:]
        for uuid in before - self._closed_volumes():
            if len(self.asked_open) == self.PASSES:
                assert all(uuid in asked for asked in self.asked_open), uuid

    def _judge_reach(self):
        """Being cut off is written at once, its end waits."""
        for disk in self.site.disks:
            uuid = plan_walk.volume_uuid(disk)
            volume = self.placement.providers.get(uuid)
            if volume is not None and names.SHARING in volume.traits:
                for name in disk.cut_off - self.site.absent:
                    assert names.cut_off_trait(uuid) in (
                        self.placement.providers[
                            imagined_placement.node_uuid(name)].traits)

    def mend(self):
        """It opens one answer later than it may."""
        self._connect()
        for _number in range(self.PASSES):
            self._pass(self._answer())
        super().mend()
