select * from verdict
