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

"""Each feature with its trait, the keys that ask for it, and its rule.

A rule answers from what the node itself showed: True, False, or None when
the source does not say. None never adds a trait, and never takes one away.
"""

from collections.abc import Callable
import dataclasses

from hv_sched import model
from hv_sched.features import remotefx
from hv_sched.features import windows_builds

PREFIX = 'CUSTOM_HYPERV_'
HA_PREFIX = PREFIX + 'HA_'

Rule = Callable[[model.Node], bool | None]


@dataclasses.dataclass(frozen=True)
class Key:
    """A flavor extra spec or image property that asks for a feature.

    :param source: ``flavor`` or ``image``
    :param values: the values that ask for it; empty: any value does
    """

    source: str
    name: str
    values: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Feature:
    """One thing a node may or may not offer.

    :param facts: the fields of ``model.Node`` the rule looks at, which are
        those of a source's node too
    :param keys: what asks for it, as compute-hyperv reads it
    :param needs: for people: what else must hold on host and server
    :param excludes: for people: what a server cannot have besides
    :param source: where the rule comes from
    :param survivable: published as CUSTOM_HYPERV_HA_* too
    """

    name: str
    trait: str
    rule: Rule
    facts: tuple[str, ...]
    needs: str
    source: str
    keys: tuple[Key, ...] = ()
    excludes: str = ''
    survivable: bool = True


def _from_build(lowest: int) -> Rule:
    def rule(node: model.Node) -> bool | None:
        return None if node.build is None else node.build >= lowest
    return rule


def _both(first: bool | None, second: bool | None) -> bool | None:
    """And, of answers that may be unknown."""
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


def _plain(name: str, suffix: str, fact: str, needs: str, source: str,
           *keys: Key) -> Feature:
    """A feature that a node has when it shows one fact.

    A server asks for it by any of the keys, with a value of the key's.
    """
    def rule(node: model.Node) -> bool | None:
        answer: bool | None = getattr(node, fact)
        return answer

    return Feature(name, PREFIX + suffix, rule, (fact,), needs, source, keys)


def _guarded(node: model.Node) -> bool | None:
    """Attestation by the Host Guardian Service; needs 2016 or newer."""
    return _both(_from_build(windows_builds.WS2016.number)(node),
                 node.guarded_host)


# Microsoft: "Run Hyper-V in a Virtual Machine with Nested Virtualization" (10
# June 2025): Intel from 2016 (configuration version 8.0), AMD from 2022 (9.3).
NESTED_SINCE = {model.CpuVendor.INTEL: windows_builds.WS2016.number,
                model.CpuVendor.AMD: windows_builds.WS2022.number}


def _nested(node: model.Node) -> bool | None:
    """By CPU vendor: os-win says yes for any 2016 host, AMD ones too."""
    build: bool | None
    if node.cpu_vendor is not None:
        build = _from_build(NESTED_SINCE[node.cpu_vendor])(node)
    else:
        # No vendor's CPUs nest before the earliest of these builds.
        earliest = _from_build(min(NESTED_SINCE.values()))(node)
        build = False if earliest is False else None
    return _both(build, node.nested_virtualization)


def _remotefx(node: model.Node) -> bool | None:
    build = None if node.build is None else bool(remotefx.monitors(node.build))
    cards = None if node.gpus is None else bool(node.gpus)
    return _both(_both(build, node.remotefx_enabled), cards)


GEN1 = Feature(
    'generation 1', PREFIX + 'GEN1', _from_build(model.OLDEST_BUILD),
    ('build',),
    'any supported build', 'compute-hyperv vmops.py (default generation)',
    (Key('image', 'hw_machine_type', ('hyperv-gen1',)),))
GEN2 = Feature(
    'generation 2', PREFIX + 'GEN2',
    _from_build(windows_builds.WS2012R2.number), ('build',),
    'Windows Server 2012 R2 or newer; a VHDX image',
    'compute-hyperv vmops.py (get_image_vm_generation)',
    (Key('image', 'hw_machine_type', ('hyperv-gen2',)),))
SECURE_BOOT = Feature(
    'secure boot, Windows guest', PREFIX + 'SECURE_BOOT',
    _from_build(windows_builds.WS2012R2.number), ('build',),
    'generation 2, os_type set, written "windows"; Windows Server 2012 R2 or '
    'newer',
    'compute-hyperv vmops.py (_requires_secure_boot)',
    (Key('image', 'os_secure_boot', ('required',)),
     Key('flavor', 'os:secure_boot', ('required',))))
SECURE_BOOT_LINUX = Feature(
    'secure boot, other guest', PREFIX + 'SECURE_BOOT_LINUX',
    _from_build(windows_builds.WS2016.number), ('build',),
    'generation 2, os_type set; the UEFI CA template of Windows Server 2016 '
    'or newer',
    'compute-hyperv vmops.py (_requires_certificate); os-win vmutils10.py '
    '(_set_secure_boot)',
    SECURE_BOOT.keys)
VTPM = Feature(
    'virtual TPM', PREFIX + 'VTPM', _guarded, ('build', 'guarded_host'),
    'secure boot, os_type windows, a guarded host: Windows Server 2016 or '
    'newer that its Host Guardian Service attests',
    'compute-hyperv vmops.py (_check_vtpm_requirements)',
    (Key('image', 'os_vtpm', ('required',)),))
SHIELDED_VM = Feature(
    'shielded VM', PREFIX + 'SHIELDED_VM', _guarded,
    ('build', 'guarded_host'),
    'secure boot, os_type windows, a guarded host: Windows Server 2016 or '
    'newer (MSFT_HgsClientConfiguration.IsHostGuarded)',
    'compute-hyperv vmops.py (_check_vtpm_requirements); os-win '
    'hostutils10.py (is_host_guarded)',
    (Key('image', 'os_shielded_vm', ('required',)),))
NESTED_VIRT = Feature(
    'nested virtualization', PREFIX + 'NESTED_VIRT', _nested,
    ('build', 'cpu_vendor', 'nested_virtualization'),
    'Intel: Windows Server 2016 or newer; AMD: 2022 or newer',
    'Microsoft "Run Hyper-V in a Virtual Machine with Nested '
    'Virtualization"',
    (Key('flavor', 'hw:cpu_features', ('vmx',)),
     Key('image', 'hw_cpu_features', ('vmx',))),
    excludes='dynamic memory')
REMOTEFX = Feature(
    'RemoteFX', PREFIX + 'REMOTEFX', _remotefx,
    ('build', 'remotefx_enabled', 'gpus'),
    'enable_remotefx, RDS-Virtualization, a GPU; generation 1 only on '
    'Windows Server 2012 R2; gone from 2019 on',
    'compute-hyperv vmops.py (configure_remotefx); os-win vmutils.py, '
    'vmutils10.py (_remotefx_max_monitors_map)',
    (Key('flavor', 'os:resolution'), Key('flavor', 'os:monitors'),
     Key('flavor', 'os:vram')),
    survivable=False)

# Those whose keys have rules of their own, see requirements.reader.
RULED: tuple[Feature, ...] = (
    GEN1, GEN2, SECURE_BOOT, SECURE_BOOT_LINUX, VTPM, SHIELDED_VM,
    NESTED_VIRT, REMOTEFX)
CATALOGUE: tuple[Feature, ...] = (
    *RULED,
    _plain('Fibre Channel', 'FC', 'fibre_channel',
           'a Fibre Channel host bus adapter', 'os-win fc_utils.py'),
    _plain('multipath I/O', 'MPIO', 'mpio', 'the Multipath-IO feature',
           'os-win iscsi initiator utilities'),
    _plain('ReFS', 'REFS', 'refs', 'a volume with ReFS',
           'Microsoft "Resilient File System overview"'))
# RemoteFX is a resource of the node's child provider, not a trait of it.
ON_NODE = tuple(f for f in CATALOGUE if f is not REMOTEFX)


def by_trait(trait: str) -> Feature | None:
    """The feature a trait stands for, survivable or not."""
    plain = trait.replace(HA_PREFIX, PREFIX, 1)
    for feature in CATALOGUE:
        if feature.trait in (trait, plain):
            return feature
    return None


def ha_trait(feature: Feature) -> str:
    """The trait that says every possible failover owner has it."""
    return HA_PREFIX + feature.trait.removeprefix(PREFIX)
