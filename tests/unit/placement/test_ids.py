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

"""Identifiers must never change: every cloud's data hangs on them."""


from hv_sched.placement import ids

CLUSTER = '11111111-1111-4111-8111-111111111111'
VOLUME = '22222222-2222-4222-8222-222222222222'


def test_identifiers_are_fixed_for_ever():
    volume = ids.volume_uuid(CLUSTER, VOLUME)
    assert volume == 'a7dcc2ae-b792-5e46-ba2e-9356255d2322'
    assert ids.cluster_aggregate(
        CLUSTER) == '30fc4853-52e4-53d5-9abf-ae6aac6903c5'
    assert ids.home_aggregate(volume) == '409a7380-a034-511f-a1b4-dd102f045284'
    assert ids.remotefx_uuid(volume) == 'b335db46-ca2a-5300-94a4-008f007a3072'


def test_a_guid_is_the_same_in_either_case():
    assert ids.volume_uuid(CLUSTER.upper(), 'ABCDEF') == ids.volume_uuid(
        CLUSTER, 'abcdef')
