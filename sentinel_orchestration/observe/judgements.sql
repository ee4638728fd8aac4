-- Judges the numbers that came since the last time: each against those of the same weekday and hour (UTC) in the eight weeks before it, where
-- they are enough, or else against all of the eight weeks. The score is that of checks/modified_z.sql. A first reading of a long history judges
-- the last week of it.
insert into judgements
with watched as (
    select s.measures, s.series, arg_min(r, r.rule) as rule
    from (select distinct measures, series from measurements) s
    join anomaly_rules r on r.measures = s.measures and s.series glob r.series
    group by all
),
fresh as (
    select m.*, w.rule
    from measurements m join watched w on w.measures = m.measures and w.series = m.series
    where m.seq > (select judged_seq from meta) and m.measured_at > (select read_at from meta) - interval 1 week and w.rule.direction != 'none'
),
earlier as (
    select measures, series, measured_at, value, isodow(measured_at) * 24 + hour(measured_at) as slot from measurements
),
pairs as (
    select f.seq, f.measures, f.series, e.value, e.slot = isodow(f.measured_at) * 24 + hour(f.measured_at) as is_same_slot
    from fresh f
    join earlier e
        on e.measures = f.measures and e.series = f.series
        and e.measured_at < f.measured_at and e.measured_at >= f.measured_at - interval 8 week
),
compared as (
    select seq, measures, series, count(*) as all_count, median(value) as all_median, mad(value) as all_mad,
        count(*) filter (is_same_slot) as season_count, median(value) filter (is_same_slot) as season_median,
        mad(value) filter (is_same_slot) as season_mad
    from pairs
    group by all
),
scored as (
    select f.*, c.season_count >= f.rule.min_history as is_seasonal, if(is_seasonal, c.season_count, c.all_count) as compared_with,
        if(is_seasonal, c.season_median, c.all_median) as expected, if(is_seasonal, c.season_mad, c.all_mad) as deviation,
        modified_z(f.value, expected, deviation, f.rule.floor) as score
    from fresh f join compared c using (seq, measures, series)
    where c.all_count >= f.rule.min_history
)
select * exclude (rule),
    case rule.direction
        when 'up' then score > rule.sensitivity
        when 'down' then score < -rule.sensitivity
        else abs(score) > rule.sensitivity
    end
from scored;

update meta set judged_seq = (select coalesce(max(seq), judged_seq) from measurements where seq > judged_seq);
