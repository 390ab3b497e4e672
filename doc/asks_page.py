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

"""The page of asks: every ask on every release.

What stands in the cells is what hv_sched.requirements answers.
"""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import pathlib

from doc import features_reference
from doc import rst
from hv_sched import features
from hv_sched import model
from hv_sched import requirements
from hv_sched.features import remotefx
from hv_sched.features import windows_builds
from hv_sched.placement import names

PAGE = pathlib.Path(__file__).parent / 'source/reference/asks.rst'
GEN2 = {'hw_machine_type': 'hyperv-gen2'}
SECURE = {**GEN2, 'os_secure_boot': 'required', 'os_type': 'windows'}
GUARDED = {**SECURE, 'os_vtpm': 'required'}
HYPERV = {'img_hv_type': 'hyperv'}


@dataclasses.dataclass(frozen=True)
class Example:
    """A flavor and an image.

    :param sizes: fields of the flavor
    :param specs: its extra specs
    :param disks: what the server starts with, if it matters
    """

    image: Mapping[str, str]
    specs: Mapping[str, str] = dataclasses.field(default_factory=dict)
    sizes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    disks: requirements.Disks | None = None

    def asked(self) -> requirements.Requirements:
        return requirements.of(
            {'vcpus': 1, 'ram_mb': 512, 'root_gb': 10, **self.sizes,
             'extra_specs': self.specs}, self.image,
            requirements.Rules(vhd_is_vhd=True), disks=self.disks)

    def words(self) -> str:
        return ', '.join((
            *(f'``{key}={_quoted(value)}``' for source in (
                self.sizes, self.specs, self.image)
              for key, value in source.items()),
            *((_disks(self.disks),) if self.disks else ())))


def _quoted(value: str | int) -> str:
    """As messages have it: blanks at the ends can be seen."""
    text = str(value)
    return text if text == text.strip() else f'"{text}"'


def _disks(disks: requirements.Disks) -> str:
    buses = ', '.join(
        f'{disks.buses.count(bus)} with ' + (
            f'``disk_bus={bus}``' if bus else 'no ``disk_bus``')
        for bus in dict.fromkeys(disks.buses))
    return f'beside the root disk {buses}' + (
        ' and a config drive' if disks.config_drive else '')


def _sizes() -> Iterable[Example]:
    """Each release's own limits and what is one above them."""
    for image in ({'hw_machine_type': 'hyperv-gen1'}, GEN2):
        generation = 1 if image is not GEN2 else 2
        limits = dict.fromkeys(
            build.limits(generation) for build in windows_builds.BUILDS)
        for vcpus in dict.fromkeys(limit.vcpus for limit in limits):
            yield Example(image, sizes={'vcpus': vcpus})
        for memory_gb in dict.fromkeys(limit.memory_gb for limit in limits):
            yield Example(image, sizes={'ram_mb': memory_gb * 1024})
        yield Example(image, sizes={
            'root_gb': windows_builds.MAX_GEN1_BOOT_GB if generation == 1
            else windows_builds.MAX_VHDX_GB})
        yield Example(image, sizes={
            'ephemeral_gb': windows_builds.MAX_VHDX_GB})
        for disk_format in requirements.Rules().disk_formats:
            if (generation, disk_format) != (2, 'vhd'):
                yield Example({**image, 'disk_format': disk_format})
        for config_drive in (False, True):
            yield Example(image, disks=_most_disks(generation, config_drive))


def _most_disks(generation: int, config_drive: bool) -> requirements.Disks:
    """As many as have a slot beside the root disk."""
    others = 1 + config_drive if generation == 2 else 0
    return requirements.Disks(
        (windows_builds.SCSI_SLOTS - others) * ('',), config_drive)


def _adapters() -> Iterable[Example]:
    """Each resolution with the most monitors of each release."""
    for resolution in remotefx.MONITORS[windows_builds.WS2016.number]:
        most = {table.get(resolution) for table in remotefx.MONITORS.values()}
        for heads in sorted(filter(None, most)):
            yield Example({}, {'os:resolution': resolution,
                               'os:monitors': str(heads)})
    yield Example({}, {'os:resolution': '1024x768', 'os:vram': '256'})
    yield Example(GEN2, {'os:resolution': '1024x768'})


ASKS = (
    Example(HYPERV), Example({'hw_machine_type': 'hyperv-gen1'}),
    Example(GEN2), Example(SECURE),
    Example({**GEN2, 'os_type': 'windows'}, {'os:secure_boot': 'required'}),
    Example({**SECURE, 'os_type': 'linux'}), Example(GUARDED),
    Example({**SECURE, 'os_shielded_vm': 'required'}),
    Example({**GUARDED, 'os_shielded_vm': 'required'}),
    Example({**GUARDED, 'os_shielded_vm': 'required'},
            {'hw:cpu_features': 'vmx'}),
    Example({}, {'hw:cpu_features': 'vmx'}),
    Example({'hw_cpu_features': 'vmx'}), *_adapters(), *_sizes())
REFUSED = (
    Example({'hw_machine_type': 'hyperv-gen3'}),
    Example({**SECURE, 'hw_machine_type': 'hyperv-gen1'}),
    Example({**HYPERV, 'os_secure_boot': 'required', 'os_type': 'windows'}),
    Example({**GEN2, 'os_secure_boot': 'required'}),
    Example({**SECURE, 'os_secure_boot': 'disabled'},
            {'os:secure_boot': 'required'}),
    Example({**GUARDED, 'os_type': 'linux'}),
    Example({**GEN2, 'os_type': 'windows', 'os_shielded_vm': 'required'}),
    Example({**GUARDED, 'os_vtpm': 'Required'}),
    Example({**GUARDED, 'os_shielded_vm': 'required '}),
    Example({**GEN2, 'os_type': 'windows'}, {'os:secure_boot': 'true'}),
    Example({'hw_machine_type': 'hyperv-gen2 '}),
    Example({'img_hv_type': 'hyperv '}),
    Example({**HYPERV, 'logging_serial_port': '3'}),
    Example({**SECURE, 'os_type': 'Windows'}),
    Example({'img_hv_type': 'kvm'}, {'os:resolution': '1024x768'}),
    Example({}, {'os:resolution': '800x600'}),
    Example({}, {'os:resolution': '1024x768', 'os:monitors': 'two'}),
    Example({}, {'os:resolution': '1024x768', 'os:vram': '65'}),
    Example({}, {'os:resolution': '2560x1600', 'os:monitors': '3'}),
    Example({'hw_machine_type': 'hyperv-gen1'}, sizes={'vcpus': 65}),
    Example({'hw_machine_type': 'hyperv-gen1'}, sizes={'root_gb': 2049}),
    Example(GEN2, sizes={'root_gb': 65537}),
    Example({**GEN2, 'disk_format': 'vhd'}),
    Example({'hw_machine_type': 'hyperv-gen1', 'disk_format': 'vhd'},
            sizes={'root_gb': 2041}),
    Example({**HYPERV, 'disk_format': 'qcow2'}),
    Example(HYPERV, sizes={'ephemeral_gb': 65537}),
    Example({'hw_machine_type': 'hyperv-gen1'},
            disks=requirements.Disks(65 * ('',))),
    Example(GEN2, disks=requirements.Disks(63 * ('',), config_drive=True)),
    Example({'hw_machine_type': 'hyperv-gen1'},
            disks=requirements.Disks(('ide',))),
    Example(GEN2, disks=requirements.Disks(('scsi',))))
ELSEWHERE = (
    Example({'img_hv_type': 'kvm'}), Example({'hw_machine_type': 'q35'}),
    Example({'os_secure_boot': 'required', 'os_type': 'linux'}),
    Example({}, sizes={'vcpus': 65}), Example({'disk_format': 'qcow2'}))
IGNORED = (
    Example({}, {'hw:cpu_features': 'vmx,avx2'}),
    Example({}, {'hw:cpu_features': 'avx2, vmx'}),
    Example({}, {'os:monitors': '2'}), Example({}, {'os:vram': '256'}),
    Example({}, {'hyperv:remotefx': '1280x1024,2'}),
    Example({**HYPERV, 'hw_firmware_type': 'uefi'}),
    Example({**GEN2, 'hw_firmware_type': 'bios'}))

INTRODUCTION = """\
=====================
What servers may need
=====================

.. This page is written by python -m doc.generate.

What a flavor and an image require of a Hyper-V host, which Windows Server
releases can provide it, and what no host can. The request filter adds the
traits to Nova's query of Placement. A server that no host can run is refused
before any host is tried, with the message below in the server's fault and in
the log of nova-scheduler.

Flavor and image come from the request. Image properties that the request does
not carry (``os_shielded_vm``, ``os_vtpm``, ``hw_cpu_features``) come from
Nova's own record of the server, which has the properties the image had when
the server was created or rebuilt. Glance is normally not asked, so it may be
unavailable and the image may have been deleted.

==============================  ==============================================
create, also several at once    the build request in the API database
create on a volume              the same; it has the properties of the volume's
                                image. The size of the root disk and the image
                                format are not checked
resize and every migration      the server's record in its cell: what it was
                                created with
unshelve                        the same, not the properties of the snapshot
rebuild with another image      the new image, in the same record
rebuild with the same image     nothing: Nova asks no scheduler
==============================  ==============================================

In three cases the record is not enough. Glance is then asked with the token of
the request, once per ``[hv_sched]image_ttl`` for an image, and for at most 512
images: ``hw_cpu_features`` of more than the 255 characters that Nova keeps; a
server whose last rebuild found no host (the record is of the image that was
refused); several servers created at once of which the first was deleted before
they were scheduled. If Glance does not answer (unavailable, slower than
``[glance]timeout``, image deleted or not permitted), or with
``[hv_sched]read_images = false``, the request is refused with that reason.

A contradiction never prevents a running server from moving: it is logged as a
warning. A resize to another flavor is checked. A server whose image names no
hypervisor stays with the hypervisor it runs on.

A rebuild is checked by ``HyperVFeatureFilter`` against its new image and the
host the server is on. Another generation or feature is refused if the host
does not have it. Otherwise the rebuild continues, and compute-hyperv creates
the virtual machine again. The reason is in the server's fault; Nova sets the
server to ERROR, and it keeps running.

A key means what compute-hyperv makes of its exact text, spaces and case
included. What the host refuses at spawn is refused in advance. What it ignores
requires nothing and is reported by ``csv check`` and in the log. Secure boot,
vTPM and shielding are exceptions: the host would ignore ``Required`` or a
space after ``required`` and start the server without the protection, so such a
value is refused. So is ``os_type=Windows`` with secure boot, which the host
would start with the keys for Linux.

``disk_format=vhd`` is checked only with ``[hv_sched]disk_format_vhd_is_vhd``.

Without ``os:vram``, compute-hyperv leaves the amount of video memory to
Hyper-V. It is counted as what Hyper-V's own tools use for the monitors (five
surfaces of four bytes per pixel, rounded up to a size that can be selected;
128 or 256 MB on Windows Server 2012 R2), on the release that uses most.
``os:vram`` in the flavor sets it, and excludes Windows Server 2012 R2.
"""


def page() -> str:
    return '\n'.join((
        INTRODUCTION, *rst.title('By release'),
        'A node with the required traits can run the server. "no", with the '
        'reason: no node of the release can.\n', *rst.table(
            ('Asked', 'Required', *(build.product.removeprefix(
                'Windows Server ') for build in windows_builds.BUILDS)),
            (_row(example) for example in ASKS)),
        *rst.title('Refused everywhere'), *rst.table(
            ('Asked', 'The refusal says'),
            ((example.words(), '; '.join(example.asked().contradictions))
             for example in REFUSED)),
        *rst.title('Beside other hypervisors'),
        '``[hv_sched]unmarked_images`` decides where images without a '
        'hypervisor go; this is its default.\n',
        *rst.table(('Asked', 'Hyper-V nodes'), (
            (example.words(), _elsewhere(example)) for example in ELSEWHERE)),
        *rst.title('Ignored by every Hyper-V host'),
        'Logged once and reported by ``csv check``; it requires nothing.\n',
        *rst.table(('Set', 'The message'), (
            (example.words(), '; '.join(example.asked().ignored))
            for example in IGNORED))))


def _row(example: Example) -> Iterable[str]:
    asked = example.asked()
    yield example.words()
    group = asked.gpu
    yield ', '.join((
        *(f'``{trait}``' for trait in sorted(asked.required)),
        *((f'RemoteFX child: {", ".join(sorted(group.traits))}, '
           f'{", ".join(f"{n} {rc}" for rc, n in group.resources.items())}',)
          if group else ())))
    for build in windows_builds.BUILDS:
        yield cell(asked, build)


def cell(asked: requirements.Requirements, build: windows_builds.Build) -> str:
    """What a release says to an ask."""
    prefix = f'!{names.build_trait(build.number)}'
    why = [reason.text for reason in asked.reasons if reason.trait == prefix]
    if why:
        return 'no: ' + '; '.join(why)
    wanted = [features.by_trait(trait) for trait in sorted(asked.required)]
    able = set(model.CpuVendor)
    for feature in filter(None, wanted):
        able &= set(features_reference.vendors(feature, build))
        if not able:
            return f'no: {feature.name} needs {feature.needs}'
    if len(able) == 1:
        return f'{able.pop().name} only'
    return 'yes'


def _elsewhere(example: Example) -> str:
    asked = example.asked()
    if names.HYPERV in asked.forbidden:
        return 'never: ' + '; '.join(
            reason.text or str(reason.setting) for reason in asked.reasons)
    refused = [build.product for build in windows_builds.BUILDS
               if asked.refuses_build(build.number)]
    return f'not {", ".join(refused)}' if refused else 'too'

