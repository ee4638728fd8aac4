select * from assets
