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

"""What asking means, as values."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import enum
from typing import Any

from hv_sched.conf import choices
from hv_sched.features import windows_builds
from hv_sched.placement import names
from hv_sched.requirements.keys import Setting


class Hypervisor(enum.Enum):
    """Whose servers a request is for."""

    HYPERV = 'hyperv'
    OTHER = 'other'
    ANY = 'any'


@dataclasses.dataclass(frozen=True)
class Rules:
    """What an operator decides.

    :param unmarked: for whom an image is that says nothing of a hypervisor
    :param survivable: ask for what every possible failover owner has
    :param vhd_is_vhd: ``disk_format`` vhd means the old format; many images
        with VHDX data are registered as vhd
    :param disk_formats: those the nodes' virt driver boots from, as it
        spells them; empty: any
    """

    unmarked: Hypervisor = Hypervisor.ANY
    survivable: bool = False
    vhd_is_vhd: bool = False
    disk_formats: tuple[str, ...] = choices.DISK_FORMATS

    @classmethod
    def from_options(cls, options: Any) -> 'Rules':
        """:param options: the group [hv_sched], see ``conf.scheduler``"""
        return cls(unmarked=Hypervisor(options.unmarked_images),
                   survivable=options.survivable_features,
                   vhd_is_vhd=options.disk_format_vhd_is_vhd,
                   disk_formats=tuple(options.hyperv_disk_formats))


@dataclasses.dataclass(frozen=True)
class Disks:
    """What a server starts with besides its root disk.

    :param buses: the ``disk_bus`` of each disk, empty where none is named;
        swap is no disk to Hyper-V
    :param config_drive: takes a slot, too
    """

    buses: tuple[str, ...] = ()
    config_drive: bool = False


@dataclasses.dataclass(frozen=True)
class Reason:
    """What is asked or avoided, and the key and value that make it so.

    :param trait: with ``!`` before it when it is forbidden
    :param text: said where key and value alone do not say it
    """

    trait: str
    setting: Setting
    text: str = ''

    def __str__(self) -> str:
        return f'{self.trait}: {self.text or self.setting}'


@dataclasses.dataclass(frozen=True)
class GpuGroup:
    """What is asked of the RemoteFX child of a node."""

    resources: Mapping[str, int]
    traits: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Requirements:
    """What a server asks of its host.

    :param required: traits of the node
    :param forbidden: traits the node must not have, but for builds
    :param refused_releases: the lowest build numbers of Windows releases
        that cannot run the server; see ``forbidden_among``
    :param contradictions: why no host can ever run the server, in words
    :param ignored: what is set that no Hyper-V host looks at, in words
    """

    hypervisor: Hypervisor
    generation: int
    required: frozenset[str] = frozenset()
    forbidden: frozenset[str] = frozenset()
    refused_releases: frozenset[int] = frozenset()
    gpu: GpuGroup | None = None
    reasons: tuple[Reason, ...] = ()
    contradictions: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def refuses_build(self, number: int) -> bool:
        """Whether a node of this build cannot run the server."""
        release = windows_builds.build_of(number)
        return release is not None and (
            release.number in self.refused_releases)

    def forbidden_among(self, traits: Iterable[str]) -> frozenset[str]:
        """Which of the traits that exist the node must not have."""
        return frozenset(
            trait for trait in traits
            if trait in self.forbidden or self._is_refused_build(trait))

    def _is_refused_build(self, trait: str) -> bool:
        number = trait.removeprefix(names.BUILD_PREFIX)
        return (number != trait and number.isdecimal()
                and self.refuses_build(int(number)))

    def asked_by(self, trait: str) -> str:
        """The keys and values behind a trait."""
        return ', '.join(str(reason.setting) for reason in self.reasons
                         if reason.trait == trait)
