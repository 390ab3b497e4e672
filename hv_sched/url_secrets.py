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

"""Passwords in the URLs of services, which are shown nowhere.

The one place that knows what such a URL looks like. It may be no good one: an
error names just that. A password with a slash or a space is one here, too.
"""

import re

_HIDDEN = '***'
# What follows the colon is a port where there are digits up to the path, and
# no @ in the same word: a password may begin with digits, too. It is not
# looked for beyond the next URL, or many would cost a long time.
_USERINFO = re.compile(
    r'''(://[^\s:/@?\#\[\]]*):           # user
        (?!\d+:?(?:[/?\#'")](?:(?!://)[^\s@])*)?(?:\s|$|://)   # no port,
           |\s)                          # no sentence
        (?:(?:(?!://)\S)*@               # up to the last @ of the word, or
           |(?:(?!://)[^"\n@])*@)        # with spaces up to the first one
    ''', re.VERBOSE)
_PARAMETER = re.compile(
    r'([?&;]\w{0,40}(?:password|passwd|secret|token)=)[^&;\s"\'#]+')


def masked(text: str) -> str:
    """The text with all passwords in its URLs replaced."""
    if '://' not in text:
        return text
    return _PARAMETER.sub(rf'\1{_HIDDEN}', _USERINFO.sub(
        rf'\1:{_HIDDEN}@', text))


def masked_option(value: str) -> str:
    """What an option that should be a URL has, and may be anything."""
    if '://' in value:
        return masked(value)
    _userinfo, at, host = value.rpartition('@')
    return f'{_HIDDEN}@{host}' if at else value
