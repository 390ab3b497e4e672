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

"""Bytes nobody should write, made of bytes that somebody did."""

import codecs
import re

from hypothesis import strategies as st

# Where a value may stand in YAML and in JSON.
_VALUE = re.compile(rb'(?<=: )[^\s,{}\[\]]+|(?<=":)[^\s,{}\[\]]+')
_LAUGHS = b'a: &a [x]\n' + b''.join(
    b'%c: &%c [%s]\n' % (name, name, b','.join([b'*%c' % (name - 1)] * 9))
    for name in range(ord('b'), ord('k')))
VALUES = (
    b'null', b'true', b'-1', b'0', b'1e400', b'-1e400', b'NaN', b'Infinity',
    b'.inf', b'9' * 30, b'9' * 5000, b'9223372036854775808', b'1.5', b'""',
    b'"\\u0000"', b'"\\ud800"', b'"\x00"', b'\xff', b'[]', b'{}', b'[[]]',
    b'{"a": 1, "a": 2}', b'*a', b'!!python/object:os.system x', b'? x',
    b'[' * 5000, b'{"a":' * 5000, b'[' * 400 + b']' * 400,
    b'{"a":' * 400 + b'1' + b'}' * 400,
    b'{"Count":1,"value":' * 900 + b'[]' + b'}' * 900,
    b'"' + b'x' * 65536 + b'"', b'"2026-03-01T08:30:00"',
    b'"0001-01-01T00:00:00+23:59"', b'"9999-12-31T23:59:59-23:59"',
    b'"2026-02-30T00:00:00Z"', b'2026-03-01')
WHOLE = (
    b'', b'\0', b'\n' * 1000, b'null', b'[]', b'"x"', b'1', b'---\n---\n',
    _LAUGHS, b'[' * 100000, b'{"a":' * 100000, b'- ' * 5000, b'\xff' * 100,
    b'a: |\n ' + b'x' * 65536, b'&' + b'a' * 65536, b'"\\u', b'%YAML 9.9\n',
    b'? ' * 3000, b'{"section":"begin"', b'{"section":"begin","rows":1}\n')
# Where a value may stand in an answer, and larger than any that is right.
LARGE = (
    b'"' + b'x' * 2000000 + b'"', b'"' + b'\\u20ac' * 300000 + b'"',
    b'9' * 1000000, b'1e' + b'9' * 1000000, b'-' + b'0.' + b'9' * 1000000,
    b'[' * 1000000, b'{"a":' * 200000,
    b'[' + b','.join([b'{}'] * 300000) + b']',
    b'[' + b','.join([b'[]'] * 300000) + b']',
    b'{' + b','.join(b'"%d":0' % number for number in range(100000)) + b'}')
_ENCODINGS = (
    lambda data: codecs.BOM_UTF8 + data,
    lambda data: codecs.BOM_UTF8 * 2 + data,
    lambda data: codecs.BOM_UTF16_LE + data,
    lambda data: codecs.BOM_UTF32_BE + data,
    lambda data: data.decode('utf-8', 'replace').encode('utf-16'),
    lambda data: data.decode('utf-8', 'replace').encode('utf-16-le'),
    lambda data: data.decode('utf-8', 'replace').encode('utf-32'),
    lambda data: data.decode('utf-8', 'replace').encode('utf-7'))


@st.composite
def files(draw, seeds):
    """A file that was spoilt in up to four ways, or never was any."""
    data = draw(st.sampled_from((*seeds, *WHOLE)))
    for _number in range(draw(st.integers(1, 4))):
        data = draw(st.sampled_from(_CHANGES))(draw, data)
    return data


def _value(draw, data):
    places = list(_VALUE.finditer(data))
    if not places:
        return data
    place = places[draw(st.integers(0, len(places) - 1))]
    return (data[:place.start()] + draw(st.sampled_from(VALUES))
            + data[place.end():])


def _bytes(draw, data):
    begin, end = sorted(draw(st.tuples(*[st.integers(0, len(data))] * 2)))
    return (data[:begin] + draw(st.binary(max_size=8))
            + data[min(end, begin + 8):])


def _twice(draw, data):
    lines = data.splitlines(keepends=True) or [b'']
    place = draw(st.integers(0, len(lines) - 1))
    return b''.join([*lines[:place], lines[place], *lines[place:]])


def _cut(draw, data):
    return data[:draw(st.integers(0, len(data)))]


def _encoded(draw, data):
    return draw(st.sampled_from(_ENCODINGS))(data)


def _moved(draw, data):
    """A line in the place of another one."""
    lines = data.splitlines(keepends=True) or [b'']
    source, place = draw(st.tuples(*[st.integers(0, len(lines) - 1)] * 2))
    return b''.join([*lines[:place], lines[source], *lines[place + 1:]])


_CHANGES = (_value, _value, _value, _bytes, _twice, _cut, _encoded, _moved)


def spoilt(data, places, values=VALUES):
    """The file with every hostile value in turn, at changing places."""
    matches = list(_VALUE.finditer(data))[:places]
    for number, value in enumerate(values):
        place = matches[number * 7 % len(matches)]
        yield data[:place.start()] + value + data[place.end():]
