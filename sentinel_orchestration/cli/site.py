"""`sentinel site`: the report alone, for a container or a service manager."""

import signal

from sentinel_orchestration.serve.ports import require_free
from sentinel_orchestration.serve.site import start_site_server
from sentinel_orchestration.settings import load_settings

STOP = {signal.SIGINT, signal.SIGTERM}


def site_command() -> int:
    """Serves until SIGINT or SIGTERM. Where there is no report yet, pages are not found until the first one is published.

    Raises PortError before anything is served.
    """
    settings = load_settings()
    require_free(settings.host, {"SENTINEL_SITE_PORT": settings.site_port})
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # before the server's thread, which would get them
    server = start_site_server(settings.layout.site, settings.host, settings.site_port, settings.site_base_path)
    print(f"report   http://{settings.host}:{settings.site_port}{settings.site_base_path}/", flush=True)
    signal.sigwait(STOP)
    server.shutdown()
    return 0
