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

"""Two names are one name where Windows takes them for one."""

import string

from hypothesis import given
from hypothesis import strategies as st
import pytest

from hv_sched import windows_names

ANY_TEXT = st.text(st.characters(blacklist_categories=()))


@pytest.mark.parametrize(('name', 'other'), [
    ('hv01', 'HV01'), ('knoten-ä', 'KNOTEN-Ä'), ('том', 'ТОМ'),
    ('ÿ', 'Ÿ'), ('οδος', 'ΟΔΟΣ'), ('ᾳ', 'ᾼ')])
def test_case_is_no_difference(name, other):
    assert windows_names.key(name) == windows_names.key(other)


@pytest.mark.parametrize(('name', 'other'), [
    ('straße', 'strasse'), ('straße', 'STRASSE'), ('ﬁn', 'FIN'),
    ('hıv', 'HIV'), ('İ', 'i'), ('ſ', 'S'), ('µ', 'Μ'),
    ('\u212a', 'k'), ('ö', 'o\u0308'), ('Volume1', 'Volume10'),
    ('\U00010428', '\U00010400')])
def test_names_windows_tells_apart_are_two_names(name, other):
    assert windows_names.key(name) != windows_names.key(other)


@given(ANY_TEXT)
def test_one_code_unit_becomes_one(name):
    upper = windows_names.key(name)
    assert len(upper) == len(name)
    assert windows_names.key(upper) == upper
    assert len(upper.encode('utf-16-le', 'surrogatepass')) == len(
        name.encode('utf-16-le', 'surrogatepass'))


@given(st.text(string.ascii_letters + string.digits + '-.'))
def test_host_names_compare_as_dns_does(name):
    assert windows_names.key(name) == windows_names.key(name.swapcase())
