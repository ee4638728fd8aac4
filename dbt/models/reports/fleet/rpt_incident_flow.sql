with incidents as (

    select * from {{ ref('fct_incidents') }}

),

sites as (

    select * from {{ ref('rpt_site') }}

),

reach as (

    -- Nothing is known of the time before the first incident, so nothing is compared with it.
    select min(opened_at) as first_at from incidents

),

counts as (

    select
        {{ site_key('incidents.site_id', is_grouped=true) }} as site_key,
        periods.period,
        count(*) filter (where incidents.opened_at >= periods.starts_at) as opened,
        count(*) filter (
            where incidents.opened_at >= periods.before_starts_at and incidents.opened_at < periods.starts_at
        ) as opened_before,
        count(*) filter (where incidents.closed_at >= periods.starts_at) as closed,
        count(*) filter (
            where
            incidents.opened_at < periods.starts_at
            and (incidents.closed_at is null or incidents.closed_at >= periods.starts_at)
        ) as open_at_start

    from incidents
    cross join {{ ref('rpt_period') }} as periods

    group by grouping sets ((periods.period, incidents.site_id), (periods.period))

),

final as (

    select
        sites.site_key,
        sites.site_id,
        periods.period,
        coalesce(counts.opened, 0) as opened,
        case when reach.first_at <= periods.before_starts_at then coalesce(counts.opened_before, 0) end
            as opened_before,
        coalesce(counts.closed, 0) as closed,
        case
            when periods.period_days is not null and reach.first_at <= periods.starts_at
                then coalesce(counts.open_at_start, 0)
        end as open_at_start

    from sites
    cross join {{ ref('rpt_period') }} as periods
    cross join reach
    left join counts on sites.site_key = counts.site_key and periods.period = counts.period

)

select
    *,
    opened - opened_before as opened_change,
    {{ is_count_more_than_noise('opened', 'opened_before') }} as is_opened_change_real

from final
