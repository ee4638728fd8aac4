-- One row per feed: what came in, what became of it, and its freshness limits
select
    summary.feed,
    summary.domain,
    summary.kind,
    summary.source,
    summary.batches,
    summary.rows_received,
    summary.rows_good,
    summary.rows_quarantined,
    summary.rows_superseded,
    summary.rows_duplicate,
    strftime(summary.newest_event_at, '%Y-%m-%d %H:%M') as newest_event_at,
    contracts.freshness_warn_hours as warn_after_hours,
    contracts.freshness_error_hours as error_after_hours
from ops.feed_summary as summary
inner join ops.contracts as contracts using (feed)
order by summary.domain desc, summary.feed
