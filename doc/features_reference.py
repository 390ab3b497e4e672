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

"""The catalogue of features as rows of the page of traits."""

import dataclasses

from hv_sched import model
from hv_sched.features import catalogue
from hv_sched.features import remotefx
from hv_sched.features import windows_builds


@dataclasses.dataclass(frozen=True)
class Row:
    """One trait, or one family of traits.

    :param trait: the name; ``<…>`` stands for what differs
    :param who: which providers get it
    :param fact: the field of a source it comes from, or what else decides
    :param origin: where the rule comes from, empty for one of our own
    """

    trait: str
    who: str
    fact: str
    origin: str = ''


def vendors(feature: catalogue.Feature, build: windows_builds.Build
            ) -> tuple[model.CpuVendor, ...]:
    """The CPUs with which a node that shows everything has a feature."""
    return tuple(
        vendor for vendor in model.CpuVendor
        if feature.rule(_showing_all(build.number, vendor)))


def _showing_all(build: int, vendor: model.CpuVendor) -> model.Node:
    return model.Node(
        'any', build=build, cpu_vendor=vendor,
        gpus=(model.Gpu('any', remotefx.MAX_VRAM_MB),),
        **dict.fromkeys(model.capability_fields(), True))


def feature_rows() -> tuple[Row, ...]:
    """Each feature's trait, then its survivable form."""
    rows: list[Row] = []
    for feature in catalogue.CATALOGUE:
        fact = ', '.join(feature.facts)
        where = ('RemoteFX child of a node'
                 if feature is catalogue.REMOTEFX else 'node')
        rows.append(Row(feature.trait, f'{where} that shows '
                        f'{feature.name}: {feature.needs}', fact,
                        feature.source))
        if feature.survivable:
            rows.append(Row(
                catalogue.ha_trait(feature),
                f'node of which every possible failover owner has '
                f'{feature.trait}',
                f'{fact} of each; cut_off_nodes, home',
                'Microsoft "Cluster Operating System Rolling Upgrade"'))
    return tuple(rows)
