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

"""A real Glance, run by the Python of an environment that has it.

``python glance_server.py FOLDER PORT`` keeps its database and images in the
folder. Who asks is what the token says, ``user:project:role``: there is no
keystone. Imported by nothing: the tests' own environment has no glance.
"""

import os
import pathlib
import subprocess
import sys
from wsgiref import simple_server

CONF = """
[DEFAULT]
enabled_backends = f:file
enabled_import_methods = []
property_protection_file = {folder}/protections.conf
property_protection_rule_format = roles
[glance_store]
default_backend = f
[f]
filesystem_store_datadir = {folder}/images
[os_glance_staging_store]
filesystem_store_datadir = {folder}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {folder}/tasks
[database]
connection = sqlite:///{folder}/glance.sqlite
[paste_deploy]
config_file = {folder}/paste.ini
"""
PASTE = """
[composite:glance-api]
paste.composite_factory = glance.api:root_app_factory
/: api
[composite:api]
paste.composite_factory = glance.api:pipeline_factory
default = versionnegotiation token context rootapp
[composite:rootapp]
paste.composite_factory = glance.api:root_app_factory
/: apiversions
/v2: apiv2app
[app:apiversions]
paste.app_factory = glance.api.versions:create_resource
[app:apiv2app]
paste.app_factory = glance.api.v2.router:API.factory
[filter:versionnegotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory
[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory
[filter:token]
paste.filter_factory = glance_server:token_filter
"""  # noqa: E501
# Only an admin writes trait:CUSTOM_HYPERV_VTPM; everything else is free.
PROTECTIONS = """
[^trait:CUSTOM_HYPERV_VTPM$]
create = admin
read = @
update = admin
delete = admin
[.*]
create = @
read = @
update = @
delete = @
"""

# As keystone's default roles imply each other.
IMPLIED = {'admin': 'admin,member,reader', 'member': 'member,reader',
           'reader': 'reader'}


def token_filter(conf, **local_conf):
    """Paste: takes the token at its word."""
    def wrap(application):
        def serve(environ, start_response):
            user, project, role = environ.get(
                'HTTP_X_AUTH_TOKEN', 'nobody:none:reader').split(':')
            environ.update({
                'HTTP_X_IDENTITY_STATUS': 'Confirmed',
                'HTTP_X_USER_ID': user, 'HTTP_X_PROJECT_ID': project,
                'HTTP_X_TENANT_ID': project, 'HTTP_X_ROLES': IMPLIED[role]})
            return application(environ, start_response)
        return serve
    return wrap


def prepare(folder):
    for name, text in (('glance-api.conf', CONF), ('paste.ini', PASTE),
                       ('protections.conf', PROTECTIONS)):
        (folder / name).write_text(text.replace('{folder}', str(folder)))
    subprocess.run(
        [pathlib.Path(sys.executable).parent / 'glance-manage',
         '--config-file', folder / 'glance-api.conf', 'db_sync'], check=True)


def main(folder, port):
    prepare(folder)
    os.environ['OS_GLANCE_CONFIG_DIR'] = str(folder)
    # Paste imports this very file by its name.
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    sys.argv[1:] = []
    from glance.common import wsgi_app  # noqa: PLC0415  after the folder
    simple_server.make_server(
        '127.0.0.1', port, wsgi_app.init_app()).serve_forever()


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]))
