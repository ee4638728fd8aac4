select strftime(seen_at, '%Y-%m-%d %H:%M') as seen, asset, change from schema_changes order by seen_at desc, asset, change
