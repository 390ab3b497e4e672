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

OPTS = [
    numbers.real(
        'initial_csv_allocation_ratio', 0.001, numbers.MAX_RATIO,
        default=1.0,
        help="""
The DISK_GB allocation_ratio a volume's provider is created with. Later the
value in Placement wins, so an operator may change it there, unless
``csv_allocation_ratio`` is set. (The rule Nova has for its own ratios.)
"""),
    numbers.real(
        'csv_allocation_ratio', 0.001, numbers.MAX_RATIO,
        help="""
The DISK_GB allocation_ratio every volume is kept at. Unset (the default),
the value in Placement is left alone. Above 1.0 more is promised than the
volume holds: physical free space then has to be watched.
"""),
    numbers.whole(
        'reserved_step_gb', 1, numbers.MAX_TOTAL,
        default=8,
        help="""
Step, in GiB, in which a volume's ``reserved`` follows the space used by
things no server's share covers. It rises as soon as needed and falls only by
a whole step, so that small files do not rewrite the inventory on every pass.
Start with about one per cent of a volume.
"""),
    numbers.whole(
        'floor_percent', 0, 99,
        default=5,
        help="""
A volume whose physical free space falls below this part of its size, in per
cent, takes no new disks (CUSTOM_CSV_NO_NEW_DISKS). 0 switches it off.
"""),
    numbers.whole(
        'floor_gb', 0, numbers.MAX_TOTAL,
        default=0,
        help="""
The same floor in GiB; the higher of the two counts. 0 switches it off.
"""),
    numbers.whole(
        'floor_hysteresis_percent', 0, 50,
        default=1,
        help="""
A volume closed by the floor opens again only when its free space is this
part of its size, in per cent, above the floor.
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
At most so many cached images of a volume, the newest, are published as
traits CUSTOM_CSV_IMAGE_<id>. 0 publishes none.
"""),
    numbers.whole(
        'debounce_passes', 1, 1000,
        default=2,
        help="""
A running reconcile gives back a feature trait that was taken away, and
clears CUSTOM_HYPERV_PAUSED, CUSTOM_CSV_REDIRECTED and
CUSTOM_CSV_NO_NEW_DISKS, only when so many passes in a row ask for it. What
closes is written at once. 1 switches it off; a single command never waits.
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
How often a cluster is observed and planned anew after a generation conflict
before the sync gives up on it.
"""),
    numbers.whole(
        'full_read_every', 1, 1000000,
        default=20,
        help="""
Every so many passes of a running reconcile all providers are read in full
instead of only those a plan made from the bulk summaries would write to.
"""),
]
