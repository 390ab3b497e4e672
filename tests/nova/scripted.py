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

"""Live migrations that end as the test says, many in one harness."""

from collections.abc import Callable
from typing import Any

import fixtures
from nova import exception
from nova.virt import fake

_DRIVER = 'nova.virt.fake.FakeDriver.'


class LiveMigrations(fixtures.Fixture):
    """Nova's fake driver, told what happens.

    :ivar end: post, or error and cancelled for a rollback
    :ivar refusals: how many destinations refuse yet in their pre-check
    :ivar refused: how many did
    :param during: called while the hypervisor migrates
    """

    def __init__(self, during: Callable[[], None]) -> None:
        super().__init__()
        self._during = during
        self.expect()

    def expect(self, end: str = 'post', refusals: int = 0) -> None:
        """Say how the next one goes."""
        self.end, self.refusals, self.refused = end, refusals, 0

    def _setUp(self) -> None:
        check = fake.FakeDriver.check_can_live_migrate_destination

        def pre_check(driver: Any, *args: Any, **kwargs: Any) -> Any:
            if self.refusals:
                self.refusals -= 1
                self.refused += 1
                raise exception.MigrationPreCheckError(reason='not here')
            return check(driver, *args, **kwargs)

        def live_migration(driver: Any, context: Any, instance: Any,
                           dest: Any, post: Any, recover: Any,
                           block_migration: Any = False,
                           migrate_data: Any = None) -> None:
            self._during()
            if self.end == 'post':
                post(context, instance, dest, block_migration, migrate_data)
            else:
                recover(context, instance, dest, migrate_data,
                        migration_status=self.end)

        for name, function in (
                ('check_can_live_migrate_destination', pre_check),
                ('live_migration', live_migration)):
            self.useFixture(fixtures.MonkeyPatch(_DRIVER + name, function))
