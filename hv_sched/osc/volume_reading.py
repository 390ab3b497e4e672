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

"""Reading volumes from Placement, and what a source adds: list and show."""

import argparse
from collections.abc import Iterable
import dataclasses

from oslo_config import cfg

from hv_sched import exception
from hv_sched import windows_names
from hv_sched.osc import base
from hv_sched.placement import client
from hv_sched.placement import names
from hv_sched.placement import provider_read
from hv_sched.placement.observed import Listed
from hv_sched.placement.observed import Provider
from hv_sched.status import volume_rules


class VolumesCommand(base.SourceCommand):
    """Reading volumes, for list and show."""

    def read(self, placement: client.Placement, conf: cfg.ConfigOpts,
             listed: list[Listed], with_shares: bool = False
             ) -> list[Provider]:
        uuids = frozenset(volume.uuid for volume in listed)
        providers = provider_read.read_providers(
            placement, listed, uuids if with_shares else frozenset(),
            conf.hv_sched.workers)
        return sorted(filter(volume_rules.is_ours, providers.values()),
                      key=lambda provider: provider.name)

    @staticmethod
    def volumes(placement: client.Placement) -> list[Listed]:
        """All that are called like volumes, of hidden ones too.

        One that an adopt was interrupted on has inventories and no traits.
        """
        return [listed for listed in placement.list_providers()
                if listed.name.startswith(names.VOLUME_NAME_PREFIX)]

    def described(self, conf: cfg.ConfigOpts,
                  parsed_args: argparse.Namespace
                  ) -> volume_rules.Described | None:
        facts = self.facts(conf, parsed_args)
        if facts is None:
            return None
        plan, _observed = self.reconciler(
            conf, clusters=parsed_args.cluster).plan(facts, full=False)
        drift = frozenset(change.uuid for change in plan.changes)
        return dataclasses.replace(
            volume_rules.described(facts), drift=drift)




def find(volumes: list[Listed], volume_name: str, clusters: Iterable[str] = ()
         ) -> Listed:
    """The volume a user means; Windows names are compared without case.

    :param clusters: where a name without a cluster is looked for
    :raises InvalidConfig: when there is none
    """
    prefix = names.VOLUME_NAME_PREFIX
    meant = {windows_names.key(
        volume_name if volume_name.startswith(prefix)
        else prefix + volume_name)}
    meant |= {windows_names.key(names.volume_provider_name(
        cluster, volume_name)) for cluster in clusters}
    for volume in volumes:
        if (volume.uuid == volume_name.lower()
                or windows_names.key(volume.name) in meant):
            return volume
    raise no_such_volume(volume_name)


def no_such_volume(name: str) -> exception.InvalidConfig:
    """What is said of a volume that Placement does not have."""
    return exception.InvalidConfig(
        f'no volume {name} in Placement; "csv list" shows those there are')


def interrupted(cluster: str) -> str:
    """What is said of hidden volumes: which command finishes it."""
    return (f'Volumes of cluster {cluster} are hidden: an adopt or a retire '
            'was interrupted, and nothing can be created on it. Finish it '
            f'with "openstack resource provider csv adopt --cluster {cluster}"'
            f', or with "csv retire --cluster {cluster}" if that was it.')
