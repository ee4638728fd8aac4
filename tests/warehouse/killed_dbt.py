"""Builds a model with dbt, in the home given, and is killed (kill -9) by itself at a given moment."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from tests.warehouse.small_silver import Home

MOVING, IN_HOOK, AFTER_COMMIT, AT_END = "as views move", "in the post-hook", "after the commit", "at the end"


def main(home: str, model: str, moment: str) -> None:
    is_moving = is_recorded = False

    def on_event(event: Any) -> None:
        nonlocal is_moving, is_recorded
        text, name = event.info.msg, event.info.name
        if moment == MOVING and is_moving:
            os.kill(os.getpid(), signal.SIGKILL)
        is_moving = is_moving or (name == "SQLQuery" and "drop view staging." in text)
        is_recorded = is_recorded or (name == "JinjaLogDebug" and text.startswith("sentinel built "))
        if not is_recorded:
            return
        drops_backup = name == "SQLQuery" and "drop table if exists" in text and "__dbt_backup" in text
        if moment == IN_HOOK or (moment == AFTER_COMMIT and drops_backup) or name == "LogModelResult":
            os.kill(os.getpid(), signal.SIGKILL)

    Home(Path(home)).dbt.invoke(["run", "--select", model], on_event)


if __name__ == "__main__":
    main(*sys.argv[1:])
