select
    contracts.feed,
    contracts.domain,
    contracts.kind,
    version,
    owner,
    description,
    coalesce(event_time, '') as event_time,
    key_columns,
    freshness_warn_hours,
    freshness_error_hours,
    summary.source
from ops.contracts as contracts
inner join ops.feed_summary as summary using (feed)
order by contracts.domain desc, contracts.feed
