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

"""What compute-hyperv 16.0.0 itself makes of a flavor and an image.

Its own functions answer, and those of os-win that check values; only Windows
is faked: a host that has everything a server may need. Importable beside
nova 28 only.

``python -m tests.unit.requirements.compute_hyperv`` writes the answers to
all questions of ``host_answers``, which are compared elsewhere, too.
"""

import types
from unittest import mock

from compute_hyperv.nova import block_device_manager
from compute_hyperv.nova import vmops
from nova import exception
from os_win import exceptions as os_win_exc
from os_win.utils import hostutils
from os_win.utils.compute import vmutils
from os_win.utils.compute import vmutils10

from tests.unit.requirements import host_answers

MIB = 1024 * 1024


class _Adapters:
    """What os-win is told to give a virtual machine."""

    def __init__(self, host=None):
        self.remotefx = None
        self.shielded = None

    def enable_remotefx_video_adapter(self, name, monitors, resolution,
                                      vram_bytes=None):
        self._validate_remotefx_params(monitors, resolution, vram_bytes)
        self.remotefx = [monitors, resolution, (vram_bytes or 0) // MIB]

    def add_vtpm(self, name, pdk, shielded):
        self.shielded = shielded

    def provision_vm(self, name, fsk, pdk):
        """Nothing to see."""


class _WS2016(_Adapters, vmutils10.VMUtils10):
    pass


class _WS2012R2(_Adapters, vmutils.VMUtils6_3):
    pass


HOSTS = {'2012 R2': _WS2012R2, '2016': _WS2016}


def _ops(host):
    ops = vmops.VMOps.__new__(vmops.VMOps)
    ops._vmutils = HOSTS[host]()
    ops._pathutils, ops._pdk = mock.MagicMock(), mock.Mock()
    ops._create_fsk = mock.Mock()
    ops._hostutils = hostutils.HostUtils.__new__(hostutils.HostUtils)
    for method in ('check_min_windows_version', 'check_server_feature',
                   'is_host_guarded', 'supports_nested_virtualization'):
        setattr(ops._hostutils, method, lambda *args: True)
    return ops


def answer(specs, image, host):
    """What the host gives, or the refusal of it."""
    try:
        with mock.patch.object(vmops.CONF, 'hyperv', mock.Mock(
                enable_remotefx=True)):
            return _spawned(specs, image, _ops(host))
    except (exception.NovaException, os_win_exc.OSWinException,
            ValueError) as exc:
        return {'refused': type(exc).__name__}


def _spawned(specs, image, ops):
    """In the order of VMOps.spawn and create_instance."""
    meta = {'properties': image, 'disk_format': image.get(
        'disk_format', 'vhdx')}
    instance = types.SimpleNamespace(
        uuid='a8f6b3a0-6f0e-4d1c-9a0f-4d2f1f6f2a11', name='instance-1',
        metadata={}, flavor=types.SimpleNamespace(extra_specs=specs))
    generation = ops.get_image_vm_generation(instance.uuid, meta)
    formats = block_device_manager.BlockDeviceInfoManager
    if formats._TYPE_FOR_DISK_FORMAT.get(meta['disk_format']) is None:
        return {'refused': 'InvalidImageFormat'}
    secure = ops._requires_secure_boot(instance, meta, generation)
    ops.configure_remotefx(instance, generation)
    ops._get_image_serial_port_settings(meta)
    ops._configure_secure_vm(None, instance, meta, secure)
    keys = 'other' if ops._requires_certificate(meta) else 'windows'
    given = {'secure_boot': keys if secure else None,
             'guarded': {None: None, True: 'shielded', False: 'vtpm'}[
                 ops._vmutils.shielded],
             'nested': ops._requires_nested_virt(instance, meta),
             'remotefx': ops._vmutils.remotefx}
    return {'generation': generation, **{
        name: value for name, value in given.items() if value}}


def answers(specs, image):
    return {host: answer(specs, image, host) for host in HOSTS}


def record():
    return [{'specs': specs, 'image': image, **answers(specs, image)}
            for specs, image in host_answers.questions()]


if __name__ == '__main__':
    host_answers.TABLE.write_text(host_answers.as_text(record()))
