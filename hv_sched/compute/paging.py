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

"""A list that is read page by page ends.

Nova's client here and openstacksdk notice a page that leads to itself. A
service whose every page leads to a new one they would read for ever.
"""

from collections.abc import Iterable
from collections.abc import Iterator
import time
from typing import TypeVar

from hv_sched import exception

_Item = TypeVar('_Item')
# A page takes a second or so: of 200 images, more than 300,000 of them.
LISTING_SECONDS = 1800.0
# Twenty times the servers of the largest cloud that is measured.
MOST_ITEMS = 2_000_000


def ending(items: Iterable[_Item],
           unavailable: type[exception.ServiceUnavailable], pages: str
           ) -> Iterator[_Item]:
    """The items, for as long as reading all of them may take.

    They may be kept, so their number has an end, too.

    :param unavailable: the error of the service
    :param pages: whose they are and of what, for the message
    :raises ServiceUnavailable: they did not end
    """
    end = time.monotonic() + LISTING_SECONDS
    for number, item in enumerate(items):
        if number == MOST_ITEMS:
            raise unavailable(_without_end(
                pages, f'there were more than {MOST_ITEMS} items'))
        yield item
        if time.monotonic() > end:
            raise unavailable(_without_end(
                pages, f'they were read for {LISTING_SECONDS / 60:.0f} '
                'minutes'))


def _without_end(pages: str, sign: str) -> str:
    return (f'{pages} do not end: {sign}; does the endpoint lead to the '
            'service?')
