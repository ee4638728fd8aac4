select * from reports.rpt_stock
