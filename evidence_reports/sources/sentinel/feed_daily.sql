select feed, day, rows_received, rows_good, rows_quarantined, rows_superseded, rows_duplicate
from ops.feed_daily
order by day, feed
