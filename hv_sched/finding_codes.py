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

"""Codes of the notices of plans, syncs and the agent, and their meaning.

A code is the same in every release: scripts and ``[hv_sched]ignore_findings``
name it. Those of the doctor's checks and of an audit stand with them.
"""

from collections.abc import Mapping

# By code, what it means. Of the source, what is wrong with it.
SOURCE: Mapping[str, str] = {
    'build-not-supported': 'a Windows build compute-hyperv does not support',
    'claimed-twice': 'a GUID, name or node of two clusters',
    'feature-unknown': 'a CPU feature os-traits does not know',
    'field-missing': 'a field that is needed is not there',
    'field-unknown': 'a field of another name than any there is',
    'guid-not-unique': 'a GUID twice in one cluster',
    'guid-not-usable': 'a GUID that identifies nothing',
    'home-not-a-volume': 'a home that is no volume of the cluster',
    'home-not-told': 'several volumes, and a node without a home',
    'home-not-collected': 'a home, where the volumes could not be collected',
    'home-set-aside': 'the home of a node is a volume that is set aside',
    'instance-names-not-resolved': 'servers are named by instance_name, and '
                                   'Nova does not return their uuids',
    'invalid': 'a part of the source that cannot be read',
    'list-of-one': 'one thing where a list is expected, read as a list of one',
    'more-faults': 'further faults that are not shown',
    'name-not-unique': 'a name twice in one cluster',
    'name-too-long': 'a name Placement does not take',
    'node-not-unique': 'a node twice in one cluster',
    'node-unknown': 'a name that is no node of the cluster',
    'not-clustered-storage': 'an instances_path on no volume of the cluster',
    'override-ambiguous': 'an override of a name in several clusters',
    'override-home-unknown': 'an override whose home is no volume',
    'override-identity-taken': 'an override whose identity is another\'s',
    'override-invalid': 'an override that is not understood',
    'override-of-unknown': 'an override of something that is not there',
    'override-standalone-in-cluster': 'an override calls a node of a cluster '
                                      'standalone',
    'override-twice': 'two overrides of one thing',
    'override-widens': 'an override that would widen the health Windows '
                       'reports',
    'overrides-not-read': 'overrides that cannot be read: unknown',
    'size-not-believed': 'a size that cannot be one',
    'unreachable': 'a cluster that cannot be asked over WinRM',
    'unreadable': 'no part of the source can be read',
    'value-not-understood': 'a value that is none of its field\'s',
    'volume-of-nobody': 'a volume that servers never use, such as a witness',
    'volume-set-aside': 'a disk on a volume that is set aside',
    'volume-too-small': 'a volume below 1 GiB',
    'volume-unknown': 'a name that is no volume of the cluster',
}
NOTICES: Mapping[str, str] = {
    'adopt-needed': 'servers hold shares of a node\'s own disk',
    'cell-down': 'shares are of a cell that does not answer',
    'cluster-not-described': 'a published cluster the source does not '
                             'describe',
    'disk-in-use-elsewhere': 'servers hold shares of the disk under another '
                             'cluster',
    'driver-not-stated': 'the volumes of a cluster are of another driver, and '
                         'the source states none; the cluster stays as it '
                         'is',
    'escrow-kept': 'held shares that are not restored or released yet',
    'facts-kept': 'the source no longer states what closed a volume or node, '
                  'or kept space of it: it stays as it is',
    'facts-stale': 'the facts of a cluster are too old',
    'facts-unlikely': 'the facts of a cluster are of the future, or older '
                      'than those applied last',
    'gpu-in-use': 'a RemoteFX provider that cannot be changed or removed',
    'guid-not-stated': 'a volume without a GUID, identified by its resource '
                       'id or name',
    'home-not-known': 'nothing says which volume a node\'s files are on',
    'host-aggregate-clash': 'a Nova host aggregate of the name is not ours',
    'host-aggregate-incomplete': 'Nova does not know all nodes of a cluster',
    'level-not-stated': 'nodes of different builds, and no functional level',
    'name-not-free': 'the name of a volume\'s provider cannot be had',
    'node-ambiguous': 'a node could be several compute nodes of Nova',
    'node-in-use': 'servers of a node hold shares of the cluster',
    'node-left-out': 'the source no longer lists a node: it stays closed',
    'node-not-in-nova': 'Nova has no compute node of a node\'s name',
    'node-of-another-cluster': 'a node stands under another cluster',
    'node-refused': 'a node of another cluster, or no Hyper-V host',
    'node-silent': 'a node that is up, and does not tell how it reaches a '
                   'volume',
    'node-similar-name': 'another compute node of Nova may be the same host',
    'node-unlisted': 'a compute node bears our traits and is in no cluster',
    'nova-not-proven': 'Nova has not shown that it is this cloud\'s',
    'overbooked': 'servers hold more than a volume has',
    'overcommitted': 'a restored share no longer had room',
    'reserved-kept': 'space stays reserved on a volume because the source '
                     'does not tell of every VM which files are its own',
    'retire-unfinished': 'not every share is back on its node',
    'section-closes': 'the nodes, volumes or attestations of a cluster are '
                      'too old or could not be read: something closes for '
                      'that, at once or after [hv_sched]stale_after',
    'section-not-used': 'another section of a cluster\'s facts is too old or '
                        'could not be read: what stands of it is kept',
    'share-skipped': 'a share that is not touched now',
    'size-not-stated': 'neither the source nor Placement has the size of a '
                       'volume: it is not published',
    'size-refused': 'a volume\'s new size is less than servers hold, or not '
                    'what its nodes report',
    'size-unconfirmed': 'no node can confirm a volume\'s new size now',
    'space-low': 'little of a volume\'s disk is physically free: other '
                 'volumes are preferred',
    'stray-shares': 'shares on several volumes that are not put right',
    'sums-differ': 'the shares before and after do not agree',
    'volume-in-use': 'consumers still hold a volume that was to go',
    'volume-left-out': 'the source no longer lists a volume: it is closed',
    'volume-not-identified': 'a volume without a GUID is none that Placement '
                             'has: it is not published',
    'volume-of-another-cluster': 'a volume stands under another cluster',
    'volume-without-home': 'no node Nova knows has the volume as its home',
}
