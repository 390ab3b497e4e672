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

"""Compares names as Windows does."""

import functools

# Letters whose capital Unicode knows and Windows' table does not: it maps a
# letter only where the capital's small letter is that letter again.
_FINAL_SIGMA = 'ς'


@functools.lru_cache(maxsize=1 << 16)
def key(name: str) -> str:
    """The form in which two names of nodes, clusters or volumes are equal.

    Windows compares names character by character by a table of capitals
    (``RtlUpcaseUnicodeChar``; NTFS stores the same table as ``$UpCase``): one
    UTF-16 code unit becomes one. So ß is not ss, ı is not i, and a letter
    with its accent behind it is another name than the one letter of both.
    """
    return ''.join(map(_capital, name))


def bare(name: str) -> str:
    """A host's name without its domain."""
    return name.partition('.')[0]


def _capital(letter: str) -> str:
    """The capital of a letter, or the letter itself where there is none."""
    if letter > '\uffff':
        return letter  # two code units, of which neither is a letter
    # The title case is the single letter of those few (ᾳ) whose capital is
    # written as two.
    capital = next((text for text in (letter.upper(), letter.title())
                    if len(text) == 1), letter)
    is_its_own = capital.lower() == letter or letter == _FINAL_SIGMA
    return capital if is_its_own and capital <= '\uffff' else letter
