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


"""What adopting a cluster comes to, as properties."""

import hypothesis
from hypothesis import strategies as st

from hv_sched import model
from hv_sched.adopt import proof
from hv_sched.adopt.plan import VolumePlan
from hv_sched.placement import disk_ratio
from hv_sched.placement.inventory import Inventory
from hv_sched.providers import reserved_space
from hv_sched.providers.settings import Settings

GB = st.integers(1, 65536)


@hypothesis.given(
    st.dictionaries(st.integers(0, 9), GB), st.dictionaries(
        st.integers(0, 9), GB), st.dictionaries(st.integers(10, 19), GB))
def test_the_proof_holds_exactly_when_no_share_changed(plan, now, new):
    volume = VolumePlan('v', 'v', Inventory(1), {}, plan, 0)
    after = {**now, **new}
    found = proof.prove(volume, after, {})
    changed = {c for c in plan.keys() & after.keys() if plan[c] != after[c]}
    assert set(found.differing) == changed
    assert found.holds is (not changed)


@hypothesis.given(GB, GB, GB, st.integers(0, 10000), st.sampled_from(
    [None, 0.5, 1.0, 1.5]))
def test_a_sync_never_takes_room_that_shares_have(
        total, used, reserved, foreign, configured):
    """Whatever is reserved: it gives way to shares, then the ratio does."""
    volume = model.Volume(guid='v', name='v', size_bytes=total * model.GIB)
    traits = [disk_ratio.overcommit_trait(1.0)]
    found = reserved_space.disk_inventory(
        volume,
        (reserved_space.ReservedPart('foreign files', foreign * model.GIB),),
        reserved_space.Before(Inventory(total, min(reserved, total))), used,
        Settings(),
        disk_ratio.overcommit_ratio(traits, total, used, configured))
    assert found.capacity >= used
    assert 0 <= found.reserved <= total
    if disk_ratio.excess_gb(traits, total, used, configured):
        assert found.reserved == 0
    else:
        assert found.allocation_ratio == (configured or 1.0)
