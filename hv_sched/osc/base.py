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

"""What every csv command shares: options, clients, errors, progress."""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
from typing import Any

from keystoneauth1 import adapter
from keystoneauth1 import session as ksa_session
from openstack import connection as sdk
from osc_lib import exceptions
from osc_lib.command import command
from oslo_config import cfg

from hv_sched import conf as options
from hv_sched import exception
from hv_sched import exit_codes
from hv_sched import ignored_findings
from hv_sched import log_handlers
from hv_sched import model
from hv_sched import printable
from hv_sched import sources
from hv_sched.compute import checked_session
from hv_sched.compute import instance_names
from hv_sched.compute import lookups
from hv_sched.compute import nova as nova_servers
from hv_sched.conf import command_line
from hv_sched.doctor import finding_catalogue
from hv_sched.osc import cluster_option
from hv_sched.osc import progress
from hv_sched.osc import table
from hv_sched.placement import client
from hv_sched.providers import node_cpus
from hv_sched.providers import reconcile
from hv_sched.providers import settings

LOG = printable.logger(__name__)
NO_SOURCE = ('no source: name the description of the clusters with --source '
             'or [hv_sched]source')
_SERVICES = {'Placement': 'placement', 'Nova': 'compute', 'Glance': 'image'}


@contextlib.contextmanager
def user_errors() -> Iterator[None]:
    """Our errors end a command with one clear line, not a traceback."""
    try:
        yield
    except exception.HvSchedError as exc:
        raise exceptions.CommandError(printable.text(
            exception.told(exc))) from exc
    except cfg.Error as exc:
        raise exceptions.CommandError(printable.text(
            f'hv_sched configuration: {exc}')) from exc


def _sentences(description: str) -> str:
    """A description whose first line ends before what follows it.

    argparse joins the paragraphs; lists of commands show the line alone.
    """
    first, gap, rest = description.partition('\n\n')
    return f'{first}.{gap}{rest}' if rest else description


class CsvCommand(command.Command):
    """Options and clients of the csv commands."""

    exit_code = 0
    # What is said after Ctrl-C.
    interrupted = 'Interrupted. Nothing was written.'
    # Paragraphs that follow a table for people.
    below: tuple[str, ...] = ()
    # Columns that give way where a table does not fit, the first first.
    expendable: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The client authenticates before take_action, and names OS_AUTH_URL
        # when it cannot.
        log_handlers.mask_secrets()

    def _run_after_hooks(self, parsed_args: argparse.Namespace,
                         data: Any) -> Any:
        """What was read, as it may be printed.

        cliff calls this between ``take_action`` and its formatter.
        """
        data = super()._run_after_hooks(parsed_args, data)
        if not isinstance(data, tuple):
            return data  # no table: an exit code, or nothing
        columns, rows = data
        rows = [
            tuple(table.cell(value, parsed_args.formatter) for value in row)
            if isinstance(row, tuple)
            else table.cell(row, parsed_args.formatter) for row in rows]
        if parsed_args.formatter == 'table':
            return self._fitted(parsed_args, columns, rows)
        return columns, rows

    def _fitted(self, parsed_args: argparse.Namespace,
                columns: Sequence[str], rows: list[Any]) -> Any:
        limit = table.width(parsed_args.max_width)
        if isinstance(self, command.ShowOne):
            return columns, table.fitted_fields(columns, rows, limit)
        if parsed_args.columns:
            limit = 0  # cliff leaves columns out later, and fits by itself
        columns, rows, left_out = table.narrowed(
            columns, rows, limit, self.expendable)
        if left_out:
            self.below = (*self.below, table.left_out_text(left_out))
        return columns, table.fitted_rows(columns, rows, limit)

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str], data: Any) -> int:
        """The table, unless it is empty, and what is said below it."""
        below = self.below if parsed_args.formatter == 'table' else ()
        if data or not below:
            super().produce_output(  # type: ignore[misc]  # a mixin
                parsed_args, column_names, data)
        if below:
            self.app.stdout.writelines(table.paragraphs(
                below, table.width(parsed_args.max_width)))
        return 0

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.description = _sentences(parser.description or '')
        parser.add_argument(
            '--config-file', metavar='<file>', action='append',
            help='Configuration with an [hv_sched] section (default: '
                 '/etc/hv_sched/hv_sched.conf if there is one)')
        table.set_defaults(parser)
        return parser

    def run(self, parsed_args: argparse.Namespace) -> int:
        table.tolerate(self.app.stdout)
        try:
            with user_errors():
                return super().run(parsed_args) or self.exit_code
        except KeyboardInterrupt:
            self.app.stderr.write(f'\n{self.interrupted}\n')
            return exit_codes.INTERRUPTED

    def placement(self, timeout: float | None = None) -> client.Placement:
        """Placement as the user of the command may use it."""
        return client.from_adapter(
            self.adapter_of('placement'),
            timeout=timeout or client.DEFAULT_TIMEOUT)

    def adapter_of(self, service_type: str) -> adapter.Adapter:
        """A service as the user of the command may use it."""
        return adapter.Adapter(self._session(), **self._filter(service_type))

    def _session(self) -> ksa_session.Session:
        """That of the client, which by default waits for ever.

        Not by way of osc-placement's client: making it asks Placement for
        its versions, without a deadline and with errors that name nobody.
        """
        session: ksa_session.Session = self.app.client_manager.session
        session.timeout = session.timeout or client.DEFAULT_TIMEOUT
        return session

    def _filter(self, service_type: str) -> dict[str, Any]:
        manager = self.app.client_manager
        return {'service_type': service_type,
                'region_name': manager.region_name,
                'interface': manager.interface}

    def nova_records(self, conf: cfg.ConfigOpts) -> nova_servers.NovaServers:
        """What Nova returns in bulk, as the user of the command may see it."""
        return nova_servers.NovaServers(adapter.Adapter(
            checked_session.CheckedSession(
                self._session(), checked_session.NOVA,
                conf.hv_sched.request_timeout),
            **self._filter(checked_session.NOVA.service_type)))

    def connection_of(self, service: checked_session.Service,
                      conf: cfg.ConfigOpts) -> sdk.Connection:
        """openstacksdk's Connection to a service, with checked answers."""
        return checked_session.checked(
            self.app.client_manager.sdk_connection, service,
            conf.hv_sched.request_timeout)

    @staticmethod
    def config_files(parsed_args: argparse.Namespace) -> list[str]:
        """The paths of what ``conf`` reads."""
        return command_line.files([
            f'--config-file={path}'
            for path in parsed_args.config_file or ()])

    @staticmethod
    def conf(parsed_args: argparse.Namespace) -> cfg.ConfigOpts:
        """The options, with the defaults where no file says otherwise."""
        for path in CsvCommand.config_files(parsed_args):
            options.check_file(path)
        conf = cfg.ConfigOpts()
        options.register_opts(conf)
        conf([], project='hv_sched',
             default_config_files=parsed_args.config_file)
        options.check(conf)
        return conf

    @staticmethod
    def ignored(conf: cfg.ConfigOpts) -> ignored_findings.IgnoredFindings:
        """Findings that are not reported; codes without any are."""
        ignored = ignored_findings.IgnoredFindings(
            tuple(conf.hv_sched.ignore_findings))
        for fault in ignored.unknown(finding_catalogue.codes()):
            LOG.warning('%s', fault)
        return ignored

    def reconciler(self, conf: cfg.ConfigOpts,
                   allow: settings.Allow | None = None,
                   asks_cpus: bool = False, clusters: Iterable[str] = ()
                   ) -> reconcile.Reconciler:
        """:param asks_cpus: ask Nova, too, what processors the nodes have
        :param clusters: names of those to plan for; none: all
        """
        nova = self.nova_records(conf)
        return reconcile.Reconciler(
            self.placement(conf.hv_sched.request_timeout),
            settings.from_conf(conf, allow, clusters), progress.ProgressBar(),
            nova=nova,
            cpus=node_cpus.NodeCpus(nova) if asks_cpus else None)


class SourceCommand(CsvCommand):
    """A command that may read the description of the clusters."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--source', metavar='<path>',
            help='File or folder that describes the clusters (default: '
                 '[hv_sched]source of the configuration file)')
        parser.add_argument(
            '--overrides', metavar='<path>', action='append',
            help='File or folder of what only an operator decides; may be '
                 'repeated (default: [hv_sched]overrides)')
        cluster_option.add_to(parser)
        return parser

    def facts(self, conf: cfg.ConfigOpts, parsed_args: argparse.Namespace
              ) -> model.Facts | None:
        """The source's facts, None when no source is named anywhere.

        Nova is asked only where the source calls servers by name.

        :raises InvalidConfig: it does not describe a cluster that was named
        """
        path = parsed_args.source or conf.hv_sched.source
        if not path:
            return None
        facts = instance_names.InstanceNames(
            self.nova_records(conf)).resolved(sources.load(
                path, conf.hv_sched.source_type,
                parsed_args.overrides or conf.hv_sched.overrides))
        cluster_option.check(parsed_args.cluster, facts)
        return facts

    def required_facts(self, conf: cfg.ConfigOpts,
                       parsed_args: argparse.Namespace) -> model.Facts:
        """:raises InvalidConfig: when no source is named anywhere"""
        facts = self.facts(conf, parsed_args)
        if facts is None:
            raise exception.InvalidConfig(NO_SOURCE)
        return facts


class ServersCommand(SourceCommand):
    """A command that reads all of Nova's servers."""

    def nova(self, conf: cfg.ConfigOpts) -> nova_servers.NovaServers:
        """Nova's servers, as the user of the command may see them."""
        return self.nova_records(conf)


class LookingCommand(CsvCommand):
    """A command that looks at other services, too, and at nova.conf."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--nova-conf', metavar='<file>', action='append',
            help='nova.conf of a scheduler, or a folder of such files; may '
                 'be repeated (default: the defaults of its options)')
        return parser

    def nova(self, conf: cfg.ConfigOpts) -> lookups.Nova:
        return lookups.Nova(self.connection_of(checked_session.NOVA, conf))

    def glance(self, conf: cfg.ConfigOpts) -> lookups.Glance:
        return lookups.Glance(self.connection_of(checked_session.GLANCE, conf))

    def adapters(self) -> dict[str, adapter.Adapter]:
        """By what people call the checked_session."""
        return {name: self.adapter_of(service_type)
                for name, service_type in _SERVICES.items()}
