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

"""Options read inside nova-scheduler, from nova.conf."""

from typing import Any

from oslo_config import cfg

from hv_sched.conf import choices
from hv_sched.conf import numbers

# Far enough to order any number of weighers.
_MULTIPLIERS = (-1000000, 1000000)

OPTS = [
    cfg.BoolOpt(
        'scheduler_enabled',
        default=True,
        mutable=True,
        help="""
The one switch of everything hv_sched does inside nova-scheduler. Off: no
request is changed, the filters let every host pass, the weighers weigh 0, and
nothing is asked of Placement, as if the plug-ins were not installed. A request
that names a host or an availability zone then finds no shared volume, and a
move is charged for a second disk. SIGHUP to nova-scheduler applies it; a move
that is being scheduled at that moment is finished first. hv-sched-agent and
the commands are not concerned.
"""),
    numbers.whole(
        'snapshot_ttl', 1, numbers.DAY_SECONDS,
        default=60,
        help="""
Seconds for which the scheduler uses what it last read of all volumes and
traits. Filters and weighers never send a request per host; a shorter time
costs a constant number of requests more often.
"""),
    cfg.BoolOpt(
        'request_filter_disk_group',
        default=True,
        help="""
Ask for the disk in a request group of its own when a request names a host,
an aggregate (availability zone, tenant isolation) or a trait of the volume.
Without it Placement offers no volume for such requests.
"""),
    cfg.BoolOpt(
        'request_filter_closed',
        default=True,
        help="""
Forbid volumes that take no new disks (CUSTOM_CSV_NO_NEW_DISKS) and nodes
paused or draining in their cluster (CUSTOM_HYPERV_PAUSED) in every request.
"""),
    cfg.BoolOpt(
        'request_filter_features',
        default=True,
        help="""
Ask Placement for what flavor and image need of a Hyper-V host: generation,
secure boot, vTPM, shielding, nested virtualization, RemoteFX, a build that can
run a server of that size. Servers that no host can run are refused with the
reason. Without it only HyperVFeatureFilter drops hosts, after
[scheduler]max_placement_results may have excluded the capable ones.
"""),
    cfg.StrOpt(
        'unmarked_images',
        default='any',
        choices=[('any', 'any host; Hyper-V nodes are excluded for what '
                         'they cannot run'),
                 ('hyperv', 'Hyper-V nodes only; what they cannot run is '
                            'refused'),
                 ('other', 'never a Hyper-V node')],
        help="""
Where servers go whose image names no hypervisor (img_hv_type) and requires
nothing that only one hypervisor has.
"""),
    cfg.BoolOpt(
        'survivable_features',
        default=False,
        help="""
Require features that every possible failover owner of the node has
(CUSTOM_HYPERV_HA_*), instead of those of the node alone, so that a server also
runs where the cluster restarts it.
"""),
    cfg.BoolOpt(
        'disk_format_vhd_is_vhd',
        default=False,
        help="""
Treat disk_format=vhd as VHD: refuse it for generation 2 and for disks above
2040 GB. Leave it off where VHDX images are registered as vhd, as Nova's
documentation advised for a long time.
"""),
    cfg.ListOpt(
        'hyperv_disk_formats',
        default=list(choices.DISK_FORMATS),
        help="""
Image formats that Hyper-V nodes boot from. compute-hyperv refuses any other at
spawn, so such an image is not placed on Hyper-V, or refused if it is marked
for Hyper-V. Empty: any.
"""),
    cfg.BoolOpt(
        'read_images',
        default=True,
        help="""
Read an image from Glance, with the token of the request, where Nova's own
record of the server is not enough: a property of more than 255 characters, a
server whose last rebuild found no host, several servers created at once of
which the first was deleted meanwhile. If Glance does not answer, or with this
option off, such a request is refused with that reason. [glance]timeout bounds
the wait.
"""),
    numbers.whole(
        'image_ttl', 1, numbers.DAY_SECONDS,
        default=300,
        help="""
Seconds for which an image read from Glance is cached; at most 512 are.
"""),
    cfg.BoolOpt(
        'live_migration_keeps_cpu_features',
        default=False,
        help="""
Restrict a live migration to nodes that have every HW_CPU_X86_* trait of its
source. Costs two requests to Placement for each live migration.
"""),
    cfg.BoolOpt(
        'request_filter_moves',
        default=True,
        help="""
Keep the disk share of a server that moves inside its cluster, instead of
asking for a second one. Requires SharedVolumeFilter as the last of
enabled_filters. Without it every move needs space for a second disk.
"""),
    cfg.StrOpt(
        'live_migration_scope',
        default='require',
        choices=[('require', 'only inside the server\'s cluster'),
                 ('prefer', 'inside it while a node there has room, else '
                            'anywhere; the disk is then copied')],
        help="""
Where a live migration may go if Nova chooses the destination. A destination
that the user names may be anywhere. ``prefer`` costs one more request to
Placement.
"""),
    cfg.BoolOpt(
        'cold_move_keeps_disk',
        default=False,
        help="""
Cold migration and resize leave one copy of the disk on its volume. True only
for virt drivers that rename the instance's folder inside the volume.
compute-hyperv keeps the old files until the move is confirmed: leave it off
there, because there are two copies. When on, such a move has no alternate
hosts, because Nova would claim those without asking the scheduler. It is the
default for volumes that have neither of the traits
CUSTOM_CSV_COLD_MOVE_KEEPS_DISK and CUSTOM_CSV_COLD_MOVE_COPIES_DISK, which
hv_sched sets where the driver of their cluster settles it.
"""),
    cfg.ListOpt(
        'volume_traits',
        default=[],
        help="""
Your own traits of volumes that flavors or images require, such as CUSTOM_GOLD.
They are required of the provider of the disk, as are STORAGE_DISK_* and
CUSTOM_CSV_*, which need not be listed here.
"""),
    cfg.StrOpt(
        'volume_policy',
        default='spread',
        choices=[('spread', 'the volume with the most room first'),
                 ('pack', 'the fullest volume that still has the room first'),
                 ('placement', 'in the order of Placement\'s answer')],
        help="""
Which volume a server gets on a host that may use several. It does not matter
for hosts with one home volume.
"""),
    numbers.real(
        'shared_volume_free_space_weight_multiplier', *_MULTIPLIERS,
        default=1.0,
        help="""
Multiplier of SharedVolumeFreeSpaceWeigher. Positive: hosts whose volume has
more room win (spread over volumes); negative: less room wins (pack); 0: off.
Aggregate metadata of the same name has precedence.
"""),
    numbers.real(
        'image_cache_weight_multiplier', *_MULTIPLIERS,
        default=5.0,
        help="""
Multiplier of ImageCacheWeigher. Positive: hosts whose volume already holds the
server's image win, and an image that no volume holds is fetched by one node of
each volume; negative: they lose; 0: off. The default outweighs Nova's CPU, RAM
and I/O weighers and SharedVolumeFreeSpaceWeigher together (1 each), which
would spread the servers of a request over all nodes and let each fetch the
image; 1 only breaks ties. Servers of an anti-affinity group are not placed
together. Aggregate metadata of the same name has precedence.
"""),
    numbers.real(
        'feature_scarcity_weight_multiplier', *_MULTIPLIERS,
        default=5.0,
        help="""
Multiplier of FeatureScarcityWeigher. Positive: nodes with features that few
free nodes have are kept for servers that need them; negative: they fill first;
0: off. The default outweighs Nova's CPU, RAM and I/O weighers together; with
1, rare nodes stay free only while others are about half empty. Aggregate
metadata of the same name has precedence.
"""),
    numbers.real(
        'redirected_access_weight_multiplier', *_MULTIPLIERS,
        default=5.0,
        help="""
Multiplier of RedirectedAccessWeigher. Positive: nodes that reach a volume they
use over the network only (CUSTOM_CSV_REDIRECTED) lose; negative: they win; 0:
off. The default outweighs Nova's CPU, RAM and I/O weighers together: such a
node gets a server if no other has room. Aggregate metadata of the same name
has precedence.
"""),
    numbers.real(
        'low_space_weight_multiplier', *_MULTIPLIERS,
        default=5.0,
        help="""
Multiplier of LowSpaceWeigher. Positive: hosts on a volume of which little is
physically free (CUSTOM_CSV_LOW_SPACE) lose; negative: they win; 0: off. The
default outweighs Nova's CPU, RAM and I/O weighers together. Aggregate
metadata of the same name takes precedence.
"""),
    numbers.real(
        'shared_volume_anti_affinity_weight_multiplier', *_MULTIPLIERS,
        default=1.0,
        help="""
Multiplier of SharedVolumeAntiAffinityWeigher. Positive: members of an
anti-affinity server group go to different volumes where they can; negative:
to the same; 0: off. Aggregate metadata of the same name has precedence.
"""),
    numbers.real(
        'same_volume_weight_multiplier', *_MULTIPLIERS,
        default=1.0,
        help="""
Multiplier of SameVolumeWeigher. Positive: a server that moves goes to a node
whose home is the volume its disk is on; negative: to another; 0: off.
Aggregate metadata of the same name has precedence.
"""),
]


def is_on(group: Any, switch: str) -> bool:
    """Whether a request filter works: its own switch, and that of all.

    :param group: the options of [hv_sched]
    """
    return bool(group.scheduler_enabled and group[switch])
