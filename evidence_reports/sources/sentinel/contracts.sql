select
    feed,
    domain,
    kind,
    version,
    owner,
    description,
    coalesce(event_time, '') as event_time,
    key_columns,
    freshness_warn_hours,
    freshness_error_hours
from ops.contracts
order by domain desc, feed
