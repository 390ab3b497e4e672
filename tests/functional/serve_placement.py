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

"""Placement on a database, of whatever release this Python has.

``python serve_placement.py URL READY_FILE WORKERS [PORT]``. It imports
nothing of hv_sched, which another release's environment has not.
"""

import os
import pathlib
import signal
import socket
import sys

from oslo_config import cfg
from oslo_policy import opts as policy_opts
from placement import conf as placement_conf
from placement import db_api
from placement import deploy
from placement.db.sqlalchemy import migration

THREADS = 8


def configuration(connection: str = 'sqlite://') -> cfg.ConfigOpts:
    """Placement's options for a service without keystone."""
    conf = cfg.ConfigOpts()
    placement_conf.register_opts(conf)
    policy_opts.set_defaults(conf)
    conf.set_override('auth_strategy', 'noauth2', group='api')
    conf.set_override('connection', connection, group='placement_database')
    conf([], project='placement', default_config_files=[],
         default_config_dirs=[])
    return conf


def serve(url: str, ready_file: pathlib.Path, workers: int, port: int = 0
          ) -> None:
    """Answer until told to stop; the tables are brought up to date first.

    :param workers: processes, with eight threads each
    """
    import waitress  # noqa: PLC0415  benchmarks and demo do without
    conf = configuration(url)
    db_api.configure(conf)
    migration.upgrade('head')
    app = deploy.loadapp(conf)  # writes the standard traits and classes
    # A connection must not be in two processes.
    db_api.placement_context_manager.writer.get_engine().dispose()
    listener = socket.create_server(('127.0.0.1', port))
    partial = ready_file.with_suffix('.partial')
    partial.write_text(f'http://127.0.0.1:{listener.getsockname()[1]}')
    partial.rename(ready_file)
    for _ in range(workers - 1):
        if os.fork() == 0:
            break
    waitress.create_server(app, sockets=[listener], threads=THREADS).run()


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(0))
    serve(sys.argv[1], pathlib.Path(sys.argv[2]), *map(int, sys.argv[3:]))
