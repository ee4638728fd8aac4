select * from coverage
