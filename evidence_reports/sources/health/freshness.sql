select * from freshness
