select * from steps
