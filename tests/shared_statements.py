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

"""SQL statements compiled once for all tests of a process.

Each test has databases, and so engines, of its own; SQLAlchemy keeps what it
compiled with the engine. Compiling again what every test asks took a third of
the time of the tests inside Nova.
"""

from typing import Any

from sqlalchemy import util
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.engine import base

_MAX_STATEMENTS = 5000
_STATEMENTS = util.LRUCache(_MAX_STATEMENTS)
_DIALECT = pysqlite.SQLiteDialect_pysqlite


def _statements(engine: base.Engine) -> Any:
    if type(engine.dialect) is _DIALECT:
        return _STATEMENTS
    return engine.__dict__.get('_own_statements')


def _set_statements(engine: base.Engine, cache: Any) -> None:
    engine.__dict__['_own_statements'] = cache


def share() -> None:
    """Let all SQLite engines of this process share what was compiled."""
    # The dialect is part of a statement's key; those of SQLite are alike.
    _DIALECT.__hash__ = lambda dialect: hash(_DIALECT)
    _DIALECT.__eq__ = lambda dialect, other: type(other) is _DIALECT
    base.Engine._compiled_cache = property(_statements, _set_statements)
