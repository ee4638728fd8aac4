with quarters as (

    -- Every time zone is a whole number of quarters of an hour away from UTC.
    select
        site_id,
        target_class,
        {{ shortest_period('detected_at') }} as period_number,
        time_bucket(interval 15 minute, detected_at) as quarter_at,
        count(*) as detections

    from {{ ref('fct_detection_events') }}

    group by all

),

local_quarters as (

    select
        quarters.site_id,
        quarters.target_class,
        quarters.period_number,
        quarters.detections,
        sites.timezone is not null as is_local,
        {{ local_time('quarters.quarter_at', 'sites.timezone') }} as local_at

    from quarters
    left join {{ ref('dim_site') }} as sites on quarters.site_id = sites.site_id

),

parts as (

    select
        {{ part_of_day('range') }} as part_of_day,
        count(*) as part_hours

    from range(0, 24)

    group by part_of_day

),

hours as (

    select
        site_id,
        target_class,
        period_number,
        isodow(local_at) as weekday_number,
        hour(local_at) as hour_of_day,
        is_local,
        cast(sum(detections) as bigint) as detections

    from local_quarters

    group by all

),

final as (

    select
        {{ site_key('hours.site_id') }} as site_key,
        hours.site_id,
        hours.target_class,
        hours.period_number,
        hours.weekday_number,
        hours.hour_of_day,
        parts.part_of_day,
        parts.part_hours,
        hours.is_local,
        hours.detections

    from hours
    inner join parts on parts.part_of_day = {{ part_of_day('hours.hour_of_day') }}

)

select * from final
