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

"""A flapping capability: taken at once, given back after steady passes."""

import pytest

from hv_sched.features import catalogue
from hv_sched.placement import names
from hv_sched.providers import changes
from hv_sched.providers import debounce
from hv_sched.providers import plan as planning

SHIELDED = catalogue.SHIELDED_VM.trait
HA_SHIELDED = catalogue.ha_trait(catalogue.SHIELDED_VM)


class Node:
    """A provider that a running reconcile keeps right, pass after pass."""

    def __init__(self, passes, *traits, step=changes.Step.MARK_NODE):
        self.debounce = debounce.Debounce(passes)
        self.traits = frozenset(traits)
        self.step = step

    def one_pass(self, *wanted, attempts=1, applied=True):
        """What stands after a pass in which the source asks for wanted."""
        self.debounce.start_pass()
        for _attempt in range(attempts):
            plan = self.debounce.steady(
                self._plan(frozenset(wanted)), {'uuid': self.traits})
        if applied:
            for change in plan.changes:
                self.traits = change.after
        return self.traits

    def _plan(self, wanted):
        found = () if wanted == self.traits else (changes.SetTraits(
            self.step, 'uuid', 'hv01', before=self.traits, after=wanted),)
        return planning.Plan(clusters=(
            planning.ClusterPlan('hvc1', found),))


@pytest.mark.parametrize('trait', [SHIELDED, HA_SHIELDED])
def test_what_is_seen_first_counts_at_once(trait):
    assert Node(3).one_pass(trait) == {trait}


@pytest.mark.parametrize('passes', [1, 2, 3])
def test_a_feature_goes_at_once_and_comes_back_when_steady(passes):
    node = Node(passes, SHIELDED)
    assert node.one_pass() == set()
    for _number in range(passes - 1):
        assert node.one_pass(SHIELDED) == set()
    assert node.one_pass(SHIELDED) == {SHIELDED}


@pytest.mark.parametrize('trait', [names.PAUSED, names.REDIRECTED,
                                   names.NO_NEW_DISKS])
def test_what_closes_is_set_at_once_and_cleared_when_steady(trait):
    node = Node(2, step=changes.Step.MARK)
    assert node.one_pass(trait) == {trait}
    assert node.one_pass() == {trait}
    assert node.one_pass() == set()


@pytest.mark.parametrize('trait', [names.PAUSED, names.REDIRECTED,
                                   names.NO_NEW_DISKS])
def test_what_another_process_closed_opens_when_steady(trait):
    """The first answer tells that it is closed still: nothing is written."""
    node = Node(2, trait, step=changes.Step.MARK)
    assert node.one_pass(trait) == {trait}
    assert node.one_pass() == {trait}
    assert node.one_pass() == set()


def test_of_two_reasons_that_stood_each_waits_for_its_own_fact():
    reasons = [names.Closed.OFFLINE.trait, names.Closed.FLOOR.trait]
    node = Node(2, *reasons, step=changes.Step.MARK)
    assert node.one_pass(*reasons) == set(reasons)
    assert node.one_pass(reasons[0]) == set(reasons)
    assert node.one_pass(reasons[0]) == {reasons[0]}
    assert node.one_pass() == {reasons[0]}
    assert node.one_pass() == set()


def test_every_other_pass_is_never_steady():
    node = Node(2, SHIELDED)
    for number in range(12):
        assert node.one_pass(*([SHIELDED] if number % 2 else [])) == set()


def test_attempts_of_one_pass_are_one_observation():
    node = Node(2, SHIELDED)
    node.one_pass()
    assert node.one_pass(SHIELDED, attempts=5) == set()
    assert node.one_pass(SHIELDED) == {SHIELDED}


def test_what_is_steady_needs_no_second_proof_when_the_write_failed():
    node = Node(2, SHIELDED)
    node.one_pass()
    node.one_pass(SHIELDED)
    assert node.one_pass(SHIELDED, applied=False) == set()
    assert node.one_pass(SHIELDED) == {SHIELDED}


def test_what_somebody_else_took_away_comes_back_at_once():
    node = Node(2, SHIELDED)
    node.one_pass()
    for _number in range(3):
        node.one_pass(SHIELDED)
    node.traits = frozenset()
    assert node.one_pass(SHIELDED) == {SHIELDED}


def test_only_the_feature_waits_not_what_changes_besides():
    node = Node(2, SHIELDED)
    node.one_pass()
    assert node.one_pass(SHIELDED, 'CUSTOM_HYPERV_BUILD_17763') == {
        'CUSTOM_HYPERV_BUILD_17763'}


@pytest.mark.parametrize('step', [
    changes.Step.STRIP, changes.Step.FORGET_NODE])
def test_taking_away_all_that_is_ours_never_waits(step):
    node = Node(2)
    node.one_pass(names.PAUSED)
    node.step = step
    assert node.one_pass() == set()


def test_remotefx_goes_with_its_inventories_and_never_waits():
    trait = catalogue.REMOTEFX.trait
    node = Node(2, trait, step=changes.Step.MARK)
    node.one_pass()
    assert node.one_pass(trait) == {trait}
