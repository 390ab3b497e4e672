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

"""Random operations in random order: the table of shares always holds.

``pytest -m long tests/nova/test_moves_random.py`` tries each layout with
HV_SCHED_EXAMPLES walks (5), each of a seed it prints; HV_SCHED_SEED walks one
again, as far as Nova chooses the same.
"""

import os
import random

import hypothesis
from hypothesis import stateful
from hypothesis import strategies as st
import pytest

from tests.nova import random_cloud

pytestmark = pytest.mark.wide

LAYOUTS = ('one volume', 'two homes', 'placement chooses')
_MAX_SERVERS = 4
_MAX_DOWN = 2
_STEPS = 12
_PICK = st.integers(0, 11)


def _of(rule_servers):
    """The precondition that an operation is legal for some server."""
    return stateful.precondition(
        lambda self: self.cloud is not None and rule_servers(self.cloud))


class Walk(stateful.RuleBasedStateMachine):
    """Twelve operations on a cloud of four nodes and two volumes."""

    LAYOUT = LAYOUTS[0]
    KEEPS_DISK = False

    cloud = None

    @stateful.initialize(number=st.integers(0, 2 ** 16),
                         sizes=st.tuples(*[st.sampled_from(
                             (100, 150, 200, 300))] * 2))
    def start(self, number, sizes):
        # The simplest walk, all of it zeros, is not worth a cloud.
        hypothesis.assume(number)
        self.cloud = random_cloud.Cloud.up(self.LAYOUT, self.KEEPS_DISK)
        for gb in sizes:
            self.cloud.create(gb)

    @_of(lambda cloud: len(cloud.table.servers) < _MAX_SERVERS)
    @stateful.rule(gb=st.sampled_from((50, 100, 200, 300)))
    def create(self, gb):
        self.cloud.create(gb)

    @_of(lambda cloud: cloud.servers('ACTIVE'))
    @stateful.rule(pick=_PICK, end=st.sampled_from(('post', 'post', 'error',
                                                    'cancelled')),
                   refusals=st.sampled_from((0, 0, 1, 3)))
    def migrate_live(self, pick, end, refusals):
        self.cloud.migrate_live(self.one(pick, 'ACTIVE'), end, refusals)

    @_of(lambda cloud: cloud.servers('ACTIVE', 'SHUTOFF'))
    @stateful.rule(pick=_PICK)
    def migrate(self, pick):
        self.cloud.move_cold(self.one(pick, 'ACTIVE', 'SHUTOFF'))

    @_of(lambda cloud: cloud.to_resize())
    @stateful.rule(pick=_PICK, more_gb=st.sampled_from((-50, -50, 50, 150)))
    def resize(self, pick, more_gb):
        some = self.cloud.to_resize()
        uuid = some[pick % len(some)]
        server = self.cloud.table.servers[uuid]
        # Nova makes no root disk smaller than it was built with.
        if server.gb + more_gb >= server.built_gb:
            self.cloud.move_cold(uuid, more_gb)

    @_of(lambda cloud: cloud.servers('VERIFY_RESIZE'))
    @stateful.rule(pick=_PICK, confirms=st.booleans())
    def confirm_or_revert(self, pick, confirms):
        uuid = self.one(pick, 'VERIFY_RESIZE')
        if confirms:
            self.cloud.confirm(uuid)
        else:
            self.cloud.revert(uuid)

    @_of(lambda cloud: len(cloud.is_down) < _MAX_DOWN)
    @stateful.rule(host=st.sampled_from(random_cloud.Cloud.HOSTS))
    def crash(self, host):
        if host not in self.cloud.is_down:
            self.cloud.crash_one(host)

    @_of(lambda cloud: cloud.to_evacuate())
    @stateful.rule(pick=_PICK)
    def evacuate(self, pick):
        some = self.cloud.to_evacuate()
        self.cloud.evacuate_one(some[pick % len(some)])

    @_of(lambda cloud: cloud.is_down)
    @stateful.rule(pick=_PICK)
    def come_back(self, pick):
        some = sorted(self.cloud.is_down)
        self.cloud.come_back_one(some[pick % len(some)])

    @_of(lambda cloud: cloud.servers('ACTIVE', 'SHUTOFF'))
    @stateful.rule(pick=_PICK)
    def shelve(self, pick):
        self.cloud.shelve(self.one(pick, 'ACTIVE', 'SHUTOFF'))

    @_of(lambda cloud: cloud.servers('SHELVED_OFFLOADED'))
    @stateful.rule(pick=_PICK)
    def unshelve(self, pick):
        self.cloud.unshelve(self.one(pick, 'SHELVED_OFFLOADED'))

    @_of(lambda cloud: cloud.servers('ACTIVE', 'SHUTOFF'))
    @stateful.rule(pick=_PICK, rebuilds=st.booleans())
    def rebuild_or_switch(self, pick, rebuilds):
        uuid = self.one(pick, 'ACTIVE', 'SHUTOFF')
        if rebuilds:
            self.cloud.rebuild(uuid)
        else:
            self.cloud.stop_or_start(uuid)

    @_of(lambda cloud: cloud.to_delete())
    @stateful.rule(pick=_PICK)
    def delete(self, pick):
        some = self.cloud.to_delete()
        self.cloud.delete(some[pick % len(some)])

    @_of(lambda cloud: cloud.for_the_agent(full=False))
    @stateful.rule()
    def agent_passes(self):
        self.cloud.agent_passes(full=False)

    @_of(lambda cloud: cloud.for_the_agent(full=True))
    @stateful.rule()
    def agent_passes_in_full(self):
        self.cloud.agent_passes(full=True)

    @stateful.invariant()
    def the_table_holds(self):
        if self.cloud is not None:
            self.cloud.check()

    def one(self, pick, *states):
        some = self.cloud.servers(*states)
        return some[pick % len(some)]

    def teardown(self):
        if self.cloud is None:
            return
        try:
            self.cloud.delete_all()
        finally:
            self.cloud.down()


def walk(layout, keeps_disk, seed):
    """Walk once; a failure is told by its steps and not made shorter.

    Nova chooses as it likes, so a walk can't be repeated step by step, and
    hypothesis must not learn from one for the next.
    """
    machine = hypothesis.seed(seed)(type('Walk', (Walk,), {
        'LAYOUT': layout, 'KEEPS_DISK': keeps_disk}))
    stateful.run_state_machine_as_test(machine, settings=hypothesis.settings(
        max_examples=1, stateful_step_count=_STEPS, deadline=None,
        database=None, phases=(hypothesis.Phase.generate,),
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=False))


@pytest.mark.parametrize(('layout', 'keeps_disk'), [
    ('two homes', False), ('placement chooses', True)])
def test_a_walk(layout, keeps_disk):
    walk(layout, keeps_disk, seed=1)


@pytest.mark.long
@pytest.mark.parametrize('keeps_disk', [False, True])
@pytest.mark.parametrize('layout', LAYOUTS)
def test_many_walks(layout, keeps_disk, capsys):
    first = int(os.environ.get('HV_SCHED_SEED', random.randrange(2 ** 32)))
    for seed in range(first, first + int(
            os.environ.get('HV_SCHED_EXAMPLES', '5'))):
        with capsys.disabled():
            print(f'\n{layout}, disk kept {keeps_disk}: '
                  f'HV_SCHED_SEED={seed} HV_SCHED_EXAMPLES=1')
        walk(layout, keeps_disk, seed)
