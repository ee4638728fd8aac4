with build as (

    select as_of from {{ ref('as_of_fleet') }}

),

periods as (

    select *
    from (
        values
        ('7d', 1, 'Last 7 days', 7),
        ('28d', 2, 'Last 28 days', 28),
        ('all', 3, 'All days', null)
    ) as choices (period, period_number, label, period_days) -- noqa: AL05

),

final as (

    select
        periods.period,
        cast(periods.period_number as bigint) as period_number,
        periods.label,
        cast(periods.period_days as integer) as period_days,
        coalesce(build.as_of - to_days(periods.period_days), timestamp '0001-01-01') as starts_at,
        build.as_of - to_days(2 * periods.period_days) as before_starts_at,
        coalesce(
            cast(build.as_of - interval 1 second as date) - periods.period_days + 1, date '0001-01-01'
        ) as first_day

    from periods
    cross join build

)

select * from final
