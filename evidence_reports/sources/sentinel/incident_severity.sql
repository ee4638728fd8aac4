-- One row per severity
select * from reports.rpt_incident_severity order by severity
