select * from schema_changes
