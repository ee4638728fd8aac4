select * from materializations
