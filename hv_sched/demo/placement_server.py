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

"""A Placement for trying things out: SQLite, no keystone, loopback only.

``python -m hv_sched.demo.placement_server --database FILE --port 8778``

It is openstack-placement itself behind a small WSGI server. Whoever can
reach the port is admin with the token ``admin``: for demonstrations only.
"""

import argparse
import errno
import logging
import pathlib
import signal
import sys
import types
import typing

HOST = '127.0.0.1'

MISSING = ('openstack-placement and waitress are needed for the demo: '
           "pip install 'hv_sched[demo]'")


def application(database: pathlib.Path) -> typing.Any:
    """Placement's WSGI application over an SQLite file, made if missing.

    :raises ImportError: openstack-placement is not installed
    """
    from oslo_config import cfg
    from oslo_policy import opts as policy_opts
    from placement import conf as placement_conf
    from placement import db_api
    from placement import deploy

    conf = cfg.ConfigOpts()
    placement_conf.register_opts(conf)
    policy_opts.set_defaults(conf)
    conf.set_override('auth_strategy', 'noauth2', group='api')
    conf.set_override('connection', f'sqlite:///{database.resolve()}',
                      group='placement_database')
    conf.set_override('sync_on_startup', True, group='placement_database')
    # Nothing of a real Placement on this machine may be read.
    conf([], project='placement', default_config_files=[],
         default_config_dirs=[])
    db_api.configure(conf)
    return deploy.loadapp(conf)


def serve(database: pathlib.Path, port: int,
          ready_file: pathlib.Path | None) -> None:
    """Answer until SIGTERM or SIGINT.

    :param port: 0 takes any free port
    :param ready_file: gets the endpoint once requests are answered, and is
        gone again after the end
    :raises OSError: the port is taken
    """
    import waitress

    # One thread: SQLite lets one writer through at a time, and a waiting
    # one would be told that the database is locked.
    server = waitress.create_server(
        application(database), host=HOST, port=port, threads=1)
    endpoint = f'http://{HOST}:{server.effective_port}'
    print(f'Placement answers at {endpoint}', flush=True)
    if ready_file is not None:
        ready_file.write_text(endpoint)
    try:
        server.run()
    finally:
        server.close()
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


def _stop(signum: int, frame: types.FrameType | None) -> None:
    raise SystemExit(0)


def parser() -> argparse.ArgumentParser:
    """The command line of the server."""
    arguments = argparse.ArgumentParser(
        prog='python -m hv_sched.demo.placement_server',
        description='Run openstack-placement on loopback, without keystone.')
    arguments.add_argument('--database', type=pathlib.Path, required=True,
                           help='SQLite file, made if missing')
    arguments.add_argument('--port', type=int, default=0,
                           help='0 (the default) takes any free port')
    arguments.add_argument('--ready-file', type=pathlib.Path,
                           help='file that gets the endpoint when ready')
    return arguments


def main(argv: list[str] | None = None) -> int:
    """Run the server; 1 when it cannot start."""
    options = parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING)
    signal.signal(signal.SIGTERM, _stop)
    try:
        serve(options.database, options.port, options.ready_file)
    except ImportError as exc:
        print(f'{MISSING} ({exc})', file=sys.stderr)
        return 1
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            raise
        print(f'Port {options.port} of {HOST} is taken by another program; '
              f'choose another with --port', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == '__main__':
    sys.exit(main())
