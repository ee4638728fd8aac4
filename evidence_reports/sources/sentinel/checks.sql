select check_name, asset, layer, domain, kind, severity, blocking, status, description, coalesce(detail, '') as detail
from ops.check_results
order by list_position(['failed', 'warned', 'skipped', 'passed'], status), layer, asset, check_name
