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

"""How volumes and nodes are written to Placement."""

from hv_sched.conf import numbers

# So many uuids have room in a name: home_traits.MAX_NODES.
_MAX_NODES_PER_TRAIT = 7

OPTS = [
    numbers.real(
        'initial_csv_allocation_ratio', 0.001, numbers.MAX_RATIO,
        default=1.0,
        help="""
The DISK_GB allocation_ratio with which a volume's provider is created. Later
the value in Placement is kept, so an operator may change it there, unless
``csv_allocation_ratio`` is set. (Nova's rule for its own ratios.)
"""),
    numbers.real(
        'csv_allocation_ratio', 0.001, numbers.MAX_RATIO,
        help="""
The DISK_GB allocation_ratio of every volume. If unset (the default), the value
in Placement is kept. Above 1.0 more is offered than the volume has: then
monitor the physical free space.
"""),
    numbers.whole(
        'reserved_step_gb', 1, numbers.MAX_TOTAL,
        default=8,
        help="""
Step, in GiB, in which a volume's ``reserved`` follows the used space that no
share accounts for. It increases at once and decreases only by a whole step, so
that small files do not change the inventory on every pass. Start with about
one per cent of a volume.
"""),
    numbers.whole(
        'low_space_percent', 0, 99,
        default=10,
        help="""
A volume whose physical free space falls below this part of its size, in per
cent, is low (CUSTOM_CSV_LOW_SPACE): ``csv list``, doctor and agent say so,
and LowSpaceWeigher prefers other volumes. What is below the floor is low in
any case. 0 in both options switches it off.
"""),
    numbers.whole(
        'low_space_gb', 0, numbers.MAX_TOTAL,
        default=0,
        help="""
The same in GiB; the higher of the two counts.
"""),
    numbers.whole(
        'floor_percent', 0, 99,
        default=5,
        help="""
A volume whose physical free space falls below this part of its size, in per
cent, takes no new disks (CUSTOM_CSV_NO_NEW_DISKS). 0 disables it.
"""),
    numbers.whole(
        'floor_gb', 0, numbers.MAX_TOTAL,
        default=0,
        help="""
The same floor in GiB; the higher of the two applies. 0 disables it.
"""),
    numbers.whole(
        'floor_hysteresis_percent', 0, 50,
        default=1,
        help="""
A volume closed by the floor opens again only when its free space is this
part of its size, in per cent, above the floor. The same goes for one that is
low.
"""),
    numbers.whole(
        'max_withdraw_percent', 0, 100,
        default=34,
        deprecated_for_removal=True,
        deprecated_reason='Nothing is withdrawn or opened because a source '
                          'no longer lists it, whatever its part: an '
                          'operator asks for it with --allow.',
        help='Has no effect.'),
    numbers.whole(
        'max_image_traits', 0, 10000,
        default=100,
        help="""
Number of cached images of a volume, the newest, that are published as traits
CUSTOM_CSV_IMAGE_<id> at most. 0 publishes none.
"""),
    numbers.whole(
        'nodes_per_home_trait', 1, _MAX_NODES_PER_TRAIT,
        help="""
Number of nodes that one trait of a volume names as its users. If unset (the
default), what a volume has in Placement is kept, and a new volume names each
node in a trait of its own. Placement reads the names of all traits in each
request that is about traits, so above a few thousand nodes set it to the
largest value before the first sync: a first sync grows with the square of the
names. 1 writes CUSTOM_CSV_HOME_<uuid>, which release 0.1.0 reads; more writes
CUSTOM_CSV_HOMES_<uuids>, which plug-ins of 0.1.0 do not read: they take these
nodes for ones whose home is not known. Raise it when every nova-scheduler runs
a later release, and set it to 1 and sync before going back. Where agents and
commands have different values, each writes its form over the other's.
"""),
    numbers.whole(
        'debounce_passes', 1, 1000,
        default=2,
        help="""
The agent restores a feature trait that was removed, and clears
CUSTOM_HYPERV_PAUSED, CUSTOM_CSV_REDIRECTED, CUSTOM_CSV_LOW_SPACE and
CUSTOM_CSV_NO_NEW_DISKS, only after this many consecutive answers of the source
agree. Answers with the same dates count once. What closes is written at
once. 1 disables the delay; a single command never waits.
"""),
    numbers.whole(
        'stale_after', 0, 365 * numbers.DAY_SECONDS,
        default=3600,
        help="""
Facts older than this many seconds (``collected_at`` of the source) freeze
their cluster: nothing of it is written. 0 accepts any age. Sources without
``collected_at`` have no age.
"""),
    numbers.whole(
        'workers', 1, 256,
        default=8,
        help='Threads that write independent providers at the same time.'),
    numbers.whole(
        'request_timeout', 1, 3600,
        default=60,
        help="""
Seconds one request to Placement, Nova, Glance or Keystone may take, with its
whole answer. A call of Placement, Nova or Glance ends after twice as long,
with a token for it and all its repetitions.
"""),
    numbers.whole(
        'conflict_retries', 0, 1000,
        default=5,
        help="""
How often a cluster is read and planned again after a generation conflict
before the sync gives up on it.
"""),
    numbers.whole(
        'full_read_every', 1, 1000000,
        default=20,
        help="""
Number of intervals of the agent between two passes in which all providers are
read in full, instead of only those that a plan from the bulk requests would
write. Foreign writes that raise no generation are found by it.
"""),
]
