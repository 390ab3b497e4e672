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

"""A virt driver that behaves as compute-hyperv on a clustered node.

``[DEFAULT]instances_path`` is the node's home, a folder that stands for the
Cluster Shared Volume: each guest has a folder of its name there, until it is
destroyed, and one with ``_revert`` behind the name while a resize waits.
``disk.json`` in it tells the server, the size of its disks and the node that
has it. What runs on the node stands in ``guests.json`` of its ``state_path``:
guests live on while nova-compute is restarted. A file ``fail/METHOD`` beside
it lets that method of the driver fail, ``fail/METHOD-UUID`` for one server;
what the file says is the error. ``arrive/UUID`` and ``leave/UUID`` are what
the cluster does: a server fails over, and Nova learns its new host as from
compute-hyperv.
"""

import json
import pathlib
import shutil
import threading

from nova import context as nova_context
from nova import exception
from nova import objects
from nova.compute import power_state
import nova.conf
from nova.virt import fake
from oslo_config import cfg
from oslo_log import log as logging

LOG = logging.getLogger(__name__)
WATCH_SECONDS = 0.2
CONF = nova.conf.CONF
CONF.register_opts([
    cfg.IntOpt('volume_gb', default=500, min=1,
               help='Size of the volume that holds instances_path, GiB.'),
    cfg.IntOpt('vcpus', default=64, min=1, help='Logical processors.'),
    cfg.IntOpt('memory_mb', default=262144, min=1, help='Memory, MiB.'),
], 'hyperv_cluster')

# Methods that fail on demand.
MAY_FAIL = (
    'spawn', 'migrate_disk_and_power_off', 'finish_migration',
    'finish_revert_migration', 'confirm_migration',
    'check_can_live_migrate_destination', 'check_can_live_migrate_source',
    'pre_live_migration', 'live_migration', 'destroy', 'power_on',
    'power_off')


class ClusterNode(fake.FakeDriverWithoutFakeNodes):
    """A node as stock Nova sees it: the volume is its own disk."""

    def __init__(self, virtapi, read_only=False):
        self.vcpus = CONF.hyperv_cluster.vcpus
        self.memory_mb = CONF.hyperv_cluster.memory_mb
        self.local_gb = CONF.hyperv_cluster.volume_gb
        super().__init__(virtapi, read_only)
        self.host_status_base.update(
            hypervisor_type='hyperv', hypervisor_version=10000,
            supported_instances=[('x86_64', 'hyperv', 'hvm')])
        self._guests = pathlib.Path(CONF.state_path) / 'guests.json'
        self.instances = self._read()

    def _read(self):
        if not self._guests.exists():
            return {}
        return {uuid: fake.FakeInstance(name, state, uuid)
                for uuid, (name, state)
                in json.loads(self._guests.read_text()).items()}

    def _keep(self):
        partial = self._guests.with_suffix('.partial')
        partial.write_text(json.dumps({
            uuid: (guest.name, guest.state)
            for uuid, guest in self.instances.items()}))
        partial.rename(self._guests)

    def _set_state(self, instance, state):
        if instance.uuid not in self.instances:
            raise exception.InstanceNotFound(instance_id=instance.uuid)
        self.instances[instance.uuid].state = state
        self._keep()

    def init_host(self, host):
        super().init_host(host)
        state = pathlib.Path(CONF.state_path)
        for name in ('arrive', 'leave'):
            (state / name).mkdir(parents=True, exist_ok=True)
        threading.Thread(target=self._watch_cluster, args=(state,),
                         daemon=True).start()

    def _watch_cluster(self, state):
        while not threading.Event().wait(WATCH_SECONDS):
            for name, act in (('leave', self._leave),
                              ('arrive', self._arrive)):
                for path in (state / name).iterdir():
                    self._follow(act, path)

    @staticmethod
    def _follow(act, path):
        """Again and again, until Nova's database answers."""
        try:
            act(path.name)
        except exception.InstanceNotFound:
            LOG.info('Failover of %s: it is deleted', path.name)
        except Exception as exc:
            LOG.warning('Failover of %s: %s', path.name, exc)
            return
        path.unlink()

    def _leave(self, uuid):
        self.instances.pop(uuid, None)
        self._keep()

    def _arrive(self, uuid):
        """The node's part of the allocation stays, as when moving it fails."""
        context = nova_context.get_admin_context()
        instance = objects.Instance.get_by_uuid(context, uuid)
        node = objects.ComputeNode.get_by_host_and_nodename(
            context, CONF.host, self.get_available_nodes()[0])
        self.instances[uuid] = fake.FakeInstance(
            instance.name, power_state.RUNNING, uuid)
        self._keep()
        self._write_disk(instance)
        instance.host = CONF.host
        instance.node = node.hypervisor_hostname
        instance.compute_id = node.id
        instance.save()

    @staticmethod
    def _folder(instance):
        return pathlib.Path(CONF.instances_path) / instance.name

    @staticmethod
    def _revert_folder(instance):
        return pathlib.Path(CONF.instances_path) / f'{instance.name}_revert'

    def _write_disk(self, instance):
        """Its files are this node's from now on."""
        folder = self._folder(instance)
        folder.mkdir(parents=True, exist_ok=True)
        flavor = instance.flavor
        partial = folder / 'disk.partial'
        partial.write_text(json.dumps({
            'uuid': instance.uuid, 'node': CONF.host,
            'size_gb': flavor.root_gb + flavor.ephemeral_gb + (
                flavor.swap + 1023) // 1024}))
        partial.rename(folder / 'disk.json')

    def _remove_disk(self, instance):
        """A cluster deletes no files of a server that another node has."""
        disk = self._folder(instance) / 'disk.json'
        if not disk.exists() or json.loads(
                disk.read_text())['node'] == CONF.host:
            shutil.rmtree(self._folder(instance), ignore_errors=True)

    def instance_on_disk(self, instance):
        return self._folder(instance).is_dir()

    def spawn(self, context, instance, *args, **kwargs):
        super().spawn(context, instance, *args, **kwargs)
        self._write_disk(instance)
        self._keep()

    def finish_revert_migration(self, context, instance, *args, **kwargs):
        super().finish_revert_migration(context, instance, *args, **kwargs)
        if self._revert_folder(instance).exists():
            shutil.rmtree(self._folder(instance), ignore_errors=True)
            self._revert_folder(instance).rename(self._folder(instance))
        self._folder(instance).mkdir(parents=True, exist_ok=True)
        self._keep()

    def migrate_disk_and_power_off(self, context, instance, *args, **kwargs):
        self.instances.pop(instance.uuid, None)
        self._keep()
        if self._folder(instance).exists():
            self._folder(instance).rename(self._revert_folder(instance))
        return ''

    def confirm_migration(self, context, migration, instance, network_info):
        """The source forgets the guest; its files are the new one's."""
        if migration.source_node != migration.dest_node:
            self.instances.pop(instance.uuid, None)
            self._keep()
        shutil.rmtree(self._revert_folder(instance), ignore_errors=True)

    def post_live_migration(self, context, instance, block_device_info,
                            migrate_data=None):
        self.instances.pop(instance.uuid, None)
        self._keep()

    def destroy(self, context, instance, network_info,
                block_device_info=None, destroy_disks=True,
                destroy_secrets=True):
        self.instances.pop(instance.uuid, None)
        if destroy_disks:
            self._remove_disk(instance)
        self._keep()

    def cleanup(self, context, instance, network_info,
                block_device_info=None, destroy_disks=True,
                migrate_data=None, destroy_vifs=True, destroy_secrets=True):
        if destroy_disks and instance.uuid not in self.instances:
            self._remove_disk(instance)

    def power_off(self, instance, timeout=0, retry_interval=0):
        self._set_state(instance, power_state.SHUTDOWN)

    def power_on(self, context, instance, *args, **kwargs):
        self._set_state(instance, power_state.RUNNING)

    def pause(self, instance):
        self._set_state(instance, power_state.PAUSED)

    def unpause(self, instance):
        self._set_state(instance, power_state.RUNNING)

    def suspend(self, context, instance):
        self._set_state(instance, power_state.SUSPENDED)

    def resume(self, context, instance, *args, **kwargs):
        self._set_state(instance, power_state.RUNNING)

    def soft_delete(self, instance):
        self._set_state(instance, power_state.SHUTDOWN)

    def restore(self, instance):
        self._set_state(instance, power_state.RUNNING)


def _failing(name):
    method = getattr(ClusterNode, name)

    def wrapped(self, *args, **kwargs):
        folder = pathlib.Path(CONF.state_path) / 'fail'
        servers = [argument.uuid for argument in (*args, *kwargs.values())
                   if isinstance(argument, objects.Instance)]
        for path in (folder / name,
                     *(folder / f'{name}-{uuid}' for uuid in servers)):
            if path.exists():
                raise exception.NovaException(
                    path.read_text().strip() or f'{name} fails on demand')
        return method(self, *args, **kwargs)

    return wrapped


for _name in MAY_FAIL:
    setattr(ClusterNode, _name, _failing(_name))
