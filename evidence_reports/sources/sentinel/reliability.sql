select * from reports.rpt_reliability
