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


"""One capable node among many, and Placement gives a hundred of them.

The many are real providers of a real Placement, without a nova-compute; the
capable one is a real compute, registered last.
"""

import dataclasses
from typing import Any

from nova import context as nova_context
from nova import exception
from nova import objects
from nova.scheduler import request_filter
from nova.scheduler import utils
from nova.scheduler.client import report
import pytest

from hv_sched.filters import hyperv_feature
from tests.nova import features
from tests.nova.features import SHIELDED

pytestmark = pytest.mark.wide

NODE_TRAITS = ('CUSTOM_HYPERV', 'CUSTOM_HYPERV_GEN2',
               'CUSTOM_HYPERV_SECURE_BOOT', 'CUSTOM_HYPERV_BUILD_17763')
# Without our request filter for secure boot, and newer Nova always.
NOVA_ASKS = ('COMPUTE_SECURITY_UEFI_SECURE_BOOT', 'OWNER_NOVA')
GUARDED_TRAITS = ('CUSTOM_HYPERV_VTPM', 'CUSTOM_HYPERV_SHIELDED_VM')


@dataclasses.dataclass
class HostState:
    """As much of Nova's as the filter looks at."""

    uuid: str
    host: str


class ScaleTest(features.AskingCase):

    def fill(self, nodes: int) -> None:
        """Nodes that cannot run a shielded server."""
        for trait in (*NODE_TRAITS, *GUARDED_TRAITS):
            self.publisher._ensure(f'/traits/{trait}')
        traits = (*NODE_TRAITS, *self.placement.get(
            f'/traits?name=in:{",".join(NOVA_ASKS)}',
            version='1.39').body['traits'])
        for number in range(nodes):
            uuid = f'00000000-0000-4000-8000-{number:012d}'
            self.publisher._send('post', '/resource_providers', {
                'name': f'many{number}', 'uuid': uuid})
            self.publisher._send(
                'put', f'/resource_providers/{uuid}/inventories', {
                    'resource_provider_generation': 0, 'inventories': {
                        'VCPU': {'total': 100}, 'MEMORY_MB': {'total': 99999},
                        'DISK_GB': {'total': 9999}}})
            self.publisher._send(
                'put', f'/resource_providers/{uuid}/traits', {
                    'resource_provider_generation': 1,
                    'traits': [*traits]})

    def start_the_capable_one(self) -> None:
        self.flags(compute_driver='hv_fake.InTreeNode')
        self.start_hosts('able')
        self.publisher.add_traits(self.node('able'), *NODE_TRAITS,
                                  *GUARDED_TRAITS)
        self.forget_snapshot()

    def asking(self, server: Any, flavor: str) -> objects.RequestSpec:
        """A request for the server, read from Nova's own record."""
        found = self.api.get_server(server['id'])
        return self.request_spec(
            server['id'], flavor, image=objects.ImageMeta.from_dict(
                self.glance.show(None, found['image']['id'])))

    def candidates(self, request_spec: objects.RequestSpec) -> set[str]:
        """Nodes Placement gives after Nova's and our request filters."""
        context = nova_context.get_admin_context()
        request_filter.process_reqspec(context, request_spec)
        found, _, _ = (report.report_client_singleton()
                       .get_allocation_candidates(
                           context, utils.resources_from_request_spec(
                               context, request_spec, None)))
        return {uuid for candidate in found
                for uuid in candidate['allocations']}

    def filtered(self, request_spec: objects.RequestSpec, nodes: set[str],
                 ) -> set[str]:
        """What the filter leaves of nodes when no query has asked."""
        try:
            return {host.uuid for host
                    in hyperv_feature.HyperVFeatureFilter().filter_all(
                        [HostState(uuid, uuid) for uuid in sorted(nodes)],
                        request_spec)}
        except exception.NoValidHost:
            return set()

    def tell(self, nodes: int, results: int) -> None:
        self.fill(nodes - 1)
        self.start_the_capable_one()
        self.flags(max_placement_results=results, group='scheduler')
        flavor, able = self.flavor(1), self.node('able')
        # By the traits in the query it is found, and nothing else is.
        server = self.boot(flavor, image_uuid=self.image(SHIELDED))
        assert self.host_of(server) == 'able'
        assert self.candidates(self.asking(server, flavor)) == {able}
        # By a filter alone it is not: Placement has cut it off before.
        self.flags(request_filter_features=False, group='hv_sched')
        cut = self.candidates(self.asking(server, flavor))
        assert len(cut) == results
        assert able not in cut
        assert self.filtered(self.asking(server, flavor), cut) == set()
        self.refused(({}, {}, SHIELDED))
        # The filter would have known it among all the others.
        assert self.filtered(
            self.asking(server, flavor), {*cut, able}) == {able}

    def test_one_of_120_within_10_results(self) -> None:
        self.tell(120, 10)

    @pytest.mark.long
    def test_one_of_1200_within_100_results(self) -> None:
        self.tell(1200, 100)
