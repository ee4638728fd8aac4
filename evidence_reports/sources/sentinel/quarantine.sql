select feed, rule, rows as quarantined, coalesce(sample, '') as sample
from ops.quarantine_reasons
order by quarantined desc, feed, rule
