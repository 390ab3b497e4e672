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

"""openstacksdk's resources where its own say less, or ask more, than we need.

Nova's microversion is negotiated up to ``_max_microversion``.
"""

from openstack import resource
from openstack.compute.v2 import aggregate
from openstack.compute.v2 import flavor
from openstack.compute.v2 import hypervisor
from openstack.compute.v2 import migration
from openstack.compute.v2 import server
from openstack.compute.v2 import service
from openstack.image.v2 import image

Aggregate = aggregate.Aggregate
ComputeService = service.Service
Image = image.Image
Migration = migration.Migration


class FlavorResource(flavor.Flavor):
    """Extra specs are None where the credentials may not see them."""

    extra_specs = resource.Body('extra_specs', type=dict)


class HypervisorResource(hypervisor.Hypervisor):
    """From 2.88 on Nova asks every node for its ``uptime``: an RPC each."""

    _max_microversion = '2.87'


class ServerResource(server.Server):
    """Flavor and image as Nova returns them.

    An image that is empty (the root disk is a volume) and one that is not
    told (the server's cell is down) are not the same. 2.98 shows the
    properties of images.
    """

    _max_microversion = '2.98'
    _query_mapping = resource.QueryParameters(
        'name', 'uuid', all_projects='all_tenants')
    flavor = resource.Body('flavor')
    image = resource.Body('image')
    pinned_availability_zone = resource.Body('pinned_availability_zone')
