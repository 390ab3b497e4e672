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

from oslo_config import cfg

OPTS = [
    cfg.FloatOpt(
        'initial_csv_allocation_ratio',
        default=1.0,
        min=0.001,
        help="""
The DISK_GB allocation_ratio a volume's provider is created with. Later the
value in Placement wins, so an operator may change it there, unless
``csv_allocation_ratio`` is set. (The rule Nova has for its own ratios.)
"""),
    cfg.FloatOpt(
        'csv_allocation_ratio',
        min=0.001,
        help="""
The DISK_GB allocation_ratio every volume is kept at. Unset (the default),
the value in Placement is left alone. Above 1.0 more is promised than the
volume holds: physical free space then has to be watched.
"""),
    cfg.IntOpt(
        'reserved_step_gb',
        default=8,
        min=1,
        help="""
Step, in GiB, in which a volume's ``reserved`` follows the space used by
things no server's share covers. It rises as soon as needed and falls only by
a whole step, so that small files do not rewrite the inventory on every pass.
Start with about one per cent of a volume.
"""),
    cfg.IntOpt(
        'floor_percent',
        default=5,
        min=0,
        max=99,
        help="""
A volume whose physical free space falls below this part of its size, in per
cent, takes no new disks (CUSTOM_CSV_NO_NEW_DISKS). 0 switches it off.
"""),
    cfg.IntOpt(
        'floor_gb',
        default=0,
        min=0,
        help="""
The same floor in GiB; the higher of the two counts. 0 switches it off.
"""),
    cfg.IntOpt(
        'floor_hysteresis_percent',
        default=1,
        min=0,
        max=50,
        help="""
A volume closed by the floor opens again only when its free space is this
part of its size, in per cent, above the floor.
"""),
    cfg.IntOpt(
        'max_withdraw_percent',
        default=34,
        min=0,
        max=100,
        help="""
The part of a cluster's nodes, or of its volumes, in per cent, that one sync
may withdraw. More than that looks like half an answer from Windows and is
refused, unless ``--allow-withdraw`` is given.
"""),
    cfg.IntOpt(
        'max_image_traits',
        default=100,
        min=0,
        help="""
At most so many cached images of a volume, the newest, are published as
traits CUSTOM_CSV_IMAGE_<id>. 0 publishes none.
"""),
    cfg.IntOpt(
        'debounce_passes',
        default=2,
        min=1,
        help="""
A running reconcile gives back a feature trait that was taken away, and
clears CUSTOM_HYPERV_PAUSED, CUSTOM_CSV_REDIRECTED and
CUSTOM_CSV_NO_NEW_DISKS, only when so many passes in a row ask for it. What
closes is written at once. 1 switches it off; a single command never waits.
"""),
    cfg.IntOpt(
        'stale_after',
        default=3600,
        min=0,
        help="""
Facts older than this many seconds (``collected_at`` of the source) freeze
their cluster: nothing of it is written. 0 accepts any age. Sources without
``collected_at`` have no age.
"""),
    cfg.IntOpt(
        'workers',
        default=8,
        min=1,
        help='Threads that write independent providers at the same time.'),
    cfg.IntOpt(
        'request_timeout',
        default=60,
        min=1,
        help="""
Seconds one request to Placement, Nova, Glance or Keystone may take. A call of
Nova or Glance ends after twice as long, with all its repetitions.
"""),
    cfg.IntOpt(
        'conflict_retries',
        default=5,
        min=0,
        help="""
How often a cluster is observed and planned anew after a generation conflict
before the sync gives up on it.
"""),
    cfg.IntOpt(
        'full_read_every',
        default=20,
        min=1,
        help="""
Every so many passes of a running reconcile all providers are read in full
instead of only where the bulk summary disagrees.
"""),
]
