-- One row per site, class, shortest period and confidence band of 0.05. The last band includes 1.0
select site_key, target_class, period_number, confidence_from, detections, false_positives, confidence_sum
from reports.rpt_confidence
order by confidence_from, site_key, target_class, period_number
