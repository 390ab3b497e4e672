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

"""Nothing widens but through the gate, told by a judge of its own."""

import ast
import dataclasses
import itertools
import pathlib

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import exception
from hv_sched.placement import home_traits
from hv_sched.placement import ids
from hv_sched.placement import names
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import changes
from hv_sched.providers import gate
from hv_sched.providers.changes import Step
from hv_sched.providers.changes import Widening
from tests.widening import CLOSERS
from tests.widening import OFFERS
from tests.widening import widens

UUID = 'aaaaaaaa-0000-4000-8000-000000000001'
HOME = ids.home_aggregate(UUID)
CLUSTER = ids.cluster_aggregate('g')
ALL = gate.Evidence(is_told=True, disks_closed=True, identity_clear=True,
                    size_agrees=True, is_allowed=True, is_closed=True)


inventories = st.builds(
    lambda total, share, unit, ratio: Inventory(
        total, int(total * share), max_unit=unit, allocation_ratio=ratio),
    st.integers(1, 1000), st.floats(0, 1), st.integers(1, 1000),
    st.sampled_from([1e-7, 0.5, 1.0, 1.5]))
traits = st.frozensets(st.sampled_from([
    *CLOSERS, *OFFERS, names.CLUSTERED, names.VOLUME, 'CUSTOM_GOLD',
    *home_traits.traits_of([UUID]), names.disk_trait(UUID)]))
aggregates = st.frozensets(st.sampled_from([HOME, CLUSTER, 'other']))


@st.composite
def sets_of_inventories(draw):
    rc = draw(st.sampled_from(['DISK_GB', 'CUSTOM_REMOTEFX_VRAM_MB']))
    before = draw(st.none() | inventories)
    held = ({names.HELD_DISK_GB: Inventory(5)} if draw(st.booleans()) else {})
    return changes.SetInventories(
        draw(st.sampled_from(Step)), UUID, 'n',
        before={} if before is None else {rc: before, **held},
        after={rc: draw(inventories), **held})


any_change = st.one_of(
    sets_of_inventories(),
    st.builds(lambda step, before, after: changes.SetTraits(
        step, UUID, 'n', before=before, after=after),
        st.sampled_from(Step), traits, traits),
    st.builds(lambda step, before, after: changes.SetAggregates(
        step, UUID, 'n', before=before, after=after),
        st.sampled_from(Step), aggregates, aggregates),
    st.just(changes.DeleteProvider(Step.DELETE, UUID, 'n')))
evidences = st.builds(
    gate.Evidence, is_told=st.booleans(), disks_closed=st.booleans(),
    identity_clear=st.booleans(), size_agrees=st.booleans(),
    is_allowed=st.booleans(), held_gb=st.integers(0, 1),
    is_closed=st.booleans())


@given(any_change)
def test_without_evidence_nothing_that_is_written_widens(change):
    admitted, _reasons = gate.admit(change, gate.Evidence())
    assert admitted is None or not widens(admitted)


@given(any_change, evidences)
def test_what_widens_bears_the_gates_mark(change, evidence):
    admitted, reasons = gate.admit(change, evidence)
    if admitted is not None:
        gate.check(admitted)
        assert not widens(admitted) or admitted.granted
    if not reasons:
        assert admitted == change


@given(any_change)
def test_a_widening_change_without_the_mark_is_never_written(change):
    if widens(change):
        with pytest.raises(exception.Terminal):
            gate.check(change)


@given(any_change)
def test_what_does_not_widen_passes_as_it_is(change):
    admitted, _reasons = gate.admit(change, ALL)
    assert admitted == change


@pytest.mark.parametrize('kind,needed', [
    (Widening.PUBLISH, {'is_told', 'disks_closed', 'identity_clear'}),
    (Widening.JOIN, {'is_told', 'disks_closed', 'identity_clear'}),
    (Widening.GROW, {'is_told', 'size_agrees'}),
    (Widening.RESERVED_DOWN, {'is_told'}), (Widening.REOPEN, {'is_told'}),
    (Widening.FEATURE, {'is_told'}), (Widening.OPEN_NODE, {'is_allowed'}),
    (Widening.WITHDRAW, {'is_allowed'})])
def test_each_kind_needs_exactly_its_evidence(kind, needed):
    fields = [field.name for field in dataclasses.fields(gate.Evidence)
              if field.name != 'held_gb']
    for chosen in itertools.product((False, True), repeat=len(fields)):
        given_ = dict(zip(fields, chosen, strict=True))
        granted = not gate.refusal(kind, gate.Evidence(**given_))
        assert granted is all(given_[field] for field in needed)


@pytest.mark.parametrize('kind', [Widening.OPEN_NODE, Widening.WITHDRAW])
def test_no_permission_reaches_what_servers_hold(kind):
    evidence = gate.Evidence(is_allowed=True, held_gb=1)
    assert gate.refusal(kind, evidence) == 'servers hold 1 GB'


def test_a_ratio_rises_with_the_closing_or_by_an_option_only():
    assert gate.refusal(Widening.RATIO_UP, gate.Evidence(is_told=True))
    assert not gate.refusal(Widening.RATIO_UP, gate.Evidence(is_closed=True))
    assert not gate.refusal(Widening.RATIO_UP, gate.Evidence(is_allowed=True))


# -- nobody writes past it

PACKAGE = pathlib.Path(gate.__file__).parents[1]
WRITES = {'set_inventories', 'set_traits', 'set_aggregates',
          'delete_provider', 'reshape'}
# Who writes what, and why it needs no gate: it takes away, or gives back
# to the nodes what retire was told to, or passes the gate itself.
WRITERS = {
    'adopt/retire.py': {'_leave', 'drop_children'},
    'providers/apply.py': {
        '_delete', '_inventories', '_traits', '_aggregates'},
    'shares/node_disk.py': {
        'remember', 'fit', 'mark_adopted', '_write_together', '_set'},
    'shares/room.py': {'_try'},
}


def writers():
    """By file, the functions that write what a provider has to give."""
    found = {}
    for path in sorted(PACKAGE.rglob('*.py')):
        where = str(path.relative_to(PACKAGE))
        if where.startswith(('placement/', 'demo/')):
            continue  # the client itself, and what plays nova-compute
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr in WRITES
                    and 'client' in ast.unparse(call.func.value)
                    for call in ast.walk(node)):
                found.setdefault(where, set()).add(node.name)
    return found


def test_every_writer_is_known():
    for where, functions in writers().items():
        assert where in WRITERS, where
        assert functions - WRITERS[where] - {'attempt', 'run'} == set(), where


def test_what_applies_a_plan_checks_every_change():
    source = (PACKAGE / 'providers/apply.py').read_text()
    write = next(node for node in ast.walk(ast.parse(source))
                 if isinstance(node, ast.FunctionDef)
                 and node.name == 'write')
    assert 'gate.check(change)' in ast.unparse(write)
