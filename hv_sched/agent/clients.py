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

"""Placement and Nova as the agent's configuration says."""

from typing import Any
from urllib import parse

from keystoneauth1 import exceptions as ksa_exceptions
from keystoneauth1 import loading
from openstack.config import cloud_region
from oslo_config import cfg

from hv_sched import exception
from hv_sched import url_secrets
from hv_sched.compute import checked_session
from hv_sched.compute import keystone_session
from hv_sched.compute import lookups
from hv_sched.compute import nova as nova_servers
from hv_sched.conf import agent as options
from hv_sched.conf import references
from hv_sched.doctor import gather
from hv_sched.placement import client
from hv_sched.placement import keystone_transport
from hv_sched.placement import retry

# For what is only told: nothing waits longer for it.
_GREETING_SECONDS = 5.0


def connect(conf: cfg.ConfigOpts
            ) -> tuple[client.Placement, nova_servers.NovaServers]:
    """Clients that authenticate with their first request.

    :raises InvalidConfig: section [keystone] does not say how, or that of a
        service contradicts itself
    """
    timeout = conf.hv_sched.request_timeout
    session = _session(conf)
    placement = _adapter(conf, 'placement', session)
    nova = _adapter(conf, 'nova', checked_session.CheckedSession(
        session, checked_session.NOVA, timeout))
    return (client.from_adapter(placement, timeout),
            nova_servers.NovaServers(nova))


def newest_microversion(conf: cfg.ConfigOpts) -> str:
    """The newest microversion that Placement offers, asked once.

    :returns: in words where nobody answers
    :raises InvalidConfig: as ``connect``
    """
    adapter = _adapter(conf, 'placement', _session(conf))
    placement = client.Placement(
        keystone_transport.KeystoneTransport(adapter, _GREETING_SECONDS),
        retry.Patience(attempts=1, seconds=_GREETING_SECONDS))
    try:
        return '{}.{}'.format(*placement.newest_version())
    except exception.PlacementError:
        return 'it does not answer yet'


def looking(conf: cfg.ConfigOpts, placement: client.Placement
            ) -> gather.Clients:
    """What the doctor looks at, with connections of its own.

    :raises InvalidConfig: as ``connect``
    """
    timeout = conf.hv_sched.request_timeout
    session = _session(conf)
    connection = checked_session.connection_of(cloud_region.from_session(
        session, region_name=conf.nova.region_name,
        interface=conf.nova.valid_interfaces))
    return gather.Clients(
        placement,
        lookups.Nova(checked_session.checked(
            connection, checked_session.NOVA, timeout)),
        lookups.Glance(checked_session.checked(
            connection, checked_session.GLANCE, timeout)),
        {name: _adapter(conf, section, session)
         for name, section in (('Placement', 'placement'), ('Nova', 'nova'))})


def _adapter(conf: cfg.ConfigOpts, section: str, session: Any) -> Any:
    """:raises InvalidConfig: the section contradicts itself"""
    _check_urls(conf[section], section)
    try:
        return loading.load_adapter_from_conf_options(
            conf, section, session=session)
    except (TypeError, ValueError) as exc:
        raise exception.InvalidConfig(f'section [{section}]: {exc}') from exc


def _session(conf: cfg.ConfigOpts) -> Any:
    """:raises InvalidConfig: section [keystone] does not say how"""
    group = options.AUTH_GROUP
    try:
        with references(f'section [{group}]: an option'):
            auth = loading.load_auth_from_conf_options(conf, group)
            session = keystone_session.KeystoneSession(
                loading.load_session_from_conf_options(
                    conf, group, auth=auth))
    except (ksa_exceptions.MissingRequiredOptions,
            ksa_exceptions.NoMatchingPlugin) as exc:
        raise exception.InvalidConfig(f'section [{group}]: {exc}') from exc
    if auth is None:
        raise exception.InvalidConfig(
            f'section [{group}] has no auth_type, so the agent cannot reach '
            'Placement and Nova')
    _check_urls(conf[group], group)
    # keystoneauth's default is to wait for ever, for a token too.
    session.timeout = session.timeout or conf.hv_sched.request_timeout
    return session


def _check_urls(section: Any, name: str) -> None:
    """Whoever takes one apart that is none fails in a way of its own.

    :raises InvalidConfig: an address of the section is no URL
    """
    for option in ('auth_url', 'endpoint', 'endpoint_override'):
        url = section[option] if option in section else None
        try:
            is_url = not url or bool(parse.urlsplit(url).hostname)
        except ValueError:
            is_url = False
        if not is_url:
            raise exception.InvalidConfig(
                f'section [{name}]: {option} is no URL: '
                f'{url_secrets.masked_option(str(url))!r}')
