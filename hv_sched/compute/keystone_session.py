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

"""A keystoneauth session for which Keystone cannot wait for itself.

keystoneauth asks for the versions of Keystone once more with a token when
they are refused without one (401). On the way to the first token it then
waits for ever for the lock that it holds itself.
"""

from typing import Any

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import session as ksa_session


class KeystoneSession(ksa_session.Session):
    """The credentials, connections and TLS of another session.

    :param session: of keystoneauth
    """

    def __init__(self, session: ksa_session.Session) -> None:
        super().__init__(
            auth=session.auth, session=session.session,
            verify=session.verify, cert=session.cert,
            timeout=session.timeout, app_name=session.app_name,
            app_version=session.app_version,
            additional_headers=session.additional_headers)

    def is_keystone(self, url: str) -> bool:
        """Whether a request goes to where tokens come from."""
        auth_url = getattr(self.auth, 'auth_url', None)
        return bool(auth_url) and url.startswith(
            str(auth_url).removesuffix('/v3'))

    def get(self, url: str, **kwargs: Any) -> Any:
        """See keystoneauth; Keystone's versions are read without a token.

        :raises Unauthorized: they are refused without one; keystoneauth
            then takes the version from the URL
        """
        if kwargs.get('authenticated') and self.is_keystone(url):
            raise ksa_exceptions.Unauthorized(
                'Keystone does not list its versions without a token')
        return super().get(url, **kwargs)
