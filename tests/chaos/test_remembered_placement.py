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

"""What is remembered of Placement is what it would answer."""

import io

from tests.chaos import remembered_placement
from tests.chaos import services
from tests.functional import base

TRAIT = '/traits/CUSTOM_LATE'


def ask(placement, method, url):
    return placement({
        'REQUEST_METHOD': method, 'PATH_INFO': services.PATHS['Placement']
        + url, 'QUERY_STRING': '', 'HTTP_X_AUTH_TOKEN': services.TOKEN,
        'HTTP_OPENSTACK_API_VERSION': 'placement 1.39',
        'SERVER_NAME': 'x', 'SERVER_PORT': '80', 'wsgi.url_scheme': 'http',
        'wsgi.input': io.BytesIO(b'')}).status[:3]


def test_a_new_question_after_remembered_writes_sees_them():
    """The database was restored meanwhile, and is written again."""
    with base.running_placement() as placement:
        application = base.application()
        origin = application.copy()
        remembered = remembered_placement.RememberedPlacement(
            placement.service, application)
        assert ask(remembered, 'PUT', TRAIT) == '201'
        application.restore(origin)
        remembered.restored()
        assert ask(remembered, 'PUT', TRAIT) == '201'
        assert ask(remembered, 'GET', TRAIT) == '204'
