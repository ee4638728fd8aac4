"""One line on stderr for an error that a person can fix."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turns an error that a person can fix into one line on stderr and exit code 2; reports any other, with its traceback."""
    try:
        yield
    except typer.Exit:
        raise
    except Exception as error:
        _fail(_in_one_line(error))
        _report(error)
        raise


def _in_one_line(error: Exception) -> str | None:
    if type(error).__module__.startswith("sentinel_orchestration"):
        return str(error)
    if isinstance(error, OSError) and _is_of_the_output(error):
        # What is still in its buffer would be tried once more at the end, with a traceback (Python's docs, "Note on SIGPIPE").
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return f"stdout: {error.strerror}. Send the output to another place and run the same again."
    from sentinel_orchestration.mishaps import in_one_line
    from sentinel_orchestration.settings import load_settings

    found = in_one_line(error, load_settings())
    if found is None and isinstance(error, OSError):
        return f"{error.filename or 'file'}: {error.strerror}. Check the path, its permissions and the free space."
    return found


def _report(error: Exception) -> None:
    """Sends what nobody expected to Sentry, if there is one."""
    if os.environ.get("SENTRY_DSN"):
        from sentinel_orchestration.resources.failure import Failure
        from sentinel_orchestration.resources.sentry import report

        report(Failure.crash(error), {"command": " ".join(["sentinel", *sys.argv[1:2]])})


def _is_of_the_output(error: OSError) -> bool:
    """Whether stdout itself cannot be written, as on /dev/full: then the next line fails like the last."""
    try:
        print(flush=True)
    except OSError as again:
        return again.errno == error.errno
    return False


def _fail(message: str | None) -> "None":
    if message is None:
        return None
    typer.secho(f"sentinel: {message}", err=True, fg=typer.colors.RED)
    raise typer.Exit(2)
