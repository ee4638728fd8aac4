-- One row: what the report judges by
select * from reports.rpt_thresholds
