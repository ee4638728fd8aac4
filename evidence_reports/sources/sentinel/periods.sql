-- One row per choice of the period filter
select period, period_number, label, strftime(first_day, '%Y-%m-%d') as first_day
from reports.rpt_period
order by period_number
